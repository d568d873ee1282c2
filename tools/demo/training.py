"""The images as ImageNet's layout, through the Lightning data module into a Trainer."""

from __future__ import annotations

import logging
import time
import warnings
from pathlib import Path

import lightning
import matplotlib.pyplot as plt
import torch
from inputs import Inputs
from report import Report, rate
from torch import nn

from imagenet_dm import ImageNetDataModule

SIZE = 96


class Classifier(lightning.LightningModule):
    """Three convolutions and a linear readout."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in ((3, 16), (16, 32), (32, 64)):
            layers += [nn.Conv2d(before, after, 3, stride=2), nn.BatchNorm2d(after), nn.ReLU()]
        self.layers = nn.Sequential(
            *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes)
        )
        self.losses: list[float] = []
        self.right: list[torch.Tensor] = []

    def training_step(self, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """Give the loss of a batch."""
        images, labels = batch
        loss = nn.functional.cross_entropy(self.layers(images), labels)
        self.losses.append(loss.item())
        return loss

    def validation_step(self, batch: tuple[torch.Tensor, torch.Tensor]) -> None:
        """Note which images were recognised."""
        images, labels = batch
        self.right.append(self.layers(images).argmax(dim=1) == labels)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam, as it comes."""
        return torch.optim.Adam(self.parameters(), lr=1e-3)


def train(source: Inputs, work: Path, report: Report) -> None:
    """Draw a training batch and fit for two epochs."""
    root = work / "imagenet"
    root.mkdir()
    (root / "train").symlink_to(source.train.resolve(), target_is_directory=True)
    (root / "val").symlink_to(source.val.resolve(), target_is_directory=True)
    data = ImageNetDataModule(data_root=root, batch_size=32, num_workers=2, image_size=SIZE)
    data.setup("fit")
    classes = data.train_dataset.classes
    images, labels = next(iter(data.train_dataloader()))
    path = report.picture("training_batch.png", f"A training batch {tuple(images.shape)}.")
    draw(data.normalise.undo(images[:16]), [classes[label] for label in labels[:16]], path)
    model = Classifier(len(classes))
    start = time.perf_counter()
    trainer = quiet_trainer(epochs=2)
    trainer.fit(model, datamodule=data)
    count = 2 * (len(data.train_dataset) + len(data.val_dataset))
    right = torch.cat(model.right[len(model.right) // 2 :])
    report.say(
        f"Two epochs under Lightning's Trainer: {rate(count, start, 'images')}, "
        f"loss {model.losses[0]:.2f} to {model.losses[-1]:.2f}, "
        f"{int(right.sum())} of {len(right)} validation images right, each counted once."
    )


def quiet_trainer(epochs: int) -> lightning.Trainer:
    """Make a Trainer that leaves no files and advertises nothing."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    warnings.filterwarnings("ignore", message=".*LeafSpec.*")  # between Lightning and torch
    return lightning.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        num_sanity_val_steps=0,
    )


def draw(images: torch.Tensor, names: list[str], path: Path) -> None:
    """Draw up to 16 images, uint8 ``(n, 3, height, width)``, with their classes."""
    figure, axes = plt.subplots(2, 8, figsize=(10, 3), layout="constrained")
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, name in zip(axes.flat, images, names, strict=False):
        axis.imshow(image.permute(1, 2, 0))
        axis.set_title(name[:18], fontsize=7)
    figure.savefig(path, dpi=110)
    plt.close(figure)
