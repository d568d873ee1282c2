"""Bars that move."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from stimulus_protocols.stimuli.coverage import between_edges, rectangle_coverage
from stimulus_protocols.stimuli.geometry import grid, heading
from stimulus_protocols.stimuli.stimulus import Stimulus
from stimulus_protocols.values import NotNegative, Number, Positive

#: Pairs of a frame and a pixel that are computed at once: they stay in the cache.
_BLOCK = 1 << 15


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
        order, along, across, profile = _met_in_order(
            self.height, self.width, self.direction_deg, self.length_px is None
        )
        reach = self.width_px / 2 + (abs(ux) + abs(uy)) / 2
        middles = self.positions_px(start, start + out.shape[1])
        first = np.searchsorted(along, middles - reach)
        last = np.searchsorted(along, middles + reach, side="right")
        shown = np.full(len(middles) * len(order), mean, np.float32)
        for frames, met in _touched(first, last):
            beside = None if across is None else across[met]
            covered = self._covered(along[met] - middles[frames], beside, ux, uy)
            shown[frames * len(order) + order[met]] = mean + gain * covered
        out[:] = shown.reshape(len(middles), *profile)

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


@lru_cache(maxsize=16)
def _met_in_order(
    height: int, width: int, direction_deg: float, endless: bool
) -> tuple[
    npt.NDArray[np.int64],
    npt.NDArray[np.float64],
    npt.NDArray[np.float64] | None,
    tuple[int, int],
]:
    """Give the pixels in the order in which a bar meets them, so that only those it touches cost.

    Returns
    -------
    order, along, across
        Numbers of the pixels, and where they are along the direction and (for
        a bar that ends) across it; read-only.
    profile
        Shape of the pixels: along an axis an endless bar is one row or column.
    """
    ux, uy = heading(direction_deg)
    x, y = grid(height, width)
    if endless and uy == 0:
        where, profile = ux * x, (1, width)
    elif endless and ux == 0:
        where, profile = uy * y, (height, 1)
    else:
        where, profile = (ux * x + uy * y[:, np.newaxis]).ravel(), (height, width)
    order = np.argsort(where, kind="stable")
    along = where[order]
    across = None if endless else (-uy * x + ux * y[:, np.newaxis]).ravel()[order]
    for kept in (order, along, across):
        if kept is not None:
            kept.setflags(write=False)
    return order, along, across, profile


def _touched(
    first: npt.NDArray[np.int64], last: npt.NDArray[np.int64]
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Give all pairs of a frame and a place from its `first` to its `last`, in blocks."""
    counts = last - first
    step = max(_BLOCK // max(int(counts.max(initial=0)), 1), 1)
    for at in range(0, len(counts), step):
        some = counts[at : at + step]
        frames = np.repeat(np.arange(len(some)), some)
        # Numbered through all frames, and from each frame's first place on.
        ahead = np.cumsum(some) - some - first[at : at + step]
        yield at + frames, np.arange(len(frames)) - ahead[frames]
