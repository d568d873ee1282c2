"""A movie seen through a moving window: source frames held once, cropped as they are shown."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from neuroai_core.errors import InputError
from retina_data import buffers
from retina_data.movies import Stimulus


@dataclass(frozen=True, eq=False)
class Crops(Stimulus):
    """A stimulus of windows cut from the frames of a movie.

    Parameters
    ----------
    movie, order
        The source frames, and which is shown at each time.
    corners
        ``(time, 2)``: first row and column of each window.
    upside_down
        ``(time,)``: whether the window is mirrored top to bottom.
    size
        Height and width of the windows.
    """

    corners: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    upside_down: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    size: tuple[int, int] = (1, 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        time, room = len(self.order), np.subtract(self.movie.shape[2:], self.size)
        fits = self.corners.shape == (time, 2) and self.upside_down.shape == (time,)
        if not fits or (self.corners < 0).any() or (self.corners > room).any():
            raise InputError(
                "a window reaches beyond its frame",
                key="corners",
                expected=f"rows and columns from (0, 0) to {tuple(map(int, room))}",
                found=f"{self.corners.min(axis=0)} to {self.corners.max(axis=0)}"
                if fits
                else f"shapes {self.corners.shape}, {self.upside_down.shape} for {time} frames",
            )

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """``(channels, time, height, width)`` of what was shown."""
        return self.movie.shape[0], len(self), *self.size

    def chunks(self, starts: npt.NDArray[np.integer], length: int) -> torch.Tensor:
        """Cut the windows of some stretches into one batch; see `Stimulus.chunks`."""
        starts = self._check(starts, length)
        frames = self.movie.seen(self.flip).numpy()
        height, width = self.size
        shape = (len(starts), frames.shape[0], length, height, width)
        out = buffers.empty(shape, self.movie.frames.dtype)
        for sample, start in zip(out.numpy(), starts.tolist(), strict=True):
            times = slice(start, start + length)
            shown = zip(
                self.order[times].tolist(),
                self.corners[times].tolist(),
                self.upside_down[times].tolist(),
                strict=True,
            )
            for i, (frame, (row, column), mirrored) in enumerate(shown):
                window = frames[:, frame, row : row + height, column : column + width]
                sample[:, i] = window[:, ::-1] if mirrored else window
        return out
