"""The batch of a step, made in any process from a ticket that says which it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from neural_shards.batch import gather, readable
from neural_shards.buffers import ALIGNED, Arena, Buffers, Packed, aligned, shared_empty
from neural_shards.collate import as_tensors
from neural_shards.samples import Order, Samples
from neural_shards.stack import Policy
from neuroai_core.errors import DataError, InputError, NeuroAIError
from neuroai_core.stripes import Stripes

#: Under this key a batch brings the errors of the samples that it leaves out.
SKIPPED = "__skipped__"


@dataclass(frozen=True)
class Ticket:
    """What it takes to make a batch: the epoch, where it went on, the step, where to put it."""

    epoch: int
    start: int
    step: int
    piece: int | None = None


class Batches(Dataset[Any]):
    """Makes the batch of a ticket.

    `buffers` are those that tickets name pieces of; None: every batch gets memory of its own.
    """

    def __init__(
        self,
        samples: Samples,
        order: Order,
        stripes: Stripes,
        modalities: Sequence[str] | None,
        policy: Policy,
        on_error: str,
    ) -> None:
        wanted = samples.modalities if modalities is None else modalities
        if stripes.tail == "pad" and "valid" in wanted:
            raise InputError(
                "a modality has the name of what tail='pad' adds to a batch",
                key="tail",
                found="the modality 'valid'",
                hint="choose another tail, or other modalities",
            )
        self.buffers: Buffers | None = None
        self._samples = samples
        self._skip = on_error == "skip"
        self._order = order
        self._stripes = stripes
        self._dealt = stripes
        self._modalities = modalities
        self._policy = policy

    @property
    def rank(self) -> tuple[int, int]:
        """The rank of this process, and how many there are."""
        return self._stripes.rank, self._stripes.world_size

    def __len__(self) -> int:
        return self._stripes.steps

    def stripes(self, start: int) -> Stripes:
        """Deal what is left of an epoch after `start` positions."""
        if self._dealt.start != start:
            self._dealt = replace(self._stripes, start=start)
        return self._dealt

    def nbytes(self) -> int:
        """Give the size of a batch's arrays, as far as all samples have the same shapes."""
        known = self._samples.modalities
        wanted = known if self._modalities is None else self._modalities
        sizes = [self._stripes.batch_size * _nbytes(known.get(name, {})) for name in wanted]
        return sum(aligned(size, ALIGNED) for size in sizes)

    def __getitem__(self, ticket: Ticket) -> dict[str, Any] | Packed:
        stripes = self.stripes(ticket.start)
        indices = self._order.indices(ticket.epoch, stripes.positions(ticket.step))
        valid = stripes.valid(ticket.step)
        skipped = list[NeuroAIError]()
        if self._skip:
            good, skipped = readable(self._samples, indices, self._modalities)
            indices, valid = indices[good], valid[good]
            if not len(indices):
                return self._emptied(ticket, skipped)
        in_worker = torch.utils.data.get_worker_info() is not None
        allocate = shared_empty if in_worker else np.empty
        buffers, piece = self.buffers, ticket.piece
        if buffers is not None and piece is not None:
            memory = buffers.piece(piece) if in_worker else buffers.lease(piece)
            allocate = Arena(memory, allocate).allocate
        batch = gather(
            self._samples, indices, self._modalities, policy=self._policy, allocate=allocate
        )
        if stripes.tail == "pad":
            batch["valid"] = valid
        if skipped:
            batch[SKIPPED] = skipped
        if in_worker and buffers is not None and piece is not None:
            return Packed.pack(batch, buffers, piece)
        return as_tensors(batch)

    def _emptied(self, ticket: Ticket, skipped: list[NeuroAIError]) -> dict[str, Any]:
        """Leave out a batch of which nothing can be read, where no other rank waits for it."""
        rank, world_size = self.rank
        if world_size == 1:
            return {SKIPPED: skipped}
        raise DataError(
            "no sample of a batch can be read, and ranks must make equal numbers of batches",
            key=f"rank {rank} of {world_size}",
            index=f"step {ticket.step} of epoch {ticket.epoch}",
            found=str(skipped[0]),
            hint="mend or take away the shard: neural-shards verify FOLDER",
        )


def _nbytes(known: Mapping[str, Any]) -> int:
    shape, dtype = known.get("shape"), known.get("dtype")
    if shape is None or dtype is None or None in shape:
        return 0
    return int(math.prod(shape) * np.dtype(dtype).itemsize)
