"""Where pixels are and where motion goes: x rightward, y up, origin at the image centre."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt


@lru_cache(maxsize=16)
def grid(height: int, width: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Give the pixel centres: x rightward ``(width,)``, y up ``(height,)``; read-only.

    Examples
    --------
    >>> x, y = grid(2, 3)
    >>> x.tolist(), y.tolist()
    ([-1.0, 0.0, 1.0], [0.5, -0.5])
    """
    x = np.arange(width, dtype=np.float64) - (width - 1) / 2
    y = (height - 1) / 2 - np.arange(height, dtype=np.float64)
    for axis in (x, y):
        axis.setflags(write=False)  # they are kept
    return x, y


def heading(direction_deg: float) -> tuple[float, float]:
    """Give the unit vector of a direction: exact along the axes.

    Examples
    --------
    >>> heading(90), heading(180)
    ((0.0, 1.0), (-1.0, 0.0))
    """
    quarter, rest = divmod(direction_deg % 360, 90)
    if rest == 0:
        return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(quarter) % 4]
    angle = math.radians(direction_deg)
    return math.cos(angle), math.sin(angle)
