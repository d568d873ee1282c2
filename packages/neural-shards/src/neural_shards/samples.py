"""What loaders read from: sets of shards, parts of them, several together."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from neural_shards.shard import OpenShard
from neural_shards.shard_set import ShardSet
from neuroai_core.errors import InputError
from neuroai_core.order import EpochOrder
from neuroai_core.rng import digest

Ints: TypeAlias = npt.NDArray[np.int64]


class Order(Protocol):
    """Which sample stands at which position of an epoch."""

    def indices(self, epoch: int, positions: npt.ArrayLike) -> Ints:
        """Give the samples at some positions of an epoch."""
        ...


class Samples(Protocol):
    """Samples by number, lying in shards.

    `blocks` says how many consecutive samples lie in each shard (or part of
    one); `fingerprint` changes whenever the samples do.
    """

    blocks: Ints
    fingerprint: str

    def __len__(self) -> int:
        """Count the samples."""
        ...

    @property
    def modalities(self) -> Mapping[str, Mapping[str, Any]]:
        """What the modalities are, as `ShardSet.modalities`."""
        ...

    def locate(self, indices: npt.ArrayLike) -> tuple[Ints, Ints]:
        """Give the shard, and the row in it, of samples by number."""
        ...

    def open(self, number: int) -> OpenShard:
        """Open a shard by number."""
        ...

    def sample(self, index: int, modalities: Sequence[str] | None = None) -> dict[str, Any]:
        """Read one sample."""
        ...


class Subset:
    """Some samples of a set, in their order there.

    Parameters
    ----------
    samples
        The set.
    indices
        Which of its samples, by number; taken once each, in rising order.

    Examples
    --------
    >>> from neural_shards import ShardSet, create_shards_from_arrays
    >>> _ = create_shards_from_arrays("shards", {"x": np.arange(6)}, shard_size=2)
    >>> part = Subset(ShardSet("shards"), [5, 1, 0])
    >>> [int(part.sample(i)["x"]) for i in range(len(part))]
    [0, 1, 5]
    """

    def __init__(self, samples: Samples, indices: npt.ArrayLike) -> None:
        chosen = np.unique(np.asarray(indices))
        if chosen.size and (chosen.dtype.kind not in "iu" or chosen[0] < 0):
            raise InputError("indices are not samples by number", key="indices", found=chosen.dtype)
        self.samples = samples
        self.indices: Ints = chosen.astype(np.int64)
        number, _ = samples.locate(self.indices)
        self.blocks: Ints = np.unique(number, return_counts=True)[1].astype(np.int64)
        self.fingerprint = digest(samples.fingerprint, self.indices.tobytes(), size=8).hex()

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def modalities(self) -> Mapping[str, Mapping[str, Any]]:
        """What the modalities of the whole set are."""
        return self.samples.modalities

    def locate(self, indices: npt.ArrayLike) -> tuple[Ints, Ints]:
        """Give the shard, and the row in it, of samples by number."""
        return self.samples.locate(self.indices[_checked(indices, len(self))])

    def open(self, number: int) -> OpenShard:
        """Open a shard of the whole set."""
        return self.samples.open(number)

    def sample(self, index: int, modalities: Sequence[str] | None = None) -> dict[str, Any]:
        """Read one sample."""
        return self.samples.sample(int(self.indices[_checked([index], len(self))][0]), modalities)


def as_samples(source: str | os.PathLike[str] | Samples, **opening: Any) -> Samples:
    """Open a folder of shards, with the arguments of `ShardSet`; what is open is taken as it is."""
    if isinstance(source, str | os.PathLike):
        return ShardSet(source, **opening)
    return source


def order_of(samples: Samples, *, seed: int, shuffle: bool, buffer_size: int) -> Order:
    """Make the order of the epochs: of its own kind, or shards permuted, then samples mixed."""
    own = getattr(samples, "order", None)
    if own is not None:
        made: Order = own(seed=seed, shuffle=shuffle, buffer_size=buffer_size)
        return made
    return EpochOrder(
        len(samples), seed=seed, shuffle=shuffle, blocks=samples.blocks, window=buffer_size
    )


def _checked(indices: npt.ArrayLike, n: int) -> Ints:
    at = np.asarray(indices, dtype=np.int64)
    if at.size and (at.min() < 0 or at.max() >= n):
        raise InputError(
            "there is no such sample", key="indices", expected=f"0 to {n - 1}", found=at
        )
    return at
