"""Lightning's Trainer and torchdata's StatefulDataLoader keep and restore the position."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import lightning
import numpy as np
import pytest
import torch
from torchdata.stateful_dataloader import StatefulDataLoader

from neural_shards import (
    WebDatasetLoader,
    collate_webdataset,
    create_shards_from_arrays,
    create_webdataset_dataloader,
)

N = 40
CAMPAIGN = Path(__file__).parents[2] / "campaigns" / "resume.py"
NOISE = [
    "ignore:.*does not have many workers.*",  # advice about speed
    "ignore:.*log_every_n_steps.*",
    "ignore:.*isinstance.treespec, LeafSpec.*",  # Lightning and torch among themselves
    "ignore:.*LeafSpec.*",
    "ignore:.*is deprecated.*",
    "ignore:.*mid-epoch.*",
    "ignore:Be aware that when using `ckpt_path`.*",
    "ignore::pytest.PytestUnraisableExceptionWarning",
]
pytestmark = [pytest.mark.filterwarnings(line) for line in NOISE]


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("set")
    x = np.random.default_rng(0).normal(size=(N, 3)).astype(np.float32)
    create_shards_from_arrays(folder, {"number": np.arange(N), "x": x}, shard_size=8)
    return folder


class Model(lightning.LightningModule):
    """Notes what it is trained on."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)
        torch.nn.init.constant_(self.layer.weight, 0.5)
        torch.nn.init.constant_(self.layer.bias, 0.0)
        self.seen = []

    def training_step(self, batch, index):
        self.seen.append(batch["number"].tolist())
        return self.layer(batch["x"]).square().mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def train(folder, root, *, save_after=None, checkpoint=None):
    """Train 3 epochs of 10 steps, or until a little after a checkpoint was saved."""
    saver = lightning.pytorch.callbacks.ModelCheckpoint(
        dirpath=root, filename="at", every_n_train_steps=save_after or 1000, save_top_k=1
    )
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=3,
        max_steps=-1 if save_after is None else save_after + 1,
        logger=False,
        callbacks=[saver],
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=root,
    )
    model = Model()
    loader = create_webdataset_dataloader(folder, 4, 0, seed=1)
    trainer.fit(model, loader, ckpt_path=checkpoint)
    return model


@pytest.mark.parametrize("stop", [3, 10, 13, 29])
def test_the_trainer_goes_on_exactly(numbered, tmp_path, stop):
    whole = train(numbered, tmp_path / "whole")
    assert len(whole.seen) == 30
    assert sorted(itertools.chain.from_iterable(whole.seen[10:20])) == list(range(N))
    before = train(numbered, tmp_path / "saved", save_after=stop)
    after = train(numbered, tmp_path / "on", checkpoint=tmp_path / "saved" / "at.ckpt")
    assert before.seen[:stop] + after.seen == whole.seen
    for a, b in zip(whole.parameters(), after.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.skipif(not CAMPAIGN.exists(), reason="the campaigns are not installed")
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_two_ranks_go_on_exactly():
    line = [sys.executable, CAMPAIGN, "--part", "trainer", "--small"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "trainer: 4 stops, all bit for bit" in done.stdout


@pytest.mark.parametrize("workers", [0, 2])
def test_stateful_dataloader_goes_on_exactly(numbered, workers):
    def make():
        data = WebDatasetLoader(numbered, buffer_size=5)
        return StatefulDataLoader(data, 3, num_workers=workers, collate_fn=collate_webdataset)

    def numbers(loader):
        return [batch["number"].tolist() for batch in loader]

    undisturbed = make()
    whole = [numbers(undisturbed), numbers(undisturbed)]
    assert whole[0] != whole[1]
    # 16 samples of one worker, 24 of the other: late, the first is done, in the middle of a batch.
    for stop in (1, 4, *range(10, len(whole[0]))):
        loader = make()
        iterator = iter(loader)
        got = [next(iterator)["number"].tolist() for _ in range(stop)]
        state = json.loads(json.dumps(loader.state_dict()))
        resumed = make()
        resumed.load_state_dict(state)
        assert [got + numbers(resumed), numbers(resumed)] == whole
