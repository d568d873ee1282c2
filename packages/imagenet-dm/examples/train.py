"""Train a ResNet on ImageNet, or on anything in its layout, with LightningCLI.

Needs ``pip install "imagenet-dm[cli]"``.

    python train.py fit --config imagenet.yaml
    python train.py fit --config imagenet.yaml --data.location production \
        --trainer.devices 8 --trainer.strategy ddp
    python train.py fit --config imagenet.yaml --ckpt_path last.ckpt
    python train.py validate --config imagenet.yaml --ckpt_path last.ckpt
"""

from __future__ import annotations

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.cli import LightningCLI
from torch import Tensor, nn
from torchvision import models

from imagenet_dm import ImageNetDataModule


class Classifier(LightningModule):
    """A torchvision classifier, trained as in its reference: SGD, warm-up, cosine.

    Parameters
    ----------
    architecture
        Name of a torchvision model.
    num_classes
        How many classes.
    learning_rate
        For a batch of 256 on all devices together.
    momentum, weight_decay
        Of SGD.
    warmup_epochs
        In which the learning rate rises.
    """

    def __init__(
        self,
        architecture: str = "resnet50",
        num_classes: int = 1000,
        learning_rate: float = 0.1,
        momentum: float = 0.9,
        weight_decay: float = 1e-4,
        warmup_epochs: int = 5,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        network = models.get_model(architecture, num_classes=num_classes)
        self.network = network.to(memory_format=torch.channels_last)  # as the batches are
        # Soft labels where the data module mixes or smooths; it never smooths here too.
        self.loss = nn.CrossEntropyLoss()

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Give the loss of a batch; labels are soft where the data module mixes."""
        images, labels = batch
        loss: Tensor = self.loss(self.network(images), labels)
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Log loss and accuracy; labels are integers, always."""
        images, labels = batch
        scores = self.network(images)
        right = scores.argmax(1) == labels
        # Batches of ranks may differ in size at the end: each counts by its size.
        common = {"batch_size": len(labels), "sync_dist": True, "on_epoch": True}
        self.log("val_loss", self.loss(scores, labels), **common)
        self.log("val_accuracy", right.float().mean(), prog_bar=True, **common)

    def configure_optimizers(self) -> dict[str, object]:
        """Make SGD with a warm-up and a cosine."""
        settings = self.hparams
        epochs = self.trainer.max_epochs or 1
        warmup = min(settings.warmup_epochs, max(epochs - 1, 0))
        optimizer = torch.optim.SGD(
            self.parameters(),
            lr=settings.learning_rate,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
        )

        def factor(epoch: int) -> float:
            if epoch < warmup:
                return (epoch + 1) / (warmup + 1)
            done = (epoch - warmup) / max(epochs - warmup, 1)
            return 0.5 * (1 + torch.cos(torch.tensor(torch.pi * done)).item())

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule}}


def main() -> LightningCLI:
    """Run the command line."""
    return LightningCLI(Classifier, ImageNetDataModule, seed_everything_default=0)


if __name__ == "__main__":
    main()
