"""The real openretina package on these loaders, in an environment that has both.

- One of its models trains an epoch on our loaders, through our cyclers, unchanged: in its
  own Lightning steps, with its own losses.
- Its containers go into our loaders, ours into its.
- With ``--tests PATH``, or the path in ``OPENRETINA_TESTS`` (its ``tests/data_io/test_cyclers.py``,
  of a checkout: they are in none of its distributions), its own tests of the cyclers run with our
  cyclers in their place.

Run with ``python with_openretina.py [--tests PATH]``; exits with a code other than 0 if
anything fails.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import warnings

import lightning
import pytest
import torch
from openretina.data_io import base, cyclers
from openretina.data_io.base_dataloader import multiple_movies_dataloaders as their_dataloaders
from openretina.data_io.hoefling_2024.dataloaders import natmov_dataloaders_v2 as their_natmov
from openretina.models.core_readout import ExampleCoreReadout

from retina_data import LongCycler, ShortCycler, lab
from retina_data.hoefling_2024 import (
    get_all_movies,
    get_all_responses,
    natmov_dataloaders_v2,
    write_synthetic,
)
from retina_data.views import multiple_movies_dataloaders, train_test_splits

log = logging.getLogger("with_openretina")


def train(loaders, responses, movies) -> None:
    """Train one of its models an epoch, and test it, through our cyclers."""
    data_info = base.compute_data_info(responses, theirs(movies))
    model = ExampleCoreReadout(
        in_shape=(2, 50, 18, 16),
        hidden_channels=(4, 4),
        temporal_kernel_sizes=(11, 5),
        spatial_kernel_sizes=(5, 3),
        n_neurons_dict=data_info["n_neurons_dict"],
        data_info=data_info,
    )
    before = [p.detach().clone() for p in model.parameters()]
    trainer = lightning.Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(model, LongCycler(loaders["train"]), ShortCycler(loaders["validation"]))
    steps = len(LongCycler(loaders["train"]))
    if trainer.global_step != steps:
        raise SystemExit(f"{trainer.global_step} steps, expected {steps}")
    after = list(model.parameters())
    if all(torch.equal(a, b) for a, b in zip(before, after, strict=True)):
        raise SystemExit("the model has not changed")
    (metrics,) = trainer.test(model, ShortCycler(loaders["test"]), verbose=False)
    log.info("trained %d steps; test: %s", steps, metrics)


def theirs(split):
    """Make openretina's own container of one of ours."""
    kind = getattr(base, type(split).__name__)
    names = {f for f in split.__dataclass_fields__ if f != "test"}
    return kind(**{name: getattr(split, name) for name in names & set(kind.__dataclass_fields__)})


def main() -> None:
    """Run all of it."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("lightning").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", default=os.environ.get("OPENRETINA_TESTS"))
    tests = parser.parse_args().tests
    with tempfile.TemporaryDirectory() as folder:
        write_synthetic(folder, n_clips=16)
        responses, movies = get_all_responses(folder), get_all_movies(folder)
        train(natmov_dataloaders_v2(responses, movies, [0, 1], batch_size=8), responses, movies)
        their_responses = {k: theirs(v) for k, v in responses.items()}
        ours = natmov_dataloaders_v2(their_responses, theirs(movies), [0, 1], batch_size=8)
        log.info("its containers in our loaders: %s", {k: len(v) for k, v in ours["train"].items()})
        # The validation and test loaders of both give the same.
        there = their_natmov(their_responses, theirs(movies), [0, 1], num_clips=16, batch_size=8)
        plain = natmov_dataloaders_v2(responses, movies, [0, 1], normalize_responses=False)
        for split in ("validation", "test"):
            for name, loader in plain[split].items():
                for (x, y), (a, b) in zip(loader, there[split][name], strict=True):
                    torch.testing.assert_close(x, a)
                    torch.testing.assert_close(y, b)
        log.info("validation and test batches are equal to openretina's, both eyes")
        lab.write_synthetic(folder, n_frames=300)
        splits = train_test_splits(lab.read_sessions(folder, test_names=["noise_test"]))
        kwargs = {"batch_size": 2, "train_chunk_size": 20, "num_val_clips": 2, "clip_length": 50}
        made = [f(*splits, **kwargs) for f in (multiple_movies_dataloaders, their_dataloaders)]
        if {*made[0]} != {*made[1]}:
            raise SystemExit(f"splits {[*made[0]]}, openretina's {[*made[1]]}")
    if tests:
        cyclers.LongCycler, cyclers.ShortCycler = LongCycler, ShortCycler
        code = pytest.main(["-q", "-p", "no:cacheprovider", "--noconftest", tests])
        if code:
            sys.exit(code)
    log.info("all is well%s", "" if tests else "; its cycler tests were not run: give --tests")


if __name__ == "__main__":
    main()
