"""Memory that batches are gathered into, and that is used again when a batch is let go.

New memory costs up to ten times as much as filling it does: the system clears each page of it when
it is first touched, of shared memory most slowly.
"""

from __future__ import annotations

import ctypes
import itertools
import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data._utils import pin_memory

from neural_shards.collate import as_tensors
from neural_shards.stack import Allocate, Array

Bytes = npt.NDArray[np.uint8]

#: Arrays start at multiples of this many bytes, pieces at multiples of a page.
ALIGNED = 64
_PAGE = 4096

_numbers = itertools.count()
#: The buffers of this process by number, for batches that come from a worker.
_here: weakref.WeakValueDictionary[int, Buffers] = weakref.WeakValueDictionary()


class Buffers:
    """Pieces of memory of one size; each is one batch's as long as any array of it lives.

    Parameters
    ----------
    count
        How many pieces.
    nbytes
        The least size of each.
    shared
        Workers that get these buffers when they start write into the same memory.
    """

    def __init__(self, count: int, nbytes: int, *, shared: bool) -> None:
        self.number = next(_numbers)
        self._count = count
        self._nbytes = aligned(nbytes, _PAGE)
        self._memory = _bytes(count * self._nbytes, shared=shared)
        self._busy = set[int]()
        self._leased = set[int]()
        _here[self.number] = self

    def take(self) -> int | None:
        """Reserve a piece for a batch to come; None if none is free."""
        for number in range(self._count):
            if number not in self._busy:
                self._busy.add(number)
                return number
        return None

    def take_back(self) -> None:
        """Free what was reserved for batches that never came; nobody may write them any more."""
        self._busy &= self._leased

    def piece(self, number: int) -> Bytes:
        """Give a piece to be written."""
        memory: Bytes = self._memory.numpy()
        return memory[number * self._nbytes : (number + 1) * self._nbytes]

    def lease(self, number: int) -> Bytes:
        """Give a reserved piece that is free again when the last array made of it is gone."""
        # An array cannot be watched: those made of it refer to what it was made of, not to it.
        held = (ctypes.c_ubyte * self._nbytes).from_buffer(self.piece(number).data)
        self._leased.add(number)
        weakref.finalize(held, self._free, number).atexit = False
        return np.frombuffer(memoryview(held), np.uint8)

    def _free(self, number: int) -> None:
        self._leased.discard(number)
        self._busy.discard(number)


class Arena:
    """Hands out the arrays of a batch from one piece, one behind the other."""

    def __init__(self, piece: Bytes, otherwise: Allocate) -> None:
        self._piece = piece
        self._otherwise = otherwise
        self._used = 0

    def allocate(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Make an array; what was not foreseen and does not fit gets memory of its own."""
        nbytes = int(np.prod(shape)) * dtype.itemsize
        start, end = self._used, self._used + nbytes
        if end > len(self._piece):
            return self._otherwise(shape, dtype)
        self._used = aligned(end, ALIGNED)
        return self._piece[start:end].view(dtype).reshape(shape)


@dataclass(frozen=True)
class _Place:
    """Where in a piece an array lies."""

    offset: int
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Packed:
    """A batch on its way from a worker, without the arrays that lie in a piece both see."""

    buffers: int
    piece: int
    batch: dict[str, Any]

    @classmethod
    def pack(cls, batch: dict[str, Any], buffers: Buffers, number: int) -> Packed:
        """Replace the arrays in a piece by their places."""
        piece, packed = buffers.piece(number), as_tensors(batch)
        for name, value in batch.items():
            if isinstance(value, np.ndarray):
                offset = value.ctypes.data - piece.ctypes.data
                if 0 <= offset < len(piece):
                    packed[name] = _Place(offset, value.shape, value.dtype.str)
        return cls(buffers.number, number, packed)

    def unpack(self) -> dict[str, Any]:
        """Give the batch, in the process that made the buffers."""
        piece = _here[self.buffers].lease(self.piece)

        def array(value: Any) -> Any:
            if not isinstance(value, _Place):
                return value
            dtype = np.dtype(value.dtype)
            nbytes = int(np.prod(value.shape)) * dtype.itemsize
            return piece[value.offset : value.offset + nbytes].view(dtype).reshape(value.shape)

        return as_tensors({name: array(value) for name, value in self.batch.items()})

    def pin_memory(self) -> Any:
        """Give the batch in page-locked memory; torch's thread for that asks every batch."""
        return pin_memory.pin_memory(self.unpack())  # type: ignore[no-untyped-call]


def shared_empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Make an array in memory of its own that travels to the main process without a copy."""
    nbytes = int(np.prod(shape)) * dtype.itemsize
    array: Array = _bytes(max(nbytes, 1), shared=True).numpy()[:nbytes].view(dtype).reshape(shape)
    return array


def aligned(nbytes: int, to: int) -> int:
    """Round up to a multiple."""
    return -(-nbytes // to) * to


def _bytes(nbytes: int, *, shared: bool) -> torch.Tensor:
    if not shared:
        return torch.empty(nbytes, dtype=torch.uint8)
    # What torch's own collate function does in a worker.
    storage = torch.UntypedStorage._new_shared(nbytes)  # type: ignore[no-untyped-call]
    return torch.empty(0, dtype=torch.uint8).set_(storage)
