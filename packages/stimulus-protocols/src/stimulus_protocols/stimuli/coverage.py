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
    near = np.clip(distance, -(long + short) / 2, (long + short) / 2)
    # Where the shadow has its full height the share grows evenly, on its slopes ever less.
    slope = near - np.clip(near, -(long - short) / 2, (long - short) / 2)
    near -= slope * np.abs(slope) / (2 * short)
    return np.clip(0.5 + near / long, 0.0, 1.0)


def between_edges(
    position: npt.NDArray[np.float64], width: float, ux: float, uy: float
) -> npt.NDArray[np.float64]:
    """Give the part of pixels inside an endless strip; positions are seen from its middle."""
    covered = below_edge(width / 2 - position, ux, uy)
    return np.asarray(covered - below_edge(-width / 2 - position, ux, uy))


def rectangle_coverage(
    along: npt.NDArray[np.float64],
    across: npt.NDArray[np.float64],
    width: float,
    length: float,
    ux: float,
    uy: float,
) -> npt.NDArray[np.float64]:
    """Give the part of each pixel's area that lies inside a rectangle.

    Parameters
    ----------
    along, across
        Pixel centres seen from the rectangle's middle, along ``(ux, uy)`` and
        at a right angle to it.
    width, length
        The rectangle's sides along and across.
    """
    one, other = between_edges(along, width, ux, uy), between_edges(across, length, -uy, ux)
    covered = one * other  # exact where either is 0 or 1: all but the corners
    for at in np.flatnonzero(_between_0_and_1(one) & _between_0_and_1(other)):
        covered[at] = _clipped_area(along[at], across[at], width / 2, length / 2, ux, uy)
    return np.asarray(covered)


def _between_0_and_1(share: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    return (share > _THIN) & (share < 1 - _THIN)


def _clipped_area(
    along: float, across: float, half_width: float, half_length: float, ux: float, uy: float
) -> float:
    """Cut a unit pixel by the four sides of a rectangle, and give the area that is left."""
    corners = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]
    # The pixel's corners in the rectangle's own axes.
    polygon = [(along + x * ux + y * uy, across - x * uy + y * ux) for x, y in corners]
    for axis, sign, limit in (
        (0, 1, half_width),
        (0, -1, half_width),
        (1, 1, half_length),
        (1, -1, half_length),
    ):
        left: list[tuple[float, float]] = []
        for here, there in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            inside = limit - sign * here[axis], limit - sign * there[axis]
            if inside[0] >= 0:
                left.append(here)
            if inside[0] * inside[1] < 0:
                part = inside[0] / (inside[0] - inside[1])
                left.append(
                    (here[0] + part * (there[0] - here[0]), here[1] + part * (there[1] - here[1]))
                )
        polygon = left
    turned = zip(polygon, polygon[1:] + polygon[:1], strict=True)
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in turned)) / 2


def disc_coverage(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], radius: float
) -> npt.NDArray[np.float64]:
    """Give the part of each pixel's area that lies inside a disc around the origin, exactly.

    Parameters
    ----------
    x, y
        Centres of the columns ``(width,)`` and rows ``(height,)``, one apart.
    radius
        In pixels, 0 or more.

    Returns
    -------
    float64 array ``(height, width)``.

    Examples
    --------
    >>> disc_coverage(np.array([0.0]), np.array([0.0]), 0.5).round(4).tolist()  # pi / 4
    [[0.7854]]
    """
    if radius == 0:
        return np.zeros((len(y), len(x)))
    left, right = (_corner_area(x + side, y, radius) for side in (-0.5, 0.5))
    return np.clip(right - left, 0, 1)


def _corner_area(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], radius: float
) -> npt.NDArray[np.float64]:
    """Integrate the disc from the y axis to `x`, over each row of pixels at `y`."""
    up, down = _quadrant(x, y + 0.5, radius), _quadrant(x, y - 0.5, radius)
    return np.asarray(up - down)


def _quadrant(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], radius: float
) -> npt.NDArray[np.float64]:
    """Give the signed area of the disc inside ``[0, x] x [0, y]``, ``(len(y), len(x))``."""
    a, b = np.minimum(abs(x), radius), np.minimum(abs(y), radius)[:, np.newaxis]
    # Up to this x the rectangle's top lies inside the disc, beyond it the disc is lower.
    inside = np.minimum(np.sqrt(np.maximum(radius**2 - b**2, 0)), a)
    area = b * inside + _below_arc(a, radius) - _below_arc(inside, radius)
    return np.asarray(area * np.sign(x) * np.sign(y)[:, np.newaxis])


def _below_arc(x: npt.NDArray[np.float64], radius: float) -> npt.NDArray[np.float64]:
    half_chord = np.sqrt(np.maximum(radius**2 - x**2, 0))
    return np.asarray((x * half_chord + radius**2 * np.arcsin(np.minimum(x / radius, 1))) / 2)
