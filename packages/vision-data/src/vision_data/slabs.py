"""Memory for batches that is taken again when nobody holds the batch any more."""

from __future__ import annotations

import math
import weakref
from collections import defaultdict, deque

import numpy as np
import numpy.typing as npt
import torch

#: How much freed memory of one size is kept for the next batch.
KEPT = 8


class Slabs:
    """Hands out tensors whose memory comes back when the last view of them is gone.

    Fresh memory costs a page fault every 4 KiB, which for raw images is more
    than copying them. No tensor that somebody still holds is ever reused.

    Examples
    --------
    >>> slabs = Slabs()
    >>> first = slabs.take((2, 3), torch.float32)
    >>> address = first.data_ptr()
    >>> view = first[0]
    >>> del first
    >>> slabs.take((2, 3), torch.float32).data_ptr() == address  # the view is still there
    False
    >>> del view
    >>> slabs.take((2, 3), torch.float32).data_ptr() == address
    True
    """

    def __init__(self) -> None:
        self._free: dict[int, deque[npt.NDArray[np.uint8]]] = defaultdict(
            lambda: deque(maxlen=KEPT)
        )

    def take(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """Give a tensor with whatever values are in its memory."""
        nbytes = math.prod(shape) * dtype.itemsize
        free = self._free[nbytes]
        try:
            memory = free.pop()
        except IndexError:
            memory = np.empty(nbytes, dtype=np.uint8)
        # The tensor's storage holds `loan` and nothing else does; NumPy would
        # let a view of `loan` hold `memory` instead, so all views are torch's.
        loan = memory[:]
        weakref.finalize(loan, free.append, memory).atexit = False
        return torch.from_numpy(loan).view(dtype).view(shape)
