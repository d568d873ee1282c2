"""Memory for batches that is used again once nobody holds it, and never before."""

from __future__ import annotations

import math
import weakref
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

#: Below this the allocator is as fast, above it fresh pages cost more than the copy into them.
LARGE = 1 << 18
#: Free blocks kept of one size.
KEPT = 3

_free: dict[int, list[npt.NDArray[np.uint8]]] = {}


def empty(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """Make an uninitialised tensor, from memory that a dead tensor of that size left behind.

    A block comes back only when the last view of its tensor is gone, so
    ``list(loader)`` holds different batches as it would with fresh memory.
    """
    size = math.prod(shape) * dtype.itemsize
    if size < LARGE:
        return torch.empty(shape, dtype=dtype)
    try:
        block = _free.get(size, []).pop()
    except IndexError:
        block = np.empty(size, dtype=np.uint8)
    # What the tensor's storage keeps alive, and nobody else.
    handle = block.view(_numpy_dtype(dtype)).reshape(shape)
    weakref.finalize(handle, _give_back, block).atexit = False
    return torch.from_numpy(handle)


@cache
def _numpy_dtype(dtype: torch.dtype) -> np.dtype[Any]:
    return torch.empty(0, dtype=dtype).numpy().dtype


def _give_back(block: npt.NDArray[np.uint8]) -> None:
    blocks = _free.setdefault(block.size, [])
    if len(blocks) < KEPT:
        blocks.append(block)
