"""What a batch is made of: a plan that any worker, thread or rank turns into the same pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Request:
    """One batch of one rank, before anything is read.

    Parameters
    ----------
    epoch
        The epoch whose crops these are.
    first
        The first position in the epoch of the batch of all ranks together.
    positions
        Positions in the epoch, int64, shape ``(b,)``.
    images
        Which image stands at each, int64, shape ``(b,)``.
    draws
        What the random choices for each belong to, int64, shape ``(b,)``: the
        image, or image and repeat where an epoch shows an image more than once.
    """

    epoch: int
    first: int
    positions: npt.NDArray[np.int64]
    images: npt.NDArray[np.int64]
    draws: npt.NDArray[np.int64]
    #: Whether the batch is for training; validation is never mixed nor erased.
    training: bool = False

    def __len__(self) -> int:
        return len(self.images)

    def keep(self, good: npt.NDArray[np.bool_]) -> Request:
        """Give the request without the images that are not `good`."""
        columns = (self.positions[good], self.images[good], self.draws[good])
        return Request(self.epoch, self.first, *columns, self.training)
