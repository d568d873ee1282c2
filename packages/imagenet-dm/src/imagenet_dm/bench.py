"""How fast a data set loads with given settings, stage by stage, and how many workers it takes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from imagenet_dm.check import usable_cpus
from imagenet_dm.datamodule import ImageNetDataModule
from imagenet_dm.requests import Request
from jpeg_crops import engine_info, image_sizes
from neuroai_core.errors import InputError, strict_arguments


@dataclass(frozen=True)
class Speeds:
    """What was measured.

    Parameters
    ----------
    stages
        Images a second in one thread, stage by stage: ``read``, ``headers``,
        ``view`` (decode, crop, augment), ``normalise``.
    loading
        Images a second through the loader, by number of workers or threads.
    engine
        What the loader used: ``"workers"`` or ``"threads"``.
    decoder
        What decodes: ``"native"`` or ``"pillow"``.
    suggested
        The number of workers after which more gave less than a tenth.
    """

    stages: dict[str, float]
    loading: dict[int, float]
    engine: str
    decoder: str
    suggested: int


@strict_arguments
def bench_dataset(
    data_root: str | os.PathLike[str] | None = None,
    *,
    batch_size: int = 64,
    batches: int = 10,
    workers: Iterable[int] | None = None,
    progress: Callable[[str], object] | None = None,
    **settings: Any,
) -> Speeds:
    """Measure how fast training images load.

    Parameters
    ----------
    data_root
        The folder; see `ImageNetDataModule`.
    batch_size, batches
        How much is loaded for each figure, after a warm-up of one batch.
    workers
        Numbers of workers to try; 1, 2, 4 ... up to the CPUs without it.
    progress
        Called with a word on what is measured next.
    **settings
        Of `ImageNetDataModule`.
    """
    if batch_size < 1 or batches < 1:
        raise InputError(
            "there is nothing to measure",
            expected="batch_size and batches of 1 or more",
            found=f"{batch_size}, {batches}",
        )
    tell = progress or (lambda what: None)
    cpus = usable_cpus()
    tries = sorted({*workers} if workers else {1, cpus, *(2**i for i in range(cpus.bit_length()))})
    tries = [n for n in tries if workers or n <= cpus]

    def module(num_workers: int) -> ImageNetDataModule:
        dm = ImageNetDataModule(data_root, batch_size, num_workers, **settings)
        dm.setup("fit")
        return dm

    tell("one thread, stage by stage")
    stages = _stages(module(0), batch_size, batches)
    loading, engine = {}, "none"
    for number in tries:
        tell(f"{number} workers")
        loader = module(number).train_dataloader()
        engine = loader.chosen
        loading[number] = _rate(loader, batches)
    return Speeds(stages, loading, engine, engine_info().name, _suggest(loading))


def _rate(loader: Any, batches: int) -> float:
    run = iter(loader)
    next(run)
    start, count = time.perf_counter(), 0
    for images, _ in islice(run, batches):
        count += len(images)
    if not count:
        raise InputError(
            "the data set is too small to measure", expected="2 batches or more", found=len(loader)
        )
    return count / (time.perf_counter() - start)


def _stages(dm: ImageNetDataModule, batch_size: int, batches: int) -> dict[str, float]:
    dataset = dm.train_dataset
    seconds = dict.fromkeys(("read", "headers", "view", "normalise"), 0.0)
    n = min(batch_size * batches, len(dataset))
    for first in range(0, n, batch_size):
        at = np.arange(first, min(first + batch_size, n))
        request = Request(0, first, at, at, at)
        dataset.load(request)  # so that files are in memory, and damaged ones are named
        clock = [time.perf_counter()]
        encoded = [dataset.index.read(int(i)) for i in at]
        clock.append(time.perf_counter())
        image_sizes(encoded, threads=1)
        clock.append(time.perf_counter())
        images = dataset.view(encoded, request)
        clock.append(time.perf_counter())
        dm.normalise(images)
        clock.append(time.perf_counter())
        for name, spent in zip(seconds, np.diff(clock), strict=True):
            seconds[name] += float(spent)
    return {name: n / spent for name, spent in seconds.items()}


def _suggest(loading: dict[int, float]) -> int:
    best = min(loading)
    for number in sorted(loading):
        if loading[number] > 1.1 * loading[best]:
            best = number
    return best
