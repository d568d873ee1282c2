"""Stimuli made of stimuli: several at once, or one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from neuroai_core.errors import InputError
from stimulus_protocols.stimuli.gratings import Grating
from stimulus_protocols.stimuli.stimulus import Stimulus

if TYPE_CHECKING:
    # At run time, all kinds of stimuli: `catalogue` says which.
    AnyStimulus = Stimulus


class Together(Stimulus):
    """Several stimuli at once: their signals, each at its own contrast and aperture, add.

    Parameters
    ----------
    parts
        Stimuli of the same size, length and frame rate. Their means are not used.
    """

    type: Literal["together"] = "together"
    parts: tuple[AnyStimulus, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _alike(self) -> Together:
        for index, part in enumerate(self.parts):
            _check_alike(self, part, index, frames=True)
        return self

    def paint(self, out: npt.NDArray[np.float32], start: int, gain: float, mean: float) -> None:
        """Write frames from `start` on into `out` (see `Stimulus.paint`)."""
        stop = start + out.shape[1]
        out[:] = self.parts[0].signal(start, stop)
        for part in self.parts[1:]:
            out += part.signal(start, stop)
        out *= np.float32(gain)
        out += np.float32(mean)


class InTurn(Stimulus):
    """Several stimuli one after the other; each begins at its own frame 0.

    Parameters
    ----------
    parts
        Stimuli of the same size, frame rate, mean and amplitude, as long as
        this one together.
    """

    type: Literal["in_turn"] = "in_turn"
    parts: tuple[AnyStimulus, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _alike(self) -> InTurn:
        for index, part in enumerate(self.parts):
            _check_alike(self, part, index, frames=False)
            _check_luminance(self, part, index)
        total = sum(part.frames for part in self.parts)
        if total != self.frames:
            raise InputError(
                "the parts are not as long as the whole",
                key="frames",
                expected=total,
                found=self.frames,
            )
        return self

    def paint(self, out: npt.NDArray[np.float32], start: int, gain: float, mean: float) -> None:
        """Write frames from `start` on into `out` (see `Stimulus.paint`)."""
        stop, begin = start + out.shape[1], 0
        for part in self.parts:
            low, high = max(start, begin), min(stop, begin + part.frames)
            if low < high:
                signal = part.signal(low - begin, high - begin)
                out[:, low - start : high - start] = mean + np.float32(gain) * signal
            begin += part.frames


def together(*parts: Stimulus) -> Together:
    """Show stimuli at once.

    Examples
    --------
    >>> from stimulus_protocols.stimuli import Flash
    >>> half = Flash(frames=1, height=1, width=1, contrast=0.5)
    >>> together(half, half).render().ravel().tolist()
    [1.0]
    """
    return Together(parts=parts, **_size(parts[0]))


def in_turn(*parts: Stimulus) -> InTurn:
    """Show stimuli one after the other.

    Examples
    --------
    >>> from stimulus_protocols.stimuli import Flash, Uniform
    >>> in_turn(Uniform(frames=1, height=1, width=1),
    ...         Flash(frames=2, height=1, width=1)).render().ravel().tolist()
    [0.5, 1.0, 1.0]
    """
    size = _size(parts[0]) | {"frames": sum(part.frames for part in parts)}
    return InTurn(parts=parts, **size)


def plaid(grating: Grating, angle_deg: float = 90.0) -> Together:
    """Show a grating and the same turned by an angle, each at half the contrast."""
    half = grating.contrast / 2
    turned = grating.direction_deg + angle_deg
    return together(
        grating.model_copy(update={"contrast": half}),
        grating.model_copy(update={"contrast": half, "direction_deg": turned}),
    )


def counterphase(grating: Grating) -> Together:
    """Show a standing grating that reverses: two opposite ones, each at half the contrast.

    It is ``cos(2 pi sf u + phase) * cos(2 pi tf t)``.
    """
    back = {
        "contrast": grating.contrast / 2,
        "direction_deg": grating.direction_deg + 180,
        # The same phase at the centre, seen along the opposite direction.
        "phase_deg": -grating.phase_deg,
    }
    return together(
        grating.model_copy(update={"contrast": grating.contrast / 2}),
        grating.model_copy(update=back),
    )


def _size(part: Stimulus) -> dict[str, Any]:
    names = ("frames", "height", "width", "channels", "frame_rate_hz", "mean", "amplitude")
    return {name: getattr(part, name) for name in names}


def _check_alike(whole: Stimulus, part: Stimulus, index: int, *, frames: bool) -> None:
    names = ("height", "width", "channels", "frame_rate_hz", *(("frames",) if frames else ()))
    for name in names:
        if getattr(part, name) != getattr(whole, name):
            raise InputError(
                "a part is not like the whole",
                key=f"parts.{index}.{name}",
                expected=getattr(whole, name),
                found=getattr(part, name),
            )


def _check_luminance(whole: Stimulus, part: Stimulus, index: int) -> None:
    """Refuse a part that would be shown around another mean, or stronger, than it says."""
    for name in ("mean", "amplitude"):
        # The amplitude is the mean where nothing else is said.
        expected, found = (
            one.mean if getattr(one, name) is None else getattr(one, name) for one in (whole, part)
        )
        if expected != found:
            raise InputError(
                "a part is not shown with the luminance of the whole",
                key=f"parts.{index}.{name}",
                expected=expected,
                found=found,
                hint="stimuli in turn share one mean and amplitude",
            )
