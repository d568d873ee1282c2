"""Drifting and static gratings."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from neuroai_core.errors import InputError
from stimulus_protocols.stimuli.geometry import grid, heading
from stimulus_protocols.stimuli.stimulus import Stimulus
from stimulus_protocols.values import NotNegative, Number

#: Elements of the block of frames that is computed at once: it stays in the cache.
_BLOCK = 1 << 16


class Grating(Stimulus):
    """A grating that drifts (or stands, at 0 Hz).

    The signal is ``cos(2 pi (sf * u - tf * t) + phase)``, where `u` is the
    distance from the centre along the direction of motion.

    Parameters
    ----------
    spatial_frequency_cpp
        Cycles a pixel.
    temporal_frequency_hz
        Cycles a second; the pattern moves ``tf / sf`` pixels a second.
    direction_deg
        Direction of motion: 0 rightward, counter-clockwise. The bars stand
        at a right angle to it.
    phase_deg
        Phase at the centre at time 0; 0 is a bright bar.
    waveform
        ``"sine"``, or ``"square"``: the mean of a square wave over the area
        of each pixel, exact, so that edges move by parts of a pixel.

    Raises
    ------
    InputError
        If the frequencies are above Nyquist's limit, half a cycle a pixel
        (along x and along y) and half a cycle a frame: the grating would
        show another frequency.

    Examples
    --------
    >>> grating = Grating(frames=4, height=1, width=4, frame_rate_hz=4,
    ...                   spatial_frequency_cpp=0.25, temporal_frequency_hz=1, phase_deg=45)
    >>> grating.render()[0, :2, 0].round(2).tolist()
    [[0.5, 1.0, 0.5, 0.0], [0.0, 0.5, 1.0, 0.5]]
    """

    type: Literal["grating"] = "grating"
    spatial_frequency_cpp: NotNegative
    temporal_frequency_hz: NotNegative = 0.0
    direction_deg: Number = 0.0
    phase_deg: Number = 0.0
    waveform: Literal["sine", "square"] = "sine"

    @model_validator(mode="after")
    def _below_nyquist(self) -> Grating:
        ux, uy = heading(self.direction_deg)
        steepest = self.spatial_frequency_cpp * max(abs(ux), abs(uy))
        if steepest > 0.5:
            raise InputError(
                "a grating is finer than the pixels can show",
                key="spatial_frequency_cpp",
                expected=f"{0.5 / max(abs(ux), abs(uy)):.4g} cycles a pixel at most",
                found=self.spatial_frequency_cpp,
            )
        if 2 * self.temporal_frequency_hz > self.frame_rate_hz:
            raise InputError(
                "a grating drifts faster than the frames can show",
                key="temporal_frequency_hz",
                expected=f"{self.frame_rate_hz / 2:g} Hz at most",
                found=self.temporal_frequency_hz,
            )
        return self

    def paint(self, out: npt.NDArray[np.float32], start: int, gain: float, mean: float) -> None:
        """Write frames from `start` on into `out` (see `Stimulus.paint`)."""
        numerator, period = cycle(self.temporal_frequency_hz, self.frame_rate_hz)
        count = out.shape[1]
        new = min(count, period)
        # Cycles at each frame, reduced while they are whole numbers: exact at any frame.
        # Those of Python, as a frequency of 17 digits leaves 64 bits behind.
        drift = np.array([k * numerator % period / period for k in range(start, start + new)])
        first = out[0]
        if self.waveform == "sine":
            self._sine(first[:new], drift, gain, mean)
        else:
            self._square(first[:new], drift, gain, mean)
        repeat(first, new)
        out[1:] = first

    def _sine(
        self,
        out: npt.NDArray[np.float32],
        drift: npt.NDArray[np.float64],
        gain: float,
        mean: float,
    ) -> None:
        """Fill by cos(a - b) = cos a cos b + sin a sin b: two pictures, weighed anew in time."""
        x, y = grid(self.height, self.width)
        ux, uy = heading(self.direction_deg)
        cycles = self.spatial_frequency_cpp * (ux * x + uy * y[:, np.newaxis])
        angle = 2 * np.pi * (cycles + self.phase_deg / 360)
        cosine = (gain * np.cos(angle)).astype(np.float32)
        sine = (gain * np.sin(angle)).astype(np.float32)
        turned = 2 * np.pi * drift[:, np.newaxis, np.newaxis]
        of_cosine, of_sine = np.cos(turned).astype(np.float32), np.sin(turned).astype(np.float32)
        step = min(max(_BLOCK // cosine.size, 1), len(out))
        spare = np.empty((step, *cosine.shape), np.float32)
        for at in range(0, len(out), step):
            block, now = out[at : at + step], slice(at, at + step)
            np.multiply(of_cosine[now], cosine, out=block)
            block += np.multiply(of_sine[now], sine, out=spare[: len(block)])
            block += np.float32(mean)

    def _square(
        self,
        out: npt.NDArray[np.float32],
        drift: npt.NDArray[np.float64],
        gain: float,
        mean: float,
    ) -> None:
        x, y = grid(self.height, self.width)
        ux, uy = heading(self.direction_deg)
        frequency = self.spatial_frequency_cpp
        along_x, along_y = ux * x[np.newaxis], uy * y[:, np.newaxis]
        # Along an axis one profile is all there is to compute.
        where = along_x if uy == 0 else along_y if ux == 0 else along_x + along_y
        cycles = frequency * where + self.phase_deg / 360
        sides = frequency * abs(ux), frequency * abs(uy)
        for frame, drifted in zip(out, drift, strict=True):
            frame[:] = mean + gain * square_over(cycles - drifted, *sides)


@lru_cache(maxsize=64)
def cycle(frequency_hz: float, frame_rate_hz: float) -> tuple[int, int]:
    """Give cycles a frame as a fraction, numbers taken as the decimals they are written as.

    Returns
    -------
    numerator, period
        After `period` frames the phase is what it was.

    Examples
    --------
    >>> cycle(2.0, 30.0)
    (1, 15)
    """
    share = Fraction(repr(frequency_hz)) / Fraction(repr(frame_rate_hz))
    return share.numerator, share.denominator


def repeat(out: npt.NDArray[np.float32], period: int) -> None:
    """Fill the frames of `out` behind the first `period` with repetitions of those."""
    done = period
    while 0 < done < len(out):
        more = min(done, len(out) - done)
        out[done : done + more] = out[:more]
        done += more


def square_over(
    cycles: npt.NDArray[np.float64], side_a: float, side_b: float
) -> npt.NDArray[np.float64]:
    """Give the mean of the square wave sign(cos(2 pi c)) over a pixel around each `cycles`.

    Parameters
    ----------
    cycles
        Phase at the pixel's centre, in cycles, any shape.
    side_a, side_b
        How many cycles the pixel's two sides span.
    """
    a, b = sorted((side_a, side_b), reverse=True)
    if a < 1e-9:
        return np.where(_fold(cycles) < 0.25, 1.0, np.where(_fold(cycles) > 0.25, -1.0, 0.0))
    if b < 1e-4:
        # The difference of second integrals would lose its digits: the short
        # side is sampled at its middle, with an error of the order of b.
        return (_first_integral(cycles + a / 2) - _first_integral(cycles - a / 2)) / a
    far, near = (a + b) / 2, (a - b) / 2
    whole = _second_integral(cycles + far) - _second_integral(cycles + near)
    whole -= _second_integral(cycles - near) - _second_integral(cycles - far)
    return whole / (a * b)


def _fold(cycles: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Give the distance to the nearest whole number of cycles, 0 to 0.5."""
    return np.abs(cycles - np.round(cycles))


def _first_integral(cycles: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Integrate sign(cos(2 pi c)): a triangle wave that is odd around 0."""
    rest = cycles - np.round(cycles)
    return np.where(np.abs(rest) <= 0.25, rest, np.copysign(0.5, rest) - rest)


def _second_integral(cycles: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Integrate the triangle wave: parabolas, even around 0."""
    rest = _fold(cycles)
    return np.where(rest <= 0.25, rest**2 / 2, 1 / 16 - (0.5 - rest) ** 2 / 2)
