"""Bars that move."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from stimulus_protocols.stimuli.coverage import between_edges, rectangle_coverage
from stimulus_protocols.stimuli.geometry import grid, heading
from stimulus_protocols.stimuli.stimulus import Stimulus
from stimulus_protocols.values import NotNegative, Number, Positive


class MovingBar(Stimulus):
    """A bar that moves across the background, its edges covering parts of pixels exactly.

    The signal is 1 inside the bar and 0 outside; a pixel at its edge has the
    part of its area that the bar covers.

    Parameters
    ----------
    width_px
        Width of the bar, along its motion.
    length_px
        Length of the bar, across its motion; None is endless.
    speed_px_s
        Pixels a second.
    direction_deg
        Direction of motion: 0 rightward, counter-clockwise.
    start_px
        Where the bar's middle is at time 0, along the direction, from the
        image centre. By default it is about to enter the image.

    Examples
    --------
    >>> bar = MovingBar(frames=3, height=1, width=4, width_px=1, speed_px_s=15, frame_rate_hz=30)
    >>> bar.render()[0, :, 0].tolist()
    [[0.5, 0.5, 0.5, 0.5], [0.75, 0.5, 0.5, 0.5], [1.0, 0.5, 0.5, 0.5]]
    """

    type: Literal["moving_bar"] = "moving_bar"
    width_px: Positive
    speed_px_s: NotNegative
    direction_deg: Number = 0.0
    start_px: Number | None = None
    length_px: Positive | None = None

    @property
    def entry_px(self) -> float:
        """Where the bar's middle is at time 0, along the direction."""
        if self.start_px is not None:
            return self.start_px
        ux, uy = heading(self.direction_deg)
        return -(self.width * abs(ux) + self.height * abs(uy) + self.width_px) / 2

    def positions_px(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Give where the bar's middle is along the direction at some frames, ``(time,)``."""
        return self.entry_px + self.speed_px_s * self.times_s(start, stop)

    def paint(self, out: npt.NDArray[np.float32], start: int, gain: float, mean: float) -> None:
        """Write frames from `start` on into `out` (see `Stimulus.paint`)."""
        ux, uy = heading(self.direction_deg)
        x, y = grid(self.height, self.width)
        # Along an axis an endless bar is one profile; otherwise the pixels in the
        # order in which it meets them, so that only those it touches cost.
        endless = self.length_px is None
        if endless and uy == 0:
            where, profile = ux * x, (1, self.width)
        elif endless and ux == 0:
            where, profile = uy * y, (self.height, 1)
        else:
            where, profile = (ux * x + uy * y[:, np.newaxis]).ravel(), (self.height, self.width)
        order = np.argsort(where, kind="stable")
        along = where[order]
        across = None if endless else (-uy * x + ux * y[:, np.newaxis]).ravel()[order]
        reach = self.width_px / 2 + (abs(ux) + abs(uy)) / 2
        middles = self.positions_px(start, start + out.shape[1])
        first = np.searchsorted(along, middles - reach)
        last = np.searchsorted(along, middles + reach, side="right")
        flat = np.full(len(where), mean, np.float32)
        for frame, middle, low, high in zip(out[0], middles, first, last, strict=True):
            touched, beside = order[low:high], None if across is None else across[low:high]
            covered = self._covered(along[low:high] - middle, beside, ux, uy)
            flat[touched] = mean + gain * covered
            frame[:] = flat.reshape(profile)
            flat[touched] = mean
        out[1:] = out[0]

    def _covered(
        self,
        along: npt.NDArray[np.float64],
        across: npt.NDArray[np.float64] | None,
        ux: float,
        uy: float,
    ) -> npt.NDArray[np.float64]:
        """Give the part of pixels that the bar covers; positions are seen from its middle."""
        if across is None or self.length_px is None:
            return between_edges(along, self.width_px, ux, uy)
        return rectangle_coverage(along, across, self.width_px, self.length_px, ux, uy)
