"""The part of a set that one worker of one rank reads."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neural_shards.samples import Ints, Order, Samples, order_of
from neuroai_core.order import EpochOrder


@dataclass(frozen=True)
class Consumer:
    """Who reads: this worker of so many, on this rank of so many."""

    worker: int = 0
    num_workers: int = 1
    rank: int = 0
    world_size: int = 1
    in_worker: bool = False

    def suffix(self) -> str:
        """Tell it apart in a fingerprint; the only consumer of a set needs nothing."""
        if self.num_workers == self.world_size == 1:
            return ""
        return f"/{self.worker}of{self.num_workers}/{self.rank}of{self.world_size}"


def this_consumer(alone: tuple[int, int] = (0, 1)) -> Consumer:
    """Find out who reads: ask torch about workers and ranks where it is in use.

    `alone` is the rank and the number of ranks where torch.distributed does not say them.
    """
    rank, world_size = this_rank(alone)
    torch = sys.modules.get("torch")
    info = None if torch is None else torch.utils.data.get_worker_info()
    if info is None:
        return Consumer(rank=rank, world_size=world_size)
    return Consumer(int(info.id), int(info.num_workers), rank, world_size, in_worker=True)


def this_rank(alone: tuple[int, int] = (0, 1)) -> tuple[int, int]:
    """Give the rank and the number of ranks of torch.distributed, `alone` without it."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.distributed.is_available():
        return alone
    if not torch.distributed.is_initialized():
        return alone
    return int(torch.distributed.get_rank()), int(torch.distributed.get_world_size())


class Part:
    """Which samples a consumer reads, in which order.

    Workers get whole shards in turn where there are enough of them. Ranks,
    more workers than shards, and the workers of a mixture get positions of the
    one order in turn; every rank the same number, so the last few may be left out.
    """

    def __init__(
        self, samples: Samples, consumer: Consumer, *, seed: int, shuffle: bool, buffer_size: int
    ) -> None:
        counts, workers = samples.blocks, consumer.num_workers
        mixed = hasattr(samples, "order")
        #: Samples of each shard of this part, in the order of the set.
        self.blocks: Ints = np.array([len(samples)]) if mixed else counts
        self._first, self._step, self._n = 0, 1, len(samples)
        self._starts: Ints | None = None
        if consumer.world_size == 1 and workers <= len(counts) and not mixed:
            mine = np.arange(consumer.worker, len(counts), workers)
            self.blocks = counts[mine]
            self._starts = (np.cumsum(counts) - counts)[mine]
            self._ends = np.cumsum(self.blocks)
            self._n = int(self.blocks.sum())
            self._order: Order = EpochOrder(
                self._n, seed=seed, shuffle=shuffle, blocks=self.blocks, window=buffer_size
            )
        else:
            self._order = order_of(samples, seed=seed, shuffle=shuffle, buffer_size=buffer_size)
            self._step = consumer.world_size * workers
            self._first = consumer.rank + consumer.worker * consumer.world_size
            per_rank = len(samples) // consumer.world_size
            self._n = len(range(consumer.worker, per_rank, workers))

    def __len__(self) -> int:
        return self._n

    def indices(self, epoch: int, positions: npt.ArrayLike) -> Ints:
        """Give the samples of the set at some positions of an epoch of this part."""
        at = self._first + np.asarray(positions, dtype=np.int64) * self._step
        inside = self._order.indices(epoch, at)
        if self._starts is None:
            return inside
        shard = np.searchsorted(self._ends, inside, side="right")
        found: Ints = self._starts[shard] + inside - (self._ends[shard] - self.blocks[shard])
        return found
