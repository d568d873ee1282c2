"""Batches for torch, the same with any number of workers, that go on exactly."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch.utils.data import DataLoader, DistributedSampler

from neural_shards.batches import SKIPPED, Batches, Ticket
from neural_shards.buffers import Buffers, Packed
from neural_shards.cursor import Cursor
from neural_shards.parts import this_rank
from neural_shards.samples import Samples, as_samples, order_of
from neural_shards.stack import Missing, Policy, Ragged
from neuroai_core.errors import InputError, NeuroAIError, check_known, strict_arguments
from neuroai_core.stripes import Stripes, Tail

TAILS = ("drop", "pad", "spread")
#: Batches that the user may keep before others get new memory, which is slow: the last one of
#: another loop, one that is still being copied to a GPU.
_KEPT = 2


class ShardDataLoader(DataLoader[dict[str, Any]]):
    """A torch `DataLoader` over shards; see `create_webdataset_dataloader`.

    Workers are sent positions and send back whole batches, so what was
    delivered is known here: `state_dict` is exact whatever was prefetched.
    """

    def __init__(self, batches: Batches, cursor: Cursor, **options: Any) -> None:
        self._batches = batches
        self._cursor = cursor
        self._buffers: Buffers | None = None  # of an iteration that has ended, or of all
        #: Damaged samples that were left out: what was wrong with each.
        self.skipped: list[NeuroAIError] = []
        options |= {"sampler": _Tickets(self), "batch_size": None, "collate_fn": _as_it_is}
        super().__init__(batches, **options)

    @property
    def epoch(self) -> int:
        """The epoch under way, or the next one between two."""
        return self._cursor.epoch

    def __len__(self) -> int:
        """Count the batches of a whole epoch of this rank."""
        return self._batches.stripes(0).steps

    def __iter__(self) -> Iterator[dict[str, Any]]:  # type: ignore[override]
        self._cursor = cursor = self._cursor.begin()
        if self._batches.stripes(cursor.delivered).steps == 0:
            cursor.end_epoch()  # a state that was taken after the last batch
        stripes = self._batches.stripes(cursor.delivered)
        buffers = self._batches.buffers = self._take_buffers()
        for step, batch in enumerate(super().__iter__(), 1):
            cursor.delivered = self._after(stripes, step)
            if isinstance(batch, Packed):
                batch = batch.unpack()
            self.skipped += batch.pop(SKIPPED, ())
            if batch:
                yield batch
        self._buffers = buffers
        if self._cursor is cursor and cursor.delivered >= cursor.n:
            cursor.end_epoch()

    def _take_buffers(self) -> Buffers | None:
        """Give an iteration memory that nobody else writes into."""
        buffers, nbytes = self._buffers, self._batches.nbytes()
        if buffers is None and nbytes:
            # Beside those under way, one with the user, and one that comes before that is let go.
            count = self.num_workers * (self.prefetch_factor or 0) + 2 + _KEPT
            buffers = Buffers(count, nbytes, shared=self.num_workers > 0)
        # Of an iteration that is broken off, workers that end with it may still be writing.
        self._buffers = buffers if self.persistent_workers or not self.num_workers else None
        return buffers

    def _after(self, stripes: Stripes, step: int) -> int:
        # The samples that a dropped tail leaves out are dealt with, too.
        return stripes.n if step == stripes.steps else stripes.delivered(step)

    def set_epoch(self, epoch: int) -> None:
        """Begin another epoch than the one under way; nothing happens if it is that one."""
        if epoch != self._cursor.epoch:
            self._cursor = replace(self._cursor)
            self._cursor.go_to(epoch, 0)

    def state_dict(self) -> dict[str, Any]:
        """Give the whole state: data set, order, epoch, samples that were delivered."""
        return self._cursor.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave, with any batch size, workers and ranks.

        A state taken after the last batch of an epoch goes on with the next epoch.
        """
        self._cursor = replace(self._cursor)  # an iteration under way keeps its own
        self._cursor.load_state_dict(state)


class _Tickets(DistributedSampler[Ticket]):
    """Hands out the steps from where the loader stands, to this rank.

    Lightning leaves a distributed sampler where it is, and tells it the epoch;
    the loader counts its epochs itself.
    """

    def __init__(self, loader: ShardDataLoader) -> None:
        self._loader = loader
        self.rank, self.num_replicas = loader._batches.rank

    def set_epoch(self, epoch: int) -> None:
        """Leave the epoch to the loader."""

    def __iter__(self) -> Iterator[Ticket]:
        cursor, buffers = self._loader._cursor, self._loader._batches.buffers
        epoch, start = cursor.epoch, cursor.delivered
        if buffers is not None:
            buffers.take_back()
        for step in range(self._loader._batches.stripes(start).steps):
            yield Ticket(epoch, start, step, None if buffers is None else buffers.take())

    def __len__(self) -> int:
        return len(self._loader)


