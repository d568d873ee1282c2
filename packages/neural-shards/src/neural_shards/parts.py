"""The part of a set that one worker of one rank reads."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neural_shards.shard_set import ShardSet
from neuroai_core.order import EpochOrder

Ints = npt.NDArray[np.int64]


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


def this_consumer() -> Consumer:
    """Find out who reads: ask torch about workers and ranks where it is in use."""
    rank, world_size = this_rank()
    torch = sys.modules.get("torch")
    info = None if torch is None else torch.utils.data.get_worker_info()
    if info is None:
        return Consumer(rank=rank, world_size=world_size)
    return Consumer(int(info.id), int(info.num_workers), rank, world_size, in_worker=True)


def this_rank() -> tuple[int, int]:
    """Give the rank and the number of ranks of torch.distributed, (0, 1) without it."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.distributed.is_available():
        return 0, 1
    if not torch.distributed.is_initialized():
        return 0, 1
    return int(torch.distributed.get_rank()), int(torch.distributed.get_world_size())


class Part:
    """Which samples a consumer reads, in which order.

    Workers get whole shards in turn where there are enough of them. Ranks, and
    more workers than shards, get positions of the one order in turn: the same
    number for every rank, so the last few may be left out.
    """

    def __init__(
        self, shards: ShardSet, consumer: Consumer, *, seed: int, shuffle: bool, buffer_size: int
    ) -> None:
        counts, workers = shards.blocks, consumer.num_workers
        whole = consumer.world_size == 1 and len(counts) >= workers
        mine = np.arange(consumer.worker if whole else 0, len(counts), workers if whole else 1)
        self.blocks: Ints = counts[mine]
        self._starts = (np.cumsum(counts) - counts)[mine]
        self._ends = np.cumsum(self.blocks)
        n = int(self.blocks.sum())
        self._order = EpochOrder(
            n, seed=seed, shuffle=shuffle, blocks=self.blocks, window=buffer_size
        )
        self._first, self._step, self._n = 0, 1, n
        if not whole:
            per_rank = n // consumer.world_size
            self._step = consumer.world_size * workers
            self._first = consumer.rank + consumer.worker * consumer.world_size
            self._n = len(range(consumer.worker, per_rank, workers))

    def __len__(self) -> int:
        return self._n

    def indices(self, epoch: int, positions: npt.ArrayLike) -> Ints:
        """Give the samples of the set at some positions of an epoch of this part."""
        at = self._first + np.asarray(positions, dtype=np.int64) * self._step
        inside = self._order.indices(epoch, at)
        shard = np.searchsorted(self._ends, inside, side="right")
        found: Ints = self._starts[shard] + inside - (self._ends[shard] - self.blocks[shard])
        return found
