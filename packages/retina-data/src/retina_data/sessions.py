"""What a session is: one recording of some neurons while a stimulus was shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import problems
from retina_data.movies import Stimulus

Responses = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Recording:
    """How something was recorded; None or empty where it is not known.

    Parameters
    ----------
    species, method
        ``"mouse"``; ``"two-photon calcium imaging"``.
    rate_hz
        Frames of the stimulus, and response values, a second.
    pixel_um
        Width of a stimulus pixel on the retina.
    units
        What a response value is.
    doi
        Of the data.
    """

    species: str = ""
    method: str = ""
    rate_hz: float | None = None
    pixel_um: float | None = None
    units: str = ""
    doi: str = ""


@dataclass(frozen=True, eq=False)
class Test:
    """A stimulus for testing, with the responses to its repeats.

    Parameters
    ----------
    stimulus
        What was shown.
    responses
        Mean over the trials, ``(neurons, time)``.
    trials
        ``(trials, neurons, time)``, NaN where a trial has no value (ragged
        trials); None if there are no single trials.
    """

    __test__ = False  # no test class for pytest

    stimulus: Stimulus
    responses: Responses
    trials: Responses | None = None

    def problems(self, neurons: int, where: str) -> list[str]:
        """List what does not fit together."""
        expected = (neurons, len(self.stimulus))
        found = []
        if self.responses.shape != expected:
            found.append(f"{where} responses: shape {self.responses.shape}, expected {expected}")
        found += _values(self.responses, f"{where} responses")
        found += [f"{where} stimulus: {p}" for p in self.stimulus.movie.problems()]
        if self.trials is not None:
            if self.trials.ndim != 3 or self.trials.shape[1:] != expected:
                found.append(
                    f"{where} trials: shape {self.trials.shape}, expected (trials, *{expected})"
                )
            if np.isinf(self.trials).any():
                found.append(f"{where} trials: infinite values")
        return found


@dataclass(frozen=True, eq=False)
class Session:
    """One recording: what was shown for training, the responses, and the tests.

    Parameters
    ----------
    name
        The session's key.
    stimulus
        What was shown, in the order it was shown.
    responses
        ``(neurons, time)``, a value for each frame of `stimulus`.
    tests
        Stimuli for testing by name.
    clips
        Which clips were shown, one after the other; a clip that was shown
        twice, or another with the same content, stands there twice.
    clip_length
        Frames of a clip.
    clip_starts
        When each of `clips` began; by default they follow each other from 0.
    breaks
        Times at which the presentation was interrupted: the frame there did
        not follow the one before.
    neurons
        Table of the neurons: arrays whose first axis is the neuron.
    recording
        How it was recorded.
    path
        The file it came from, for messages.

    Raises
    ------
    ProblemsError
        If anything does not fit together; every problem is listed.
    """

    name: str
    stimulus: Stimulus
    responses: Responses
    tests: Mapping[str, Test]
    clips: npt.NDArray[np.int64]
    clip_length: int
    clip_starts: npt.NDArray[np.int64] | None = None
    breaks: tuple[int, ...] = ()
    neurons: Mapping[str, npt.NDArray[np.generic]] = field(default_factory=dict)
    recording: Recording = field(default_factory=Recording)
    path: object = None

    def __post_init__(self) -> None:
        if self.clip_starts is None:
            starts = np.arange(len(self.clips), dtype=np.int64) * self.clip_length
            object.__setattr__(self, "clip_starts", starts)
        found = self._problems()
        if found:
            raise problems(f"session {self.name!r} does not fit together", found, path=self.path)

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        """When each of `clips` began."""
        return np.zeros(0, np.int64) if self.clip_starts is None else self.clip_starts

    @property
    def n_neurons(self) -> int:
        """How many neurons were recorded."""
        return int(self.responses.shape[0])

    def _problems(self) -> list[str]:
        if self.responses.ndim != 2:
            return [f"responses: shape {self.responses.shape}, expected (neurons, time)"]
        neurons, time = self.responses.shape
        found = _values(self.responses, "responses")
        found += [f"stimulus: {p}" for p in self.stimulus.movie.problems()]
        if neurons == 0:
            found.append("responses: no neuron")
        if time != len(self.stimulus):
            found.append(f"responses: {time} values in time for {len(self.stimulus)} frames")
        ends = self.starts + self.clip_length
        if (
            self.clip_length < 1
            or len(self.starts) != len(self.clips)
            or not len(ends)
            or self.starts.min() < 0
            or ends.max() > time
            or (self.starts[1:] < ends[:-1]).any()
        ):
            found.append(
                f"clips: {len(self.clips)} of {self.clip_length} frames do not fit {time} frames"
            )
        outside = [b for b in self.breaks if not 0 < b < time]
        if outside:
            found.append(f"breaks: {outside} are outside 1 to {time - 1}")
        for name, test in self.tests.items():
            found += test.problems(neurons, f"test {name!r}")
            if test.stimulus.shape[::2] + test.stimulus.shape[3:] != (
                self.stimulus.shape[::2] + self.stimulus.shape[3:]
            ):
                found.append(
                    f"test {name!r} stimulus: shape {test.stimulus.shape} does not go with "
                    f"{self.stimulus.shape} in channels, height and width"
                )
        for key, column in self.neurons.items():
            if len(column) != neurons:
                found.append(f"neurons[{key!r}]: {len(column)} rows for {neurons} neurons")
        return found


def _values(responses: Responses, where: str) -> list[str]:
    """List the neurons with values that are no numbers."""
    if responses.ndim != 2:
        return []
    bad = np.flatnonzero(~np.isfinite(responses).all(axis=1))
    if not len(bad):
        return []
    shown = ", ".join(map(str, bad[:8])) + (", ..." if len(bad) > 8 else "")
    return [f"{where}: NaN or infinite values in {len(bad)} of {len(responses)} neurons ({shown})"]
