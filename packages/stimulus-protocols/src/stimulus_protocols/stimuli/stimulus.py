"""What every computed stimulus has: a size, a rate, a mean and a contrast."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated

import numpy as np
import numpy.typing as npt
from pydantic import BeforeValidator, Field, model_validator

from neuroai_core.errors import InputError
from stimulus_protocols.values import Number, Positive, Size, Value, _number

if TYPE_CHECKING:
    import torch

#: -1 to 1; a negative contrast exchanges light and dark.
Contrast = Annotated[float, BeforeValidator(_number), Field(ge=-1, le=1)]


class Stimulus(Value):
    """A computed stimulus: every frame a function of its parameters and its number.

    Its luminance is ``mean + contrast * amplitude * signal``, linear (gamma is
    applied on export only), where the signal lies around 0 and, unless the
    stimulus says otherwise, within -1 and 1.

    Parameters
    ----------
    frames, height, width, channels
        Size; channels are alike unless the stimulus says otherwise.
    frame_rate_hz
        Frame `k` shows the time ``k / frame_rate_hz``.
    mean
        Luminance of the background.
    contrast
        -1 to 1. With the default amplitude, Michelson's contrast.
    amplitude
        Deviation from the mean at contrast 1; the mean itself by default.
        Data that are centred (mean 0) need it.
    """

    frames: Size
    height: Size
    width: Size
    channels: Size = 1
    frame_rate_hz: Positive = 30.0
    mean: Number = 0.5
    contrast: Contrast = 1.0
    amplitude: Positive | None = None

    @model_validator(mode="after")
    def _has_contrast(self) -> Stimulus:
        if self.amplitude is None and self.mean <= 0:
            raise InputError(
                "contrast means nothing around this mean",
                key="mean",
                expected="more than 0, or an amplitude with it",
                found=self.mean,
            )
        return self

    @abstractmethod
    def paint(self, out: npt.NDArray[np.float32], start: int, gain: float) -> None:
        """Write frames from `start` on into `out`.

        Parameters
        ----------
        out
            ``(channels, time, height, width)``, filled with
            ``mean + gain * signal``.
        start
            The first frame.
        gain
            What the signal is multiplied with.
        """

    def __len__(self) -> int:
        return self.frames

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """``(channels, time, height, width)``."""
        return self.channels, self.frames, self.height, self.width

    @property
    def gain(self) -> float:
        """What the signal is multiplied with: contrast times amplitude."""
        return self.contrast * (self.mean if self.amplitude is None else self.amplitude)

    def render(self, start: int = 0, stop: int | None = None) -> npt.NDArray[np.float32]:
        """Compute the frames from `start` to `stop`, those alone.

        Returns
        -------
        float32 array ``(channels, time, height, width)``, in memory of its own.

        Raises
        ------
        InputError
            If the frames are not within the stimulus.
        """
        stop = self.frames if stop is None else stop
        if not 0 <= start <= stop <= self.frames:
            raise InputError(
                "the frames are not within the stimulus",
                expected=f"0 <= start <= stop <= {self.frames}",
                found=f"start={start}, stop={stop}",
            )
        out = np.empty((self.channels, stop - start, self.height, self.width), np.float32)
        self.paint(out, start, self.gain)
        return out

    def tensor(self, start: int = 0, stop: int | None = None) -> torch.Tensor:
        """Compute frames as a torch tensor that shares the memory of `render`."""
        import torch

        return torch.from_numpy(self.render(start, stop))

    def times_s(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Give the times of frames in seconds, ``(time,)``."""
        return np.arange(start, stop) / self.frame_rate_hz


def grid(height: int, width: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Give the pixel centres: x rightward ``(width,)``, y up ``(height,)``, origin at the centre.

    Examples
    --------
    >>> x, y = grid(2, 3)
    >>> x.tolist(), y.tolist()
    ([-1.0, 0.0, 1.0], [0.5, -0.5])
    """
    x = np.arange(width, dtype=np.float64) - (width - 1) / 2
    return x, (height - 1) / 2 - np.arange(height, dtype=np.float64)


def heading(direction_deg: float) -> tuple[float, float]:
    """Give the unit vector of a direction: exact along the axes.

    Examples
    --------
    >>> heading(90), heading(180)
    ((0.0, 1.0), (-1.0, 0.0))
    """
    quarter, rest = divmod(direction_deg % 360, 90)
    if rest == 0:
        return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(quarter) % 4]
    angle = np.deg2rad(direction_deg)
    return float(np.cos(angle)), float(np.sin(angle))
