"""Random dots of which some move together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from neuroai_core.rng import uniform
from stimulus_protocols.stimuli.geometry import grid, heading
from stimulus_protocols.stimuli.stimulus import Stimulus
from stimulus_protocols.values import Fraction01, NotNegative, Number, Positive, Size, Whole


@dataclass(frozen=True, eq=False)
class DotTable:
    """Where each dot is at each frame.

    Parameters
    ----------
    x_px, y_px
        Positions, ``(time, dots)``, rightward and up from the image centre.
    direction_deg
        Where each goes, ``(time, dots)``.
    signal
        Whether it is one of those that move together, ``(time, dots)``.
    life
        How many times it was born anew, ``(time, dots)``.
    """

    x_px: npt.NDArray[np.float64]
    y_px: npt.NDArray[np.float64]
    direction_deg: npt.NDArray[np.float64]
    signal: npt.NDArray[np.bool_]
    life: npt.NDArray[np.int64]


class RandomDots(Stimulus):
    """Dots that live for a while, each moving straight, a part of them in one direction.

    Every life of every dot is a function of ``(seed, dot, life)``, so any
    frame can be computed alone, and times are seconds, so the motion is the
    same at any frame rate. A dot that leaves on one side comes in on the other.

    Parameters
    ----------
    dots
        How many.
    radius_px
        Of a dot.
    coherence
        Which part of the dots moves together; the others go anywhere.
    coherence_rule
        ``"exact"``: so many of the dots, rounded, are those at any time;
        ``"bernoulli"``: each life of each dot is drawn.
    direction_deg, speed_px_s
        Of those that move together; the others have the same speed.
    lifetime_s
        After which a dot appears elsewhere; dots are born at different times.
        None: they never are.
    """

    type: Literal["random_dots"] = "random_dots"
    dots: Size = 100
    radius_px: Positive = 1.0
    coherence: Fraction01 = 1.0
    coherence_rule: Literal["exact", "bernoulli"] = "exact"
    direction_deg: Number = 0.0
    speed_px_s: NotNegative = 30.0
    lifetime_s: Positive | None = None
    seed: Whole = 0

    def dot_table(self, start: int = 0, stop: int | None = None) -> DotTable:
        """Give where the dots are from frame `start` to `stop`."""
        stop = self.frames if stop is None else stop
        time = self.times_s(start, stop)[:, np.newaxis]
        numbers = np.arange(self.dots)
        # Births are spread over a lifetime, evenly.
        phase = (numbers + 0.5) / self.dots
        if self.lifetime_s is None:
            life = np.zeros((len(time), self.dots), np.int64)
            age = np.broadcast_to(time, life.shape)
        else:
            lives = time / self.lifetime_s + phase
            life = np.floor(lives + 1e-9).astype(np.int64)
            age = np.maximum(lives - life, 0) * self.lifetime_s
        u = uniform(self.seed, self.type, index=life * self.dots + numbers, n=4)
        signal = (
            np.broadcast_to(numbers < round(self.coherence * self.dots), life.shape)
            if self.coherence_rule == "exact"
            else u[..., 2] < self.coherence
        )
        angle = np.where(signal, np.deg2rad(self.direction_deg), 2 * np.pi * u[..., 3])
        ux, uy = heading(self.direction_deg)
        way_x, way_y = np.where(signal, ux, np.cos(angle)), np.where(signal, uy, np.sin(angle))
        moved = self.speed_px_s * age
        return DotTable(
            x_px=(u[..., 0] * self.width + moved * way_x) % self.width - self.width / 2,
            y_px=(u[..., 1] * self.height + moved * way_y) % self.height - self.height / 2,
            direction_deg=np.rad2deg(angle) % 360,
            signal=signal,
            life=life,
        )

    def paint(self, out: npt.NDArray[np.float32], start: int, gain: float, mean: float) -> None:
        """Write frames from `start` on into `out` (see `Stimulus.paint`)."""
        table = self.dot_table(start, start + out.shape[1])
        x, y = grid(self.height, self.width)
        reach = self.radius_px + 1
        for frame, xs, ys in zip(out[0], table.x_px, table.y_px, strict=True):
            signal = np.zeros((self.height, self.width))
            for dot_x, dot_y in zip(xs, ys, strict=True):
                columns = slice(*np.searchsorted(x, [dot_x - reach, dot_x + reach]))
                rows = slice(*np.searchsorted(-y, [-dot_y - reach, -dot_y + reach]))
                distance = np.hypot(x[columns] - dot_x, (y[rows] - dot_y)[:, np.newaxis])
                # A soft edge one pixel wide: half of it lies inside.
                dot = np.clip(self.radius_px + 0.5 - distance, 0, 1)
                np.maximum(signal[rows, columns], dot, out=signal[rows, columns])
            frame[:] = mean + gain * signal
        out[1:] = out[0]
