"""Batches of a data set, prepared by worker processes or threads, in an order that resumes."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args

import torch

from imagenet_dm.batch import Batch
from imagenet_dm.dataset import ImageNetDataset, Loaded
from imagenet_dm.engines import Batches, Workers, load_on_threads, tell_decoder
from imagenet_dm.normalise import Normalise
from imagenet_dm.requests import Request
from imagenet_dm.sampling import Ordered, Sampling
from jpeg_crops import native_available
from neuroai_core.errors import InputError, check_known, strict_arguments
from neuroai_core.rng import digest
from neuroai_core.stripes import Progress, Stripes, Tail

Engine = Literal["auto", "workers", "threads"]

logger = logging.getLogger(__name__)


class ImageNetLoader:
    """An iterable over the batches of an epoch; iterated again, over the next epoch's.

    Images are ``(batch, channels, height, width)`` in channels-last memory,
    labels int64 ``(batch,)``.

    Parameters
    ----------
    dataset
        What to load.
    batch_size
        Images of one batch of one rank.
    num_workers
        Worker processes or threads; 0 loads in the calling thread.
    engine
        ``"workers"`` is a torch ``DataLoader``, ``"threads"`` a pool of
        threads in this process, which pays where decoding releases the GIL.
        ``"auto"`` chooses (see `chosen`).
    seed, shuffle
        The order of the epochs; every epoch has its own.
    sampling
        In place of `shuffle`: another order of the epochs; see
        `imagenet_dm.sampling`.
    training
        Whether the batches are for training, and may be mixed.
    rank, world_size, tail
        This rank's part of an epoch and what becomes of its end; see
        `neuroai_core.Stripes`.
    normalise
        Applied to the images here; None leaves them uint8.
    pin_memory
        Batches in page-locked memory, where there is a device to send them to.
    persistent_workers, prefetch_factor, timeout_s
        As in torch's ``DataLoader``; `timeout_s` 0 waits for ever.
    """

    @strict_arguments
    def __init__(
        self,
        dataset: ImageNetDataset,
        batch_size: int,
        *,
        num_workers: int = 0,
        engine: Engine = "auto",
        seed: int = 0,
        shuffle: bool = False,
        sampling: Sampling | None = None,
        training: bool = False,
        rank: int = 0,
        world_size: int = 1,
        tail: Tail = "spread",
        normalise: Normalise | None = None,
        pin_memory: bool = False,
        persistent_workers: bool = True,
        prefetch_factor: int = 2,
        timeout_s: float = 0,
    ) -> None:
        check_known("engine", [engine], get_args(Engine), key="engine")
        if engine == "threads" and not dataset.view.threads:
            raise InputError(
                "a transform of your own draws from random numbers that threads share",
                key="engine",
                expected="'workers' or 'auto'",
                found=repr(engine),
            )
        for key, value, least in (
            ("num_workers", num_workers, 0),
            ("prefetch_factor", prefetch_factor, 1),
        ):
            if value < least:
                raise InputError(
                    f"{key} is out of range", key=key, expected=f"{least} or more", found=value
                )
        self.dataset = dataset
        self.batch_size = batch_size
        self.num_workers = num_workers
        self.engine = engine
        self.seed = seed
        self.sampling = sampling or Ordered(len(dataset), seed, shuffle)
        #: Images that were left out, with the reason of each; see `ImageNetDataset`.
        self.skipped: dict[str, str] = {}
        self._fingerprint = digest(dataset.index.fingerprint, self.sampling.name).hex()
        self.training = training
        self.normalise = normalise
        #: What the batch given last was made from.
        self.latest: Request | None = None
        self.pin_memory = pin_memory and torch.cuda.is_available()
        self.persistent_workers = persistent_workers
        self.prefetch_factor = prefetch_factor
        self.timeout_s = timeout_s
        self._split = {"rank": rank, "world_size": world_size, "tail": tail}
        self._whole = self._stripes(0)
        self._progress = self._at(0, 0)
        self._pending: Progress | None = None
        self._asked: int | None = None
        self._workers: Workers | None = None

    #: Trainers that look for a sampler look for this one too.
    batch_sampler = None

    @property
    def sampler(self) -> ImageNetLoader:
        """The loader itself: its ``set_epoch`` is what a trainer calls."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch the next iteration is; without it epochs follow one another."""
        self._asked = epoch

    def __len__(self) -> int:
        """Batches of this rank in a whole epoch."""
        return self._whole.steps

    def state_dict(self) -> dict[str, Any]:
        """Give how far the epoch has come: plain values, the same on every rank."""
        return (self._pending or self._progress).state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where the state was taken, with any number of workers, threads and ranks.

        Raises
        ------
        DataError
            If the state is of another data set.
        """
        progress = Progress.from_state(state)
        progress.check(fingerprint=self._fingerprint, n=self.sampling.n)
        if progress.seed != self.seed:
            raise InputError(
                "the state was saved with another seed",
                key="seed",
                expected=progress.seed,
                found=self.seed,
            )
        self._pending = progress

    def __iter__(self) -> Iterator[Batch]:
        # A generator: the epoch is decided when the first batch is asked for,
        # since trainers make the iterator before they tell the epoch.
        epoch, start = self._begin()
        stripes = self._stripes(start)
        self._progress = self._at(epoch, start)
        for step, loaded in enumerate(self._loaded(epoch, stripes), start=1):
            self._progress = self._at(epoch, stripes.delivered(step))
            self.latest = loaded.request
            yield self._finish(loaded)
        self._progress = self._at(epoch, self.sampling.n)

    def _begin(self) -> tuple[int, int]:
        pending, self._pending = self._pending, None
        asked, self._asked = self._asked, None
        if pending is not None and asked in (None, pending.epoch):
            if asked is not None or self._stripes(pending.delivered).steps:
                return pending.epoch, pending.delivered
            return pending.epoch + 1, 0
        if asked is not None:
            return asked, 0
        return self._progress.epoch + (self._progress.delivered > 0), 0

    def _at(self, epoch: int, delivered: int) -> Progress:
        return Progress(
            self._fingerprint,
            n=self.sampling.n,
            seed=self.seed,
            epoch=epoch,
            delivered=delivered,
        )

    def _stripes(self, start: int) -> Stripes:
        return Stripes(self.sampling.n, self.batch_size, start=start, **self._split)  # type: ignore[arg-type]

    def _requests(self, epoch: int, stripes: Stripes) -> Iterator[Request]:
        for step in range(stripes.steps):
            positions = stripes.positions(step)
            images, draws = self.sampling.images(epoch, positions)
            first = stripes.start + step * stripes.global_batch
            yield Request(epoch, first, positions, images, draws, self.training)

    def _loaded(self, epoch: int, stripes: Stripes) -> Iterator[Loaded]:
        requests = self._requests(epoch, stripes)
        logger.info("loading with %d %s", self.num_workers, self.chosen)
        tell_decoder()
        batches = Batches(self.dataset, self.normalise)
        if self.chosen == "none":
            return map(batches.__getitem__, requests)
        if self.chosen == "threads":
            ahead = self.num_workers * self.prefetch_factor
            return load_on_threads(batches, requests, self.num_workers, ahead, self.timeout_s)
        if self._workers is None:
            self._workers = Workers(
                batches,
                num_workers=self.num_workers,
                persistent_workers=self.persistent_workers,
                prefetch_factor=self.prefetch_factor,
                timeout=self.timeout_s,
            )
        return self._workers.load(requests)

    @property
    def chosen(self) -> Literal["workers", "threads", "none"]:
        """The engine in use; ``"none"`` loads in the calling thread.

        ``"auto"`` takes threads where the compiled decoder of `jpeg_crops` is
        there, which releases the GIL for a whole batch, and where nothing
        else is done to an image; worker processes otherwise.
        """
        if self.num_workers == 0:
            return "none"
        if self.engine != "auto":
            return self.engine
        view = self.dataset.view
        plain = view.threads and not getattr(view, "policies", ())
        return "threads" if plain and native_available() else "workers"

    def _finish(self, loaded: Loaded) -> Batch:
        for name, reason in loaded.skipped:
            if name not in self.skipped:
                logger.warning("left out %s: %s", name, reason)
            self.skipped[name] = reason
        images, labels = loaded.images, loaded.labels
        if self.pin_memory:
            images, labels = images.pin_memory(), labels.pin_memory()
        return Batch.of(images, labels, loaded.request)
