"""Which box of an image becomes the crop: random ones by (seed, epoch, image), and the centre."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import InputError
from neuroai_core.rng import uniform

#: How often a random crop is drawn before the central one is taken, as in torchvision.
TRIES = 10


@dataclass(frozen=True)
class RandomCrops:
    """Random resized crops and flips, each a function of (seed, epoch, image) alone.

    The algorithm is that of torchvision's ``RandomResizedCrop`` (Szegedy et
    al. 2015, "Going deeper with convolutions", doi:10.1109/CVPR.2015.7298594):
    an area uniform in `scale`, an aspect ratio log-uniform in `ratio`, ten
    tries, then the central crop.

    Parameters
    ----------
    seed
        The seed of all draws.
    scale
        Smallest and largest part of the image's area, of 1.
    ratio
        Smallest and largest width over height.
    flip
        Probability of a horizontal flip.

    Examples
    --------
    >>> crops = RandomCrops(seed=0)
    >>> boxes, flips = crops.draw(epoch=0, draws=[5, 6], sizes=[(375, 500), (375, 500)])
    >>> again, _ = crops.draw(epoch=0, draws=[6], sizes=[(375, 500)])
    >>> boxes.shape, flips.shape, bool((boxes[1] == again[0]).all())
    ((2, 4), (2,), True)
    """

    seed: int
    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    flip: float = 0.5

    def __post_init__(self) -> None:
        _check_range("scale", self.scale, 1.0)
        _check_range("ratio", self.ratio, math.inf)
        if not 0 <= self.flip <= 1:
            raise InputError("a probability is out of range", key="flip", found=self.flip)

    def draw(
        self, epoch: int, draws: npt.ArrayLike, sizes: npt.ArrayLike
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Draw a box and a flip for each image.

        Parameters
        ----------
        epoch
            Each has its own crops.
        draws
            What the crops belong to, shape ``(n,)``: the image's number in
            the data set (see `imagenet_dm.sampling` for repeated images).
        sizes
            Height and width of each image in pixels, shape ``(n, 2)``.

        Returns
        -------
        boxes : (n, 4) int64
            Top, left, height, width in pixels.
        flips : (n,) bool
        """
        sizes = np.asarray(sizes, dtype=np.int64).reshape(-1, 2)
        u = uniform(self.seed, "crop", epoch, index=np.asarray(draws), n=2 * TRIES + 3)
        tries = self._tries(u[:, : 2 * TRIES], sizes)
        fits = (
            (tries[..., 0] > 0)
            & (tries[..., 1] > 0)
            & (tries[..., 0] <= sizes[:, None, 0])
            & (tries[..., 1] <= sizes[:, None, 1])
        )
        first = fits.argmax(axis=1)
        shape = tries[np.arange(len(sizes)), first]
        places = np.floor(u[:, -3:-1] * (sizes - shape + 1)).astype(np.int64)
        fallback = ~fits.any(axis=1)
        shape[fallback] = self._central(sizes[fallback])
        places[fallback] = (sizes[fallback] - shape[fallback]) // 2
        return np.concatenate([places, shape], axis=1), u[:, -1] < self.flip

    def _tries(
        self, u: npt.NDArray[np.float64], sizes: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """Give height and width of every try, shape ``(n, TRIES, 2)``."""
        low, high = np.log(self.ratio)
        area = sizes.prod(axis=1)[:, None] * (
            self.scale[0] + u[:, 0::2] * (self.scale[1] - self.scale[0])
        )
        ratio = np.exp(low + u[:, 1::2] * (high - low))
        shapes = np.stack([np.sqrt(area / ratio), np.sqrt(area * ratio)], axis=-1)
        return np.asarray(np.rint(shapes), dtype=np.int64)

    def _central(self, sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Give height and width of the largest central crop within the ratios."""
        height, width = sizes.T
        tall = np.minimum(height, np.rint(width / self.ratio[0]))
        wide = np.minimum(width, np.rint(height * self.ratio[1]))
        return np.stack([tall, wide], axis=1).astype(np.int64)


def resized_shape(height: int, width: int, shorter: int) -> tuple[int, int]:
    """Give the size of an image whose shorter side becomes `shorter` pixels, as torchvision does.

    Examples
    --------
    >>> resized_shape(375, 500, 256)
    (256, 341)
    """
    if height <= width:
        return shorter, int(shorter * width / height)
    return int(shorter * height / width), shorter


def centre_place(height: int, width: int, size: int) -> tuple[int, int]:
    """Give top and left of the central square of `size` pixels, rounded as torchvision does.

    Examples
    --------
    >>> centre_place(256, 341, 224)
    (16, 58)
    """
    return round((height - size) / 2), round((width - size) / 2)


def _check_range(key: str, pair: tuple[float, float], most: float) -> None:
    if not 0 < pair[0] <= pair[1] <= most:
        raise InputError(
            f"{key} is no range",
            key=key,
            expected=f"two numbers, 0 < low <= high{'' if math.isinf(most) else f' <= {most:g}'}",
            found=pair,
        )
