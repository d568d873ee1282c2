"""Batches of a loader by pass and number, whatever kind of loader it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from torch.utils.data import DataLoader, IterableDataset, RandomSampler, SequentialSampler

from neuroai_core import rng
from neuroai_core.errors import DataError, InputError
from neuroai_core.order import EpochOrder
from retina_data.base_dataloader import BaseDataLoader


class Source(Protocol):
    """Where a cycler gets the batches of one session."""

    #: Whether any batch can be had without those before it.
    direct: bool

    def __len__(self) -> int: ...

    def batch(self, epoch: int, step: int) -> Any:
        """Give a batch of a pass through the loader."""


class OwnOrder:
    """A loader that gives any batch of any epoch: `SessionLoader`, or one with its ``batch``."""

    direct = True

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def __len__(self) -> int:
        return len(self.loader)

    def batch(self, epoch: int, step: int) -> Any:
        """Give a batch of a pass through the loader."""
        return self.loader.batch(epoch, step)


class Indexed:
    """A plain `torch.utils.data.DataLoader` over samples with an index.

    Its order is drawn from (seed, name, epoch) in place of torch's global
    state, so it is the same in every process.
    """

    direct = True

    def __init__(self, loader: DataLoader[Any], *, seed: int, name: str) -> None:
        self.loader = loader
        key = int.from_bytes(rng.digest(seed, name, size=7), "little")
        shuffle = isinstance(loader.sampler, RandomSampler)
        self.order = EpochOrder(len(loader.dataset), seed=key, shuffle=shuffle)  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.loader)

    def batch(self, epoch: int, step: int) -> Any:
        """Give a batch of a pass through the loader."""
        size = self.loader.batch_size or 1
        positions = np.arange(step * size, min((step + 1) * size, len(self.order)))
        indices = self.order.indices(epoch, positions).tolist()
        return self.loader.collate_fn([self.loader.dataset[i] for i in indices])

    @staticmethod
    def fits(loader: object) -> bool:
        """Say whether a loader's batches are a function of an order of its samples."""
        if not isinstance(loader, DataLoader) or isinstance(loader.dataset, IterableDataset):
            return False
        sampler = loader.sampler
        plain = isinstance(sampler, SequentialSampler) or (
            isinstance(sampler, RandomSampler)
            and not sampler.replacement
            and sampler.num_samples == len(loader.dataset)  # type: ignore[arg-type]
        )
        return plain and loader.batch_size is not None and loader.num_workers == 0


class Iterated:
    """Any other loader: gone through from the start, as often as it takes."""

    direct = False

    def __init__(self, loader: Any, name: str) -> None:
        self.loader = loader
        self.name = name
        self._at: tuple[int, int] | None = None
        self._iterator: Iterator[Any] = iter(())

    def __len__(self) -> int:
        return len(self.loader)

    def batch(self, epoch: int, step: int) -> Any:
        """Give a batch of a pass through the loader."""
        if self._at is None or self._at[0] != epoch or self._at[1] > step:
            if hasattr(self.loader, "set_epoch"):
                self.loader.set_epoch(epoch)
            self._at, self._iterator = (epoch, 0), iter(self.loader)
        for at in range(self._at[1], step + 1):
            try:
                batch = next(self._iterator)
            except StopIteration:
                raise DataError(
                    f"the loader of session {self.name!r} ended before its length",
                    expected=f"{len(self)} batches",
                    found=f"{at}",
                ) from None
        self._at = epoch, step + 1
        return batch


def source(name: str, loader: Any, seed: int) -> Source:
    """Find out how to get batches from a loader.

    Raises
    ------
    InputError
        If it has no length.
    """
    if isinstance(loader, BaseDataLoader):
        loader = loader.loader()
    try:
        len(loader)
    except TypeError:
        raise InputError(
            f"the loader of session {name!r} has no length", expected="len(loader) batches"
        ) from None
    if hasattr(loader, "batch") and loader.num_workers == 0:
        return OwnOrder(loader)
    if Indexed.fits(loader):
        return Indexed(loader, seed=seed, name=name)
    return Iterated(loader, name)
