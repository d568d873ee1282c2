"""The size of training images by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neuroai_core.errors import InputError

#: Sizes in between are multiples of this, as in ffcv-imagenet: networks halve them five times.
STEP = 32


@dataclass(frozen=True)
class Resolution:
    """A size in pixels that grows, or shrinks, with the epochs.

    Parameters
    ----------
    epochs
        Where the size is given, in rising order.
    pixels
        The size at each; between two of them it is interpolated, in steps of
        32 pixels, and before and after all of them it is that of the nearest.

    Examples
    --------
    >>> resolution = Resolution.of({0: 160, 16: 192})
    >>> [resolution(epoch) for epoch in (0, 7, 8, 9, 90)]
    [160, 160, 192, 192, 192]
    """

    epochs: tuple[int, ...]
    pixels: tuple[int, ...]

    @classmethod
    def of(cls, given: int | Mapping[int, int]) -> Resolution:
        """Make it from one size, or from sizes by epoch."""
        table = {0: given} if isinstance(given, int) else {int(e): p for e, p in given.items()}
        if not table or min(table) < 0 or min(table.values()) < 1:
            raise InputError(
                "this is no size by epoch",
                key="image_size",
                expected="pixels, or pixels by epoch: {0: 160, 16: 192}",
                found=given,
            )
        epochs = sorted(table)
        return cls(tuple(epochs), tuple(table[epoch] for epoch in epochs))

    def __call__(self, epoch: int) -> int:
        """Give the size in pixels of an epoch."""
        if epoch in self.epochs:
            return self.pixels[self.epochs.index(epoch)]
        size = float(np.interp(epoch, self.epochs, self.pixels))
        if size in (self.pixels[0], self.pixels[-1]):
            return int(size)
        return round(size / STEP) * STEP
