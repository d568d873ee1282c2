"""Contrast over time: constant, ramps and flicker, as gains."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from neuroai_core.errors import InputError
from stimulus_protocols.values import NotNegative, Number, Positive, Value


class Ramp(Value):
    """A contrast that goes from `start` on the first step to `stop` on the last.

    Parameters
    ----------
    start, stop
        Contrasts of 0 or more.
    scale
        ``"linear"``, or ``"log"``: equal factors, so that neither end is 0.

    Examples
    --------
    >>> gains(Ramp(start=0.1, stop=1.0, scale="log"), np.arange(3), 3).round(3).tolist()
    [0.1, 0.316, 1.0]
    """

    type: Literal["ramp"] = "ramp"
    start: NotNegative
    stop: NotNegative
    scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _log_of_more_than_0(self) -> Ramp:
        if self.scale == "log" and min(self.start, self.stop) == 0:
            raise InputError(
                "a logarithmic ramp has no 0", expected="start and stop of more than 0"
            )
        return self


class Flicker(Value):
    """A contrast that goes up and down, as in frequency tagging.

    Parameters
    ----------
    period_frames
        Steps of one cycle; 2 or more, not necessarily whole.
    low, high
        The contrasts it goes between.
    shape
        ``"sine"`` starts half way and rises; ``"square"`` is high for the
        first half of every cycle.
    phase_deg
        Where in the cycle it starts.

    Examples
    --------
    >>> gains(Flicker(period_frames=4, shape="square"), np.arange(6), 6).tolist()
    [1.0, 1.0, 0.0, 0.0, 1.0, 1.0]
    """

    type: Literal["flicker"] = "flicker"
    period_frames: Positive
    low: NotNegative = 0.0
    high: NotNegative = 1.0
    shape: Literal["sine", "square"] = "sine"
    phase_deg: Number = 0.0

    @model_validator(mode="after")
    def _below_nyquist(self) -> Flicker:
        if self.period_frames < 2:
            raise InputError(
                "a flicker is faster than the steps can show",
                key="period_frames",
                expected="2 or more",
                found=self.period_frames,
            )
        return self


#: A contrast that changes from step to step.
Changing: TypeAlias = Annotated[Ramp | Flicker, Field(discriminator="type")]


def gains(
    contrast: float | Ramp | Flicker, steps: npt.NDArray[np.int64], length: int
) -> npt.NDArray[np.float64]:
    """Give the gain at some steps of a segment of `length` steps: float64, shape of `steps`."""
    if isinstance(contrast, Ramp):
        part = steps / max(length - 1, 1)
        if contrast.scale == "log":
            return np.asarray(contrast.start * (contrast.stop / contrast.start) ** part)
        return np.asarray(contrast.start + (contrast.stop - contrast.start) * part)
    if isinstance(contrast, Flicker):
        cycle = (steps / contrast.period_frames + contrast.phase_deg / 360) % 1
        if contrast.shape == "square":
            return np.where(cycle < 0.5, contrast.high, contrast.low)
        middle, half = (contrast.high + contrast.low) / 2, (contrast.high - contrast.low) / 2
        return np.asarray(middle + half * np.sin(2 * np.pi * cycle))
    return np.full(steps.shape, contrast)
