"""The cyclers in a Lightning Trainer: whole epochs, and a resume in the middle of one."""

from __future__ import annotations

import lightning
import pytest
import torch

from retina_data import LongCycler, ShortCycler, session_loaders

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # Lightning warns of loggers, workers and devices
]


class Seen(lightning.LightningModule):
    """Remembers which batches it was given."""

    def __init__(self, stop_at=None):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen, self.validated, self.stop_at = [], [], stop_at

    def training_step(self, batch, batch_idx):
        key, (_, targets) = batch
        self.seen.append((self.current_epoch, key, targets[:, 0, 0].tolist()))
        if self.stop_at is not None and len(self.seen) == self.stop_at:
            self.trainer.save_checkpoint(self.stop_path)
            raise KeyboardInterrupt
        return (self.weight - targets.mean()) ** 2

    def validation_step(self, batch, batch_idx):
        self.validated.append(batch[0])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.0)


@pytest.fixture
def loaders(make_session):
    sessions = {n: make_session(range(8), name=n) for n in "abc"}
    return session_loaders(sessions, validation_clips=[2], chunk_size=3, batch_size=4)


def trainer(**kwargs):
    return lightning.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        **kwargs,
    )


def test_epochs_are_what_the_cyclers_give(loaders):
    model = Seen()
    trainer().fit(model, LongCycler(loaders["train"]), ShortCycler(loaders["validation"]))
    plain = LongCycler(loaders["train"])
    expected = [
        (epoch, key, batch.targets[:, 0, 0].tolist()) for epoch in range(2) for key, batch in plain
    ]
    assert model.seen == expected
    assert model.validated == list("abc") * 2


@pytest.mark.parametrize("stop", [2, 7, 13])
def test_it_goes_on_in_the_middle_of_an_epoch(loaders, tmp_path, stop):
    whole = Seen()
    trainer().fit(whole, LongCycler(loaders["train"]).loader())
    first = Seen(stop_at=stop)
    first.stop_path = tmp_path / "x.ckpt"
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        trainer().fit(first, LongCycler(loaders["train"]).loader())
    second = Seen()
    trainer().fit(second, LongCycler(loaders["train"]).loader(), ckpt_path=tmp_path / "x.ckpt")
    # The step that was under way when the state was saved is made again, or not: at most one.
    done = first.seen + second.seen
    again = first.seen[:-1] + second.seen
    assert whole.seen in (done, again)
