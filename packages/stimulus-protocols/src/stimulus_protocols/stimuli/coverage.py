"""How much of a square pixel lies on one side of an edge: exact areas."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: Below this a side of the pixel's shadow is taken as a point (its share of the area is smaller).
_THIN = 1e-9


def below_edge(distance: npt.NDArray[np.float64], ux: float, uy: float) -> npt.NDArray[np.float64]:
    """Give the part of a pixel's area that lies below a straight edge.

    Parameters
    ----------
    distance
        From the pixel's centre to the edge along the unit vector ``(ux, uy)``,
        in pixels, any shape.
    ux, uy
        The vector at a right angle to the edge.

    Returns
    -------
    float64 array of the same shape, 0 to 1: the integral of the trapezoid
    that is the pixel's shadow on the vector.

    Examples
    --------
    >>> below_edge(np.array([-1.0, 0.0, 0.25, 1.0]), 1.0, 0.0).tolist()
    [0.0, 0.5, 0.75, 1.0]
    """
    long, short = sorted((abs(ux), abs(uy)), reverse=True)
    if short < _THIN:
        return np.clip(distance / long + 0.5, 0.0, 1.0)
    z = np.abs(distance)
    flat = z / long  # where the shadow is at its full height
    sloped = 0.5 - ((long + short) / 2 - z) ** 2 / (2 * long * short)
    half = np.where(z <= (long - short) / 2, flat, sloped)
    half = np.where(z >= (long + short) / 2, 0.5, half)
    return np.asarray(0.5 + np.copysign(half, distance))
