"""Spots, rings and looming discs."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from stimulus_protocols.stimuli.apertures import Disc, Ring
from stimulus_protocols.stimuli.coverage import disc_coverage
from stimulus_protocols.stimuli.full_field import Flash
from stimulus_protocols.stimuli.geometry import grid
from stimulus_protocols.stimuli.stimulus import Stimulus
from stimulus_protocols.values import NotNegative, Number, Positive


class Spot(Flash):
    """A disc that is shown for a while (see `Flash`), its edge covering parts of pixels.

    Parameters
    ----------
    radius_px, x_px, y_px
        The disc: its radius, and its middle rightward and up from the centre.

    Examples
    --------
    >>> spot = Spot(frames=1, height=32, width=32, radius_px=10)
    >>> float((spot.signal().sum() / (np.pi * 10**2)).round(4))
    1.0
    """

    type: Literal["spot"] = "spot"  # type: ignore[assignment]
    radius_px: Positive
    x_px: Number = 0.0
    y_px: Number = 0.0

    def paint(self, out: npt.NDArray[np.float32], start: int, gain: float, mean: float) -> None:
        """Write frames from `start` on into `out` (see `Stimulus.paint`)."""
        window = self._window()
        signal = self.trace(start, start + out.shape[1])[:, np.newaxis, np.newaxis] * window
        out[:] = mean + gain * signal

    def _window(self) -> npt.NDArray[np.float64]:
        disc = Disc(radius_px=self.radius_px, x_px=self.x_px, y_px=self.y_px)
        return disc.window(self.height, self.width)


class Annulus(Spot):
    """A ring that is shown for a while: from `inner_px` to `radius_px`."""

    type: Literal["annulus"] = "annulus"  # type: ignore[assignment]
    inner_px: NotNegative

    def _window(self) -> npt.NDArray[np.float64]:
        ring = Ring(inner_px=self.inner_px, outer_px=self.radius_px, x_px=self.x_px, y_px=self.y_px)
        return ring.window(self.height, self.width)


class Looming(Stimulus):
    """A disc that approaches at a constant speed, and would hit the eye at `collision_s`.

    An object of half-size `l` at speed `v` fills the half-angle
    ``atan(l / (v * (collision - t)))``; on a flat screen its radius is
    ``distance_px * (l / v) / (collision - t)``. From the collision on it
    fills the field. Source: Gabbiani et al. 1999,
    doi:10.1523/JNEUROSCI.19-03-01122.1999.

    Parameters
    ----------
    l_over_v_s
        Half-size over speed, in seconds.
    collision_s
        When it hits.
    distance_px
        From the eye to the screen, in pixels.

    Examples
    --------
    >>> disc = Looming(frames=10, height=9, width=9, frame_rate_hz=10, contrast=-1,
    ...                l_over_v_s=0.1, collision_s=1.0, distance_px=20)
    >>> disc.radii_px(0, 10).round(2).tolist()
    [2.0, 2.22, 2.5, 2.86, 3.33, 4.0, 5.0, 6.67, 10.0, 20.0]
    """

    type: Literal["looming"] = "looming"
    l_over_v_s: Positive
    collision_s: Positive
    distance_px: Positive
    x_px: Number = 0.0
    y_px: Number = 0.0

    def radii_px(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Give the radius at some frames, ``(time,)``; infinite from the collision on."""
        left = self.collision_s - self.times_s(start, stop)
        ahead = left > 1e-9
        radius = self.distance_px * self.l_over_v_s / np.where(ahead, left, 1.0)
        return np.where(ahead, radius, np.inf)

    def paint(self, out: npt.NDArray[np.float32], start: int, gain: float, mean: float) -> None:
        """Write frames from `start` on into `out` (see `Stimulus.paint`)."""
        x, y = grid(self.height, self.width)
        x, y = x - self.x_px, y - self.y_px
        farthest = np.hypot(abs(x).max(), abs(y).max()) + 1
        for frame, radius in zip(out[0], self.radii_px(start, start + out.shape[1]), strict=True):
            frame[:] = mean + gain * disc_coverage(x, y, min(radius, farthest))
        out[1:] = out[0]
