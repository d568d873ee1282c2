"""What is done to batches from a ``.beton`` file: each operation for a whole batch.

Every random choice is a function of ``(seed, epoch, sample)``, so it is the
same for any number of threads, any batch size and any rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import InputError
from neuroai_core.rng import uniform
from vision_data.boxes import Boxes, center_boxes, random_boxes

Pixels: TypeAlias = npt.NDArray[np.uint8]
Samples: TypeAlias = npt.NDArray[np.int64]


class Draw:
    """What the random choices for a batch depend on.

    Parameters
    ----------
    seed, epoch, samples
        The keys of every choice; samples are int64 of shape ``(batch,)``.

    Examples
    --------
    >>> draw = Draw(0, 0, np.arange(6))
    >>> parts = draw.split([4, 2])
    >>> bool((parts[1].uniform("flip") == draw.uniform("flip")[4:]).all())
    True
    """

    def __init__(self, seed: int, epoch: int, samples: Samples) -> None:
        self.seed, self.epoch, self.samples = seed, epoch, samples
        self._drawn: dict[tuple[str, int], npt.NDArray[np.float64]] = {}
        self._whole, self._place = self, slice(None)

    def uniform(self, what: str, n: int = 1) -> npt.NDArray[np.float64]:
        """Draw numbers from 0 to 1, shape ``(batch, n)``."""
        whole, key = self._whole, (what, n)
        if key not in whole._drawn:
            whole._drawn[key] = uniform(self.seed, what, self.epoch, index=whole.samples, n=n)
        return whole._drawn[key][self._place]

    def split(self, sizes: Sequence[int]) -> list[Draw]:
        """Give what smaller batches draw: drawn for all at once, it costs little more."""
        parts, start = [], 0
        for size in sizes:
            part = Draw(self.seed, self.epoch, self.samples[start : start + size])
            part._whole, part._place = self, slice(start, start + size)
            parts.append(part)
            start += size
        return parts


class Crop:
    """An operation that says which part of each image is shown."""

    def boxes(self, sizes: npt.NDArray[np.int64], draw: Draw) -> Boxes:
        """Give top, left, height and width for images of these heights and widths."""
        raise NotImplementedError


class Change:
    """An operation that changes the pixels of a batch in place."""

    def apply(self, batch: Pixels, draw: Draw) -> None:
        """Change a batch of shape ``(batch, height, width, 3)``."""
        raise NotImplementedError


@dataclass(frozen=True)
class Whole(Crop):
    """All of the image: what is shown where nothing crops and the size is right."""

    def boxes(self, sizes: npt.NDArray[np.int64], draw: Draw) -> Boxes:
        """See `Crop.boxes`."""
        return np.concatenate([np.zeros_like(sizes), sizes], axis=1)


@dataclass(frozen=True)
class CenterCrop(Crop):
    """The central square, its side a part of the shorter side."""

    ratio: float = 1.0

    def __post_init__(self) -> None:
        _within("ratio", self.ratio, 0, 1, above=True)

    def boxes(self, sizes: npt.NDArray[np.int64], draw: Draw) -> Boxes:
        """See `Crop.boxes`."""
        return center_boxes(sizes, self.ratio)


@dataclass(frozen=True)
class RandomResizedCrop(Crop):
    """A random part of random shape, see `vision_data.boxes.random_boxes`."""

    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)

    def __post_init__(self) -> None:
        low, high = self.scale
        _within("scale", low, 0, high, above=True)
        _within("scale", high, low, 1)
        _within("ratio", self.ratio[0], 0, self.ratio[1], above=True)

    def boxes(self, sizes: npt.NDArray[np.int64], draw: Draw) -> Boxes:
        """See `Crop.boxes`."""
        return random_boxes(
            sizes,
            draw.samples,
            seed=draw.seed,
            epoch=draw.epoch,
            scale=self.scale,
            ratio=self.ratio,
        )


@dataclass(frozen=True)
class RandomHorizontalFlip:
    """Mirrors left to right with a probability."""

    prob: float = 0.5

    def __post_init__(self) -> None:
        _within("prob", self.prob, 0, 1)

    def flips(self, draw: Draw) -> npt.NDArray[np.bool_]:
        """Say which images of a batch are mirrored."""
        return np.asarray(draw.uniform("flip")[:, 0] < self.prob)


@dataclass(frozen=True)
class RandomTranslate(Change):
    """Moves the image by up to `padding` pixels each way and fills with `fill`."""

    padding: int
    fill: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self) -> None:
        _within("padding", self.padding, 0, 2**15)

    def apply(self, batch: Pixels, draw: Draw) -> None:
        """See `Change.apply`."""
        _, height, width, _ = batch.shape
        p = self.padding
        shifts = np.floor(draw.uniform("translate", 2) * (2 * p + 1)).astype(np.int64)
        padded = np.empty((height + 2 * p, width + 2 * p, 3), dtype=np.uint8)
        padded[:] = self.fill
        for image, (y, x) in zip(batch, shifts.tolist(), strict=True):
            padded[p : p + height, p : p + width] = image
            image[:] = padded[y : y + height, x : x + width]


@dataclass(frozen=True)
class Cutout(Change):
    """Fills a random square (DeVries and Taylor 2017, arXiv:1708.04552)."""

    crop_size: int
    fill: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self) -> None:
        _within("crop_size", self.crop_size, 1, 2**16)

    def apply(self, batch: Pixels, draw: Draw) -> None:
        """See `Change.apply`."""
        _, height, width, _ = batch.shape
        size = self.crop_size
        room = np.maximum([height - size + 1, width - size + 1], 1)
        corners = np.floor(draw.uniform("cutout", 2) * room).astype(np.int64)
        for image, (y, x) in zip(batch, corners.tolist(), strict=True):
            image[y : y + size, x : x + size] = self.fill


Operation: TypeAlias = "Crop | Change | RandomHorizontalFlip"


class Pipeline:
    """Operations in the order in which they are applied; at most one crop, before all others.

    Parameters
    ----------
    operations
        The operations.

    Examples
    --------
    >>> pipeline = Pipeline([RandomResizedCrop(), RandomHorizontalFlip()])
    >>> pipeline.random
    True
    """

    OPERATIONS: ClassVar[dict[str, type]] = {
        o.__name__: o
        for o in (CenterCrop, RandomResizedCrop, RandomHorizontalFlip, RandomTranslate, Cutout)
    }

    def __init__(self, operations: Sequence[Operation] = ()) -> None:
        crops = [o for o in operations if isinstance(o, Crop)]
        flips = [o for o in operations if isinstance(o, RandomHorizontalFlip)]
        if len(crops) > 1 or len(flips) > 1:
            raise InputError(
                "a pipeline has more than one crop or flip", found=repr([*crops, *flips])
            )
        self.operations = tuple(operations)
        self.crop = crops[0] if crops else None
        self.flip = flips[0] if flips else None
        self.changes = [o for o in operations if isinstance(o, Change)]

    @property
    def random(self) -> bool:
        """Whether anything is drawn."""
        return any(not isinstance(o, CenterCrop) for o in self.operations)

    def flips(self, draw: Draw) -> npt.NDArray[np.bool_]:
        """Say which images of a batch are mirrored."""
        return self.flip.flips(draw) if self.flip else np.zeros(len(draw.samples), dtype=bool)

    def __repr__(self) -> str:
        return f"Pipeline({list(self.operations)})"


def _within(key: str, value: float, low: float, high: float, *, above: bool = False) -> None:
    if not (low < value if above else low <= value) or value > high:
        raise InputError(
            f"{key} is out of range",
            key=key,
            expected=f"{'above' if above else 'from'} {low} to {high}",
            found=value,
        )
