"""Samples of a set in an order that is a function of seed, epoch and position."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neural_shards.collate import as_tensors
from neural_shards.cursor import Cursor
from neural_shards.parts import Consumer, Part, this_consumer, this_rank
from neural_shards.samples import Samples, as_samples
from neuroai_core.errors import DataError, InputError, NeuroAIError, NotFoundError, strict_arguments

#: Positions whose samples are looked up together.
_PIECE = 512
#: More workers than this no loader has.
_MAX_WORKERS = 1024


class WebDatasetLoader:
    """Iterate over the samples of a folder of shards, and go on exactly where it stopped.

    Each ``for`` over the loader is an epoch with an order of its own. The order
    is a function of the seed, the epoch and the position: shards are permuted,
    then samples mixed over `buffer_size` of them at a time. No buffer is held,
    so none is lost.

    In a torch `DataLoader` the shards are dealt to its workers in turn (shard
    `i` to worker ``i % num_workers``), or the samples where there are fewer
    shards than workers. For batches that come out the same with any number of
    workers and ranks see `create_webdataset_dataloader`.

    Parameters
    ----------
    shard_dir
        Folder of the shards, or samples that are open: a `ShardSet`, `Subset`, `Mixture`.
    shuffle
        False: the samples in their own order.
    buffer_size
        Over how many consecutive samples they are mixed.
    seed
        Of the order.
    modalities
        Which to read; None: all, and the metadata.
    tensors
        Give arrays of numbers as torch tensors (needs the extra ``torch``), as a
        ``collate_fn`` that was written for tensors expects them.
    shard_pattern, check, on_error, allow_pickle
        As of `ShardSet`. With ``on_error="skip"`` a damaged sample is left
        out and listed in `skipped`.

    Examples
    --------
    >>> import numpy as np
    >>> from neural_shards import create_shards_from_arrays
    >>> _ = create_shards_from_arrays("shards", {"spikes": np.arange(12).reshape(4, 3)})
    >>> loader = WebDatasetLoader("shards", shuffle=False)
    >>> next(iter(loader))["spikes"], loader.get_state()
    (array([0, 1, 2]), {'shard_idx': 0, 'sample_offset': 1})
    """

    @strict_arguments
    def __init__(
        self,
        shard_dir: str | os.PathLike[str] | Samples,
        shuffle: bool = True,
        buffer_size: int = 1000,
        seed: int = 42,
        *,
        modalities: Sequence[str] | None = None,
        tensors: bool = False,
        shard_pattern: str | None = None,
        check: bool = True,
        on_error: str = "raise",
        allow_pickle: bool = False,
    ) -> None:
        if buffer_size < 1:
            raise InputError("buffer_size is out of range", key="buffer_size", expected=">= 1")
        self.shards = as_samples(
            shard_dir,
            shard_pattern=shard_pattern,
            check=check,
            on_error=on_error,
            allow_pickle=allow_pickle,
        )
        self.modalities = modalities
        self.tensors = tensors
        #: Damaged samples that were left out: what was wrong with each.
        self.skipped: list[NeuroAIError] = []
        self._skip = on_error == "skip"
        self._consumer = Consumer()
        self._rank = (0, 1)
        self._cursor = Cursor("", 0, seed, shuffle, buffer_size)
        self._take(Consumer())
        self._begun = _shared_epochs()

    def __len__(self) -> int:
        return len(self.shards)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        consumer = this_consumer(self._rank)
        if consumer != self._consumer:
            self._take_over(consumer)
        if self._begun is not None and consumer.in_worker:
            # A worker may be a new process in each epoch; how many there were is shared.
            # What was loaded before it began is gone on from once.
            epoch = int(self._begun[consumer.worker])
            if not self._cursor.loaded or epoch > self._cursor.epoch:
                self._cursor.go_to(epoch, 0)
        self._cursor = self._cursor.begin()
        self._next_epoch(self._cursor.epoch + 1)
        return _Samples(self, self._cursor, self._part)

    def _next_epoch(self, epoch: int) -> None:
        """Tell the process that comes after this worker which epoch it begins."""
        if self._begun is not None and self._consumer.in_worker:
            self._begun[self._consumer.worker] = epoch

    def get_state(self) -> dict[str, int]:
        """Give the position as shard and sample, counted along the epoch's order.

        Returns
        -------
        ``{"shard_idx": 0, "sample_offset": 100}`` after 100 samples; after the
        first epoch also ``"epoch"``.
        """
        epoch = {"epoch": self._cursor.epoch} if self._cursor.epoch else {}
        ends = np.cumsum(self._part.blocks)
        shard = int(np.searchsorted(ends, self._cursor.delivered, side="right"))
        before = int(ends[shard - 1]) if shard else 0
        offset = self._cursor.delivered - before
        return {"shard_idx": shard, "sample_offset": offset, **epoch}

    def set_state(self, state: Mapping[str, int]) -> None:
        """Go on at a position that `get_state` gave, in an iteration under way as in a new one.

        Raises
        ------
        InputError
            If there is no such position.
        """
        try:
            shard, offset = int(state["shard_idx"]), int(state["sample_offset"])
        except (KeyError, TypeError, ValueError):
            raise InputError(
                "this is no position",
                expected="{'shard_idx': ..., 'sample_offset': ...}",
                found=repr(state)[:80],
            ) from None
        sizes = self._part.blocks
        good = 0 <= shard <= len(sizes) and 0 <= offset <= (sizes[shard : shard + 1].sum() or 0)
        if not good:
            raise InputError(
                "there is no such position", expected=f"{len(sizes)} shards", found=dict(state)
            )
        self._cursor.go_to(int(state.get("epoch", 0)), int(sizes[:shard].sum()) + offset)
        self._share_epoch()

    def state_dict(self) -> dict[str, Any]:
        """Give the whole state: data set, order, epoch, position."""
        return self._cursor.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave; another data set or order is a `DataError`."""
        consumer = this_consumer(self._rank)
        if consumer != self._consumer:
            self._take(consumer)
        self._cursor.load_state_dict(state)
        self._share_epoch()

    def __getstate__(self) -> dict[str, Any]:
        # A worker that is not forked knows nothing of the ranks; its loader brings it.
        return {**self.__dict__, "_rank": this_rank(self._rank)}

    def _share_epoch(self) -> None:
        """Let the epoch of a state that was loaded be the one that workers begin."""
        if self._begun is not None:
            here = self._consumer
            self._begun[here.worker if here.in_worker else slice(None)] = self._cursor.epoch

    def _take_over(self, consumer: Consumer) -> None:
        """Become another part of the set, as a worker does when it begins.

        A position is of one part: `n` samples of the whole are not the first
        `n` of each worker's, nor those of a rank the same as another's.
        """
        cursor, suffix = self._cursor, self._consumer.suffix()
        self._take(consumer)
        if cursor.loaded and cursor.delivered and suffix != consumer.suffix():
            raise InputError(
                "a state in mid-epoch cannot be shared out among several readers",
                key="num_workers",
                expected="as many workers and ranks as the state was taken with",
                found=f"worker {consumer.worker} of {consumer.num_workers}, "
                f"rank {consumer.rank} of {consumer.world_size}",
                hint="create_webdataset_dataloader goes on with any number of workers",
            )

    def _take(self, consumer: Consumer) -> None:
        """Become the part of the set that a worker and rank reads."""
        old = self._cursor
        self._part = Part(
            self.shards, consumer, seed=old.seed, shuffle=old.shuffle, buffer_size=old.buffer_size
        )
        fingerprint = self.shards.fingerprint + consumer.suffix()
        self._cursor = replace(old, fingerprint=fingerprint, n=len(self._part))
        self._consumer = consumer


