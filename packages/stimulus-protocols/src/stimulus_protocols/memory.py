"""Memory for large tensors, at the price of filling it."""

from __future__ import annotations

import math
import weakref

import numpy as np
import numpy.typing as npt
import torch


def new_memory(
    shape: tuple[int, ...], dtype: torch.dtype, device: torch.device | str = "cpu"
) -> torch.Tensor:
    """Give a tensor that is not filled yet, in memory of its own.

    On the CPU the memory comes from NumPy, which asks the system for large
    pages; `torch.empty` does not, and first touching a hundred megabytes of
    small pages takes several times as long as filling them.

    Examples
    --------
    >>> new_memory((2, 3), torch.bfloat16).shape
    torch.Size([2, 3])
    """
    if torch.device(device).type != "cpu" or 0 in shape:
        return torch.empty(shape, dtype=dtype, device=device)
    buffer = np.empty(math.prod(shape) * dtype.itemsize, np.uint8)
    return torch.from_numpy(buffer).view(dtype).view(shape)


class Recycled:
    """Memory that comes back when nobody holds it any more, and is given out again.

    Whoever gets a tensor has it alone for as long as any tensor or array
    shares its memory; only then is the memory kept for the next one, which
    saves the system's work of handing out new pages.

    Parameters
    ----------
    most
        How many blocks are kept; a loop holds one batch while it asks for the next.

    Examples
    --------
    >>> memory = Recycled()
    >>> first, second = (memory.give((4,), torch.float32) for _ in range(2))
    >>> where, view = first.data_ptr(), first[:2]
    >>> del first
    >>> memory.give((4,), torch.float32).data_ptr() == where  # `view` holds it still
    False
    >>> del view
    >>> memory.give((4,), torch.float32).data_ptr() == where
    True
    """

    def __init__(self, most: int = 2) -> None:
        self.most = most
        self._free: list[npt.NDArray[np.uint8]] = []

    def give(
        self, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device | str = "cpu"
    ) -> torch.Tensor:
        """Give a tensor that is not filled yet, in memory that nobody else holds."""
        size = math.prod(shape) * dtype.itemsize
        if torch.device(device).type != "cpu" or not size:
            return new_memory(shape, dtype, device)
        fitting = next((n for n, buffer in enumerate(self._free) if len(buffer) == size), None)
        buffer = np.empty(size, np.uint8) if fitting is None else self._free.pop(fitting)
        # The tensor and all that share its memory hold this view of the buffer, not the buffer.
        held = buffer.view(_Held)
        weakref.finalize(held, self._back, buffer).atexit = False
        return torch.from_numpy(held).view(dtype).view(shape)

    def _back(self, buffer: npt.NDArray[np.uint8]) -> None:
        self._free = [buffer, *self._free][: self.most]


class _Held(np.ndarray[tuple[int], np.dtype[np.uint8]]):
    """A view whose end can be watched; plain arrays take no weak references."""
