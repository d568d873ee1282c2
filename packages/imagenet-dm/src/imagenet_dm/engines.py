"""What loads batches ahead: a pool of threads, or worker processes."""

from __future__ import annotations

import functools
import logging
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from imagenet_dm.dataset import ImageNetDataset, Loaded
from imagenet_dm.normalise import Normalise
from imagenet_dm.requests import Request
from jpeg_crops import engine_info
from neuroai_core.errors import DataError

logger = logging.getLogger(__name__)


class Batches(Dataset[Loaded]):
    """The data set indexed by requests; an item is a whole batch."""

    def __init__(self, dataset: ImageNetDataset, normalise: Normalise | None) -> None:
        self.dataset = dataset
        self.normalise = normalise

    def __getitem__(self, request: Request) -> Loaded:
        loaded = self.dataset.load(request)
        if self.normalise is None or loaded.images.dtype != torch.uint8:
            return loaded
        return replace(loaded, images=self.normalise(loaded.images))


def load_on_threads(
    batches: Batches, requests: Iterator[Request], threads: int, ahead: int, timeout_s: float
) -> Iterator[Loaded]:
    """Load the requests in order, on threads of this process.

    Parameters
    ----------
    batches
        What is loaded.
    requests
        Taken one by one, `ahead` of what is given.
    threads, ahead
        How many load, and how many batches may be under way.
    timeout_s
        How long a batch may take before that is an error; 0 waits for ever.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="imagenet-dm") as pool:
        waiting: deque[Future[Loaded]] = deque()
        try:
            for request in islice(requests, ahead):
                waiting.append(pool.submit(batches.__getitem__, request))
            while waiting:
                loaded = _wait(waiting.popleft(), timeout_s)
                for request in islice(requests, 1):
                    waiting.append(pool.submit(batches.__getitem__, request))
                yield loaded
        finally:
            for future in waiting:
                future.cancel()


def _wait(future: Future[Loaded], timeout_s: float) -> Loaded:
    try:
        return future.result(timeout_s or None)
    except TimeoutError as error:
        raise DataError(
            "no batch came in time",
            expected=f"one within timeout_s={timeout_s:g}",
            hint="fewer workers, a longer timeout_s, or faster storage",
        ) from error


class Workers:
    """Worker processes of a torch ``DataLoader``, kept from epoch to epoch.

    Parameters
    ----------
    batches
        What they load.
    **settings
        Of the ``DataLoader``.
    """

    def __init__(self, batches: Batches, **settings: Any) -> None:
        self._plan = _Plan()
        self._loader = DataLoader(batches, batch_size=None, sampler=self._plan, **settings)

    def load(self, requests: Iterator[Request]) -> Iterator[Loaded]:
        """Load the requests in order."""
        self._plan.requests = requests
        return iter(self._loader)


class _Plan(Sampler[Request]):
    """What the worker processes are to load next: the requests of the epoch under way."""

    def __init__(self) -> None:
        self.requests: Iterator[Request] = iter(())

    def __iter__(self) -> Iterator[Request]:
        return self.requests


@functools.cache
def tell_decoder() -> None:
    """Say once, and not in every worker process, that the fast decoder is not there."""
    info = engine_info()
    if info.name == "pillow":
        logger.warning(
            "images are decoded by Pillow, at a third of the speed, because %s; "
            "see 'The fast engine' in the README of jpeg-crops",
            info.reason,
        )
