"""Stimuli that are one number a frame: flashes, steps, the chirp."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from neuroai_core.errors import InputError
from stimulus_protocols.stimuli.stimulus import Stimulus
from stimulus_protocols.values import Contrast, NotNegative, Positive


class FullField(Stimulus):
    """A stimulus that is the same all over the field."""

    @abstractmethod
    def trace(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Give the signal of some frames, ``(time,)``."""

    def paint(self, out: npt.NDArray[np.float32], start: int, gain: float, mean: float) -> None:
        """Write frames from `start` on into `out` (see `Stimulus.paint`)."""
        values = mean + gain * self.trace(start, start + out.shape[1])
        out[:] = values.astype(np.float32)[:, np.newaxis, np.newaxis]


class Uniform(FullField):
    """The background and nothing else.

    Examples
    --------
    >>> Uniform(frames=2, height=1, width=1).render().ravel().tolist()
    [0.5, 0.5]
    """

    type: Literal["uniform"] = "uniform"

    def trace(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Give the signal of some frames, ``(time,)``: 0."""
        return np.zeros(stop - start)


class Flash(FullField):
    """The whole field steps away from the mean, and back.

    Parameters
    ----------
    onset_s
        When it begins.
    duration_s
        How long it lasts; None is to the end: a step. Frames belong to it
        whose times lie from the onset to before the end.

    Examples
    --------
    >>> flash = Flash(frames=5, height=1, width=1, frame_rate_hz=10, onset_s=0.1, duration_s=0.2)
    >>> flash.render().ravel().tolist()
    [0.5, 1.0, 1.0, 0.5, 0.5]
    """

    type: Literal["flash"] = "flash"
    onset_s: NotNegative = 0.0
    duration_s: Positive | None = None

    def trace(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Give the signal of some frames, ``(time,)``: 0 or 1."""
        # Half a millionth of a frame: times are decimals, and so are onsets.
        time = self.times_s(start, stop) + 5e-7 / self.frame_rate_hz
        on = time >= self.onset_s
        if self.duration_s is not None:
            on &= time < self.onset_s + self.duration_s
        return on.astype(np.float64)


class Flickering(FullField):
    """The whole field goes up and down as a sine, or between two levels.

    Parameters
    ----------
    temporal_frequency_hz
        Cycles a second, up to half the frame rate.
    waveform
        ``"sine"`` starts at the mean and rises; ``"square"`` is up first.
    """

    type: Literal["flickering"] = "flickering"
    temporal_frequency_hz: Positive
    waveform: Literal["sine", "square"] = "sine"

    @model_validator(mode="after")
    def _below_nyquist(self) -> Flickering:
        below_nyquist(self.temporal_frequency_hz, self.frame_rate_hz, "temporal_frequency_hz")
        return self

    def trace(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Give the signal of some frames, ``(time,)``."""
        cycles = self.temporal_frequency_hz * self.times_s(start, stop)
        if self.waveform == "sine":
            return np.asarray(np.sin(2 * np.pi * cycles))
        return np.where((cycles + 1e-9) % 1 < 0.5, 1.0, -1.0)


class Chirp(FullField):
    """The chirp of the Euler lab: a step, a sweep of frequency, a ramp of contrast.

    Off 2 s, on 3 s, off 3 s, middle 2 s, a sine from 0 to `frequency_hz` in
    8 s, middle 2 s, a sine of `ramp_frequency_hz` from contrast 0 to 1 in
    8 s, middle 2 s, off 3 s: 33 s. Off is a signal of -1, on 1, the middle 0.

    Source: Baden et al. 2016, doi:10.1038/nature16468.

    Parameters
    ----------
    frequency_hz
        Where the sweep ends.
    start_frequency_hz
        Where it begins; 0, or 0.5 in some recordings.
    ramp_frequency_hz
        Frequency while the contrast rises.

    Examples
    --------
    >>> chirp = Chirp(frames=Chirp.frames_at(60), height=1, width=1, frame_rate_hz=60)
    >>> chirp.render()[0, [0, 150, 400, 500], 0, 0].tolist()
    [0.0, 1.0, 0.0, 0.5]
    """

    type: Literal["chirp"] = "chirp"
    frequency_hz: Positive = 8.0
    start_frequency_hz: NotNegative = 0.0
    ramp_frequency_hz: Positive = 2.0

    #: Seconds of its nine parts.
    DURATIONS_S: ClassVar = (2.0, 3.0, 3.0, 2.0, 8.0, 2.0, 8.0, 2.0, 3.0)

    @model_validator(mode="after")
    def _below_nyquist(self) -> Chirp:
        for key in ("frequency_hz", "start_frequency_hz", "ramp_frequency_hz"):
            below_nyquist(getattr(self, key), self.frame_rate_hz, key)
        return self

    @classmethod
    def frames_at(cls, frame_rate_hz: float) -> int:
        """Give how many frames the whole chirp lasts."""
        return round(sum(cls.DURATIONS_S) * frame_rate_hz)

    def trace(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Give the signal of some frames, ``(time,)``."""
        time = self.times_s(start, stop) + 5e-7 / self.frame_rate_hz
        edges = np.cumsum(self.DURATIONS_S)
        part = np.searchsorted(edges, time, side="right")
        since = time - np.concatenate([[0], edges])[part]
        sweep = (self.frequency_hz - self.start_frequency_hz) / (2 * self.DURATIONS_S[4])
        swept = np.sin(2 * np.pi * (self.start_frequency_hz * since + sweep * since**2))
        ramped = since / self.DURATIONS_S[6] * np.sin(2 * np.pi * self.ramp_frequency_hz * since)
        constant = np.array([-1.0, 1, -1, 0, 0, 0, 0, 0, -1, -1])[part]
        return np.where(part == 4, swept, np.where(part == 6, ramped, constant))


class ContrastStep(FullField):
    """A flicker whose contrast steps from one level to another.

    Parameters
    ----------
    temporal_frequency_hz
        Of the flicker, a sine.
    step_s
        When the contrast changes.
    before, after
        The contrasts, relative to that of the stimulus.
    """

    type: Literal["contrast_step"] = "contrast_step"
    temporal_frequency_hz: Positive
    step_s: NotNegative
    before: Contrast = 0.2
    after: Contrast = 1.0

    @model_validator(mode="after")
    def _below_nyquist(self) -> ContrastStep:
        below_nyquist(self.temporal_frequency_hz, self.frame_rate_hz, "temporal_frequency_hz")
        return self

    def trace(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Give the signal of some frames, ``(time,)``."""
        time = self.times_s(start, stop)
        late = time + 5e-7 / self.frame_rate_hz >= self.step_s
        level = np.where(late, self.after, self.before)
        return np.asarray(level * np.sin(2 * np.pi * self.temporal_frequency_hz * time))


def below_nyquist(frequency_hz: float, frame_rate_hz: float, key: str) -> None:
    """Raise `InputError` for a frequency that the frames cannot show."""
    if 2 * frequency_hz > frame_rate_hz:
        raise InputError(
            "a frequency is higher than the frames can show",
            key=key,
            expected=f"{frame_rate_hz / 2:g} Hz at most",
            found=frequency_hz,
        )