@strict_arguments
def create_webdataset_dataloader(
    shard_dir: str | os.PathLike[str] | Samples,
    batch_size: int = 32,
    num_workers: int = 4,
    shuffle: bool = True,
    buffer_size: int = 1000,
    prefetch_factor: int = 2,
    pin_memory: bool = True,
    *,
    seed: int = 42,
    modalities: Sequence[str] | None = None,
    tail: Tail | None = None,
    ragged: Ragged = "list",
    missing: Missing = "error",
    rank: int | None = None,
    world_size: int | None = None,
    persistent_workers: bool = False,
    multiprocessing_context: Any = None,
    shard_pattern: str | None = None,
    check: bool = True,
    on_error: str = "raise",
    allow_pickle: bool = False,
) -> ShardDataLoader:
    """Make a torch `DataLoader` of batches that goes on exactly where it stopped.

    The batches of an epoch are the same, in the same order, with any number of
    workers, and taken together with any number of ranks of the same global
    batch. ``state_dict`` and ``load_state_dict`` are those that Lightning and
    torchdata know.

    Parameters
    ----------
    shard_dir
        Folder of the shards, or samples that are open: a `ShardSet`, `Subset`, `Mixture`.
    batch_size
        Samples in a batch of this rank.
    num_workers
        Processes that prepare batches; 0 prepares them here.
    shuffle, buffer_size, seed, modalities
        As of `WebDatasetLoader`.
    prefetch_factor
        Batches that each worker prepares ahead.
    pin_memory
        Put batches into page-locked memory, where there is a GPU to copy them to.
    tail
        What is done with the last samples of an epoch that fill no batch of
        all ranks: ``"drop"``; ``"pad"`` with samples of its beginning, and
        ``batch["valid"]`` false there; ``"spread"`` each exactly once over
        smaller batches. All ranks make the same number of steps. None:
        ``"spread"`` for one rank, ``"drop"`` for several when shuffled,
        ``"pad"`` when not.
    ragged, missing
        What is done where samples differ; see `Policy`.
    rank, world_size
        None: those of `torch.distributed`, or one rank.
    persistent_workers, multiprocessing_context
        As of torch.
    shard_pattern, check, allow_pickle
        As of `ShardSet`.
    on_error
        ``"skip"``: damaged samples are left out of their batch, and listed in
        ``loader.skipped``. A batch of which nothing is left is left out where
        there is one rank; with several it is a `DataError`, because ranks that
        make unequal numbers of batches wait for each other without end.

    Returns
    -------
    A loader of dicts: by modality a tensor ``(batch, ...)``, or a list;
    ``"metadata"`` is a list of dicts.
    """
    _check_sizes(
        batch_size=(batch_size, 1), num_workers=(num_workers, 0), buffer_size=(buffer_size, 1)
    )
    here = this_rank()
    rank = here[0] if rank is None else rank
    world_size = here[1] if world_size is None else world_size
    if tail is None:
        tail = "spread" if world_size == 1 else "drop" if shuffle else "pad"
    check_known("tail", [tail], TAILS, key="tail")
    samples = as_samples(
        shard_dir,
        shard_pattern=shard_pattern,
        check=check,
        on_error=on_error,
        allow_pickle=allow_pickle,
    )
    if modalities is not None:
        check_known("modality", modalities, [*samples.modalities, "metadata"], key="modalities")
    order = order_of(samples, seed=seed, shuffle=shuffle, buffer_size=buffer_size)
    stripes = Stripes(len(samples), batch_size, rank, world_size, tail)
    cursor = Cursor(samples.fingerprint, len(samples), seed, shuffle, buffer_size)
    return ShardDataLoader(
        Batches(samples, order, stripes, modalities, Policy(ragged, missing), on_error),
        cursor,
        num_workers=num_workers,
        pin_memory=pin_memory and torch.cuda.is_available(),
        prefetch_factor=prefetch_factor if num_workers else None,
        persistent_workers=persistent_workers and num_workers > 0,
        multiprocessing_context=multiprocessing_context if num_workers else None,
    )


def _check_sizes(**sizes: tuple[int, int]) -> None:
    for key, (value, least) in sizes.items():
        if value < least:
            raise InputError(f"{key} is out of range", key=key, expected=f">= {least}", found=value)


def _as_it_is(batch: dict[str, Any]) -> dict[str, Any]:
    return batch