class _Samples(Iterator[dict[str, Any]]):
    """One iteration; the position stands in the cursor, where the loader can move it."""

    def __init__(self, loader: WebDatasetLoader, cursor: Cursor, part: Part) -> None:
        self._loader = loader
        self._cursor = cursor
        self._part = part
        self._piece: tuple[int, int, list[int]] = (-1, 0, [])
        self._ended = False

    def __next__(self) -> dict[str, Any]:
        cursor, loader = self._cursor, self._loader
        while not self._ended:
            cursor.loaded = False
            if cursor.delivered >= cursor.n:
                cursor.end_epoch()
                self._ended = True
                break
            index = self._index(cursor)
            try:
                sample = loader.shards.sample(index, loader.modalities)
            except (DataError, NotFoundError) as error:
                if not loader._skip:
                    raise
                loader.skipped.append(error)
                cursor.delivered += 1
                continue
            cursor.delivered += 1
            return as_tensors(sample) if loader.tensors else sample
        raise StopIteration

    def state_dict(self) -> dict[str, bool]:
        """Say whether this iteration is over: the loader then stands in the next epoch."""
        return {"ended": self._ended}

    def load_state_dict(self, state: Mapping[str, bool]) -> None:
        """Be over at once where the iteration of before was.

        `StatefulDataLoader` saves workers that have no more samples in the
        same state as those that have, and begins all of them again.
        """
        self._ended = state["ended"]
        if self._ended:
            self._loader._next_epoch(self._cursor.epoch)

    def _index(self, cursor: Cursor) -> int:
        epoch, start, piece = self._piece
        if epoch != cursor.epoch or not start <= cursor.delivered < start + len(piece):
            start = cursor.delivered
            stop = min(start + _PIECE, cursor.n)
            piece = self._part.indices(cursor.epoch, np.arange(start, stop)).tolist()
            self._piece = cursor.epoch, start, piece
        return piece[cursor.delivered - start]


def _shared_epochs() -> Any:
    """Become a torch data set where torch is in use, with a count of epochs that workers share."""
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    torch.utils.data.IterableDataset.register(WebDatasetLoader)
    return torch.zeros(_MAX_WORKERS, dtype=torch.int64).share_memory_()
