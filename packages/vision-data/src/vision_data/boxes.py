"""Where crops are cut: boxes for many images at once, each a function of its sample alone."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from neuroai_core.rng import uniform

Boxes = npt.NDArray[np.int64]
ATTEMPTS = 10


def center_boxes(sizes: npt.NDArray[np.integer], ratio: float = 1.0) -> Boxes:
    """Give the central square of each image.

    Parameters
    ----------
    sizes
        Height and width in pixels, shape ``(n, 2)``.
    ratio
        Side of the square as a part of the shorter side, above 0, at most 1.

    Returns
    -------
    Top, left, height and width in pixels, int64 of shape ``(n, 4)``.

    Examples
    --------
    >>> center_boxes(np.array([[100, 60]])).tolist()
    [[20, 0, 60, 60]]
    """
    heights, widths = sizes[:, 0].astype(np.int64), sizes[:, 1].astype(np.int64)
    side = np.maximum((ratio * np.minimum(heights, widths)).astype(np.int64), 1)
    return np.stack([(heights - side) // 2, (widths - side) // 2, side, side], axis=1)


def random_boxes(
    sizes: npt.NDArray[np.integer],
    samples: npt.NDArray[np.integer],
    *,
    seed: int,
    epoch: int,
    scale: tuple[float, float] = (0.08, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
) -> Boxes:
    """Draw the box of a random resized crop for each image.

    The distribution is that of torchvision's ``RandomResizedCrop``: an area
    drawn from `scale`, an aspect ratio drawn log-uniformly from `ratio`, ten
    attempts, then the largest central box within `ratio` (Szegedy et al. 2015,
    doi:10.1109/CVPR.2015.7298594).

    Parameters
    ----------
    sizes
        Height and width in pixels, shape ``(n, 2)``.
    samples
        Numbers of the samples, shape ``(n,)``: what the boxes depend on,
        together with `seed` and `epoch`.
    scale
        Smallest and largest part of the area.
    ratio
        Smallest and largest width by height.

    Returns
    -------
    Top, left, height and width in pixels, int64 of shape ``(n, 4)``.
    """
    heights, widths = sizes[:, 0].astype(np.float64), sizes[:, 1].astype(np.float64)
    drawn = uniform(seed, "crop", epoch, index=samples, n=2 * ATTEMPTS + 2)
    area = (heights * widths)[:, None] * (scale[0] + (scale[1] - scale[0]) * drawn[:, :ATTEMPTS])
    low, high = math.log(ratio[0]), math.log(ratio[1])
    aspect = np.exp(low + (high - low) * drawn[:, ATTEMPTS : 2 * ATTEMPTS])
    w, h = np.rint(np.sqrt(area * aspect)), np.rint(np.sqrt(area / aspect))
    fits = (w > 0) & (h > 0) & (w <= widths[:, None]) & (h <= heights[:, None])
    first = fits.argmax(axis=1)
    rows = np.arange(len(first))
    w, h, found = w[rows, first], h[rows, first], fits.any(axis=1)
    top = np.floor(drawn[:, -2] * (heights - h + 1))
    left = np.floor(drawn[:, -1] * (widths - w + 1))
    w_all = np.clip(np.minimum(widths, np.rint(heights * ratio[1])), 1, None)
    h_all = np.clip(np.minimum(heights, np.rint(widths / ratio[0])), 1, None)
    w, h = np.where(found, w, w_all), np.where(found, h, h_all)
    top = np.where(found, top, (heights - h) // 2)
    left = np.where(found, left, (widths - w) // 2)
    return np.stack([top, left, h, w], axis=1).astype(np.int64)
