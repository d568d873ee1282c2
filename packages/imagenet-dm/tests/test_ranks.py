"""Two processes that talk over gloo, as two devices would."""

import json
import subprocess
import sys

import pytest

from imagenet_dm import write_fake

SCRIPT = """
import json, sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")  # Lightning's own; the tests of one process show ours
import torch
from torch import nn
from imagenet_dm import ImageNetDataModule
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

root, out = sys.argv[1:3]
TRAIN, VAL = [], []

class Noting(ImageNetDataModule):
    def on_after_batch_transfer(self, batch, dataloader_idx):
        request = self._request
        images, labels = super().on_after_batch_transfer(batch, dataloader_idx)
        sums = [float(x) for x in images.double().sum((1, 2, 3))]
        (TRAIN if request.training else VAL).append(
            [request.epoch, request.images.tolist(), sums, labels.tolist()]
        )
        return images, labels

class Model(LightningModule):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(3, 5)

    def training_step(self, batch, batch_idx):
        images, labels = batch
        return nn.functional.cross_entropy(self.net(images.mean((2, 3))), labels)

    def validation_step(self, batch, batch_idx):
        pass

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)

class Save(Callback):
    def __init__(self, name, stop):
        self.name, self.stop = name, stop

    def on_train_batch_end(self, trainer, *args):
        if trainer.global_step == self.stop:
            trainer.save_checkpoint(Path(out) / "stopped.ckpt")
            trainer.should_stop = True

    def on_fit_end(self, trainer, *args):
        note = Path(out) / f"{self.name}-{trainer.global_rank}.json"
        note.write_text(json.dumps({"train": TRAIN, "val": VAL}))
        TRAIN.clear(), VAL.clear()

def run(name, world, stop=None, resume=None):
    dm = Noting(
        root, 8 // world, 0, val_batch_size=3, image_size=16, cutmix_alpha=1.0, mixup_alpha=0.2,
    )
    # Forked, so that the second process need not import everything again.
    ranks = {"devices": 1} if world == 1 else {"strategy": "ddp_fork", "devices": 2}
    trainer = Trainer(
        accelerator="cpu", logger=False, enable_progress_bar=False, num_sanity_val_steps=0,
        enable_model_summary=False, enable_checkpointing=False, max_epochs=2,
        callbacks=[Save(name, stop)], **ranks,
    )
    trainer.fit(Model(), datamodule=dm, ckpt_path=resume)

if __name__ == "__main__":
    run("two", 2, stop=7)
    run("whole", 1)
    run("rest", 1, resume=str(Path(out) / "stopped.ckpt"))
"""


@pytest.fixture(scope="module")
def uneven(tmp_path_factory):
    """Five classes; validation has 1,003 images, in classes of different sizes."""
    root = write_fake(tmp_path_factory.mktemp("ranks") / "data", classes=5, train=8, val=1)
    image = next((root / "val").rglob("*.JPEG"))
    for label, folder in enumerate(sorted((root / "val").iterdir())):
        for number in range((400, 300, 200, 97, 6)[label] - 1):
            (folder / f"more_{number}.JPEG").symlink_to(image)
    return root


def read(out, name, world):
    return [json.loads((out / f"{name}-{rank}.json").read_text()) for rank in range(world)]


def stream(ranks):
    """All training images of all ranks in the order of the epoch: which, how they look, labels."""
    steps = zip(*(rank["train"] for rank in ranks), strict=True)
    return [
        (epoch, *one)
        for step in steps
        for epoch, images, sums, labels in step
        for one in zip(images, sums, map(tuple, labels), strict=True)
    ]


def test_two_ranks_are_one_device_and_resume_as_one(uneven, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    arguments = [sys.executable, str(script), str(uneven), str(tmp_path)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    whole = stream(read(tmp_path, "whole", 1))
    assert len(whole) == 80
    two = read(tmp_path, "two", 2)
    assert stream(two) == whole[:56]
    # Stopped after 7 of 10 steps on two ranks, continued on one.
    assert stream(read(tmp_path, "rest", 1)) == whole[56:]
    counted = sorted(i for rank in two for _, images, *_ in rank["val"] for i in images)
    assert counted == sorted([*range(1003)] * (len(counted) // 1003))
    assert len(two[0]["val"]) == len(two[1]["val"]) > 0
