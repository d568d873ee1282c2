"""Where pixels are and where motion goes: x rightward, y up, origin at the image centre."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def grid(height: int, width: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Give the pixel centres: x rightward ``(width,)``, y up ``(height,)``.

    Examples
    --------
    >>> x, y = grid(2, 3)
    >>> x.tolist(), y.tolist()
    ([-1.0, 0.0, 1.0], [0.5, -0.5])
    """
    x = np.arange(width, dtype=np.float64) - (width - 1) / 2
    return x, (height - 1) / 2 - np.arange(height, dtype=np.float64)


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
    angle = np.deg2rad(direction_deg)
    return float(np.cos(angle)), float(np.sin(angle))
