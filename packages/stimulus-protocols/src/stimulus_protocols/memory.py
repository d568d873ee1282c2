"""New memory for large tensors, at the price of filling it."""

from __future__ import annotations

import math

import numpy as np
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
    size = math.prod(shape) * dtype.itemsize
    return torch.from_numpy(np.empty(size, np.uint8)).view(dtype).view(shape)
