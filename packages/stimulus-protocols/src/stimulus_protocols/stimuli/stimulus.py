"""What every computed stimulus has: a size, a rate, a mean and a contrast."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from neuroai_core.errors import InputError
from stimulus_protocols.stimuli.apertures import AnyAperture
from stimulus_protocols.values import Contrast, Number, Positive, Size, Value

if TYPE_CHECKING:
    import torch


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
    aperture
        Where it is seen: the signal is multiplied with it, so that outside
        there is exactly the mean. A grating in a `GaussianWindow` is a Gabor.
    channel_contrasts
        What each channel's contrast is multiplied with; 1 by default.
    """

    frames: Size
    height: Size
    width: Size
    channels: Size = 1
    frame_rate_hz: Positive = 30.0
    mean: Number = 0.5
    contrast: Contrast = 1.0
    amplitude: Positive | None = None
    aperture: AnyAperture | None = None
    channel_contrasts: tuple[Contrast, ...] | None = None

    @model_validator(mode="after")
    def _has_contrast(self) -> Stimulus:
        if self.amplitude is None and self.mean <= 0:
            raise InputError(
                "contrast means nothing around this mean",
                key="mean",
                expected="more than 0, or an amplitude with it",
                found=self.mean,
            )
        if self.channel_contrasts is not None and len(self.channel_contrasts) != self.channels:
            raise InputError(
                "there is not one contrast a channel",
                key="channel_contrasts",
                expected=f"{self.channels} numbers",
                found=list(self.channel_contrasts),
            )
        return self

    @abstractmethod
    def paint(self, out: npt.NDArray[np.float32], start: int, gain: float, mean: float) -> None:
        """Write the whole field of frames from `start` on into `out`.

        Parameters
        ----------
        out
            ``(channels, time, height, width)``, filled with
            ``mean + gain * signal``.
        start
            The first frame.
        gain, mean
            What the signal is multiplied with, and what is added.
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
        return self._shown(start, stop, self.gain, self.mean)

    def signal(self, start: int = 0, stop: int | None = None) -> npt.NDArray[np.float32]:
        """Compute frames as deviations from the mean, at the stimulus's contrast.

        Returns
        -------
        float32 array ``(channels, time, height, width)``: ``contrast * signal``.
        """
        return self._shown(start, stop, self.contrast, 0.0)

    def _shown(
        self, start: int, stop: int | None, gain: float, mean: float
    ) -> npt.NDArray[np.float32]:
        stop = self.frames if stop is None else stop
        if not 0 <= start <= stop <= self.frames:
            raise InputError(
                "the frames are not within the stimulus",
                expected=f"0 <= start <= stop <= {self.frames}",
                found=f"start={start}, stop={stop}",
            )
        out = np.empty((self.channels, stop - start, self.height, self.width), np.float32)
        if out.size == 0:
            return out
        if self.aperture is None and self.channel_contrasts is None:
            self.paint(out, start, gain, mean)
            return out
        self.paint(out, start, gain, 0.0)
        if self.aperture is not None:
            out *= self.aperture.window(self.height, self.width).astype(np.float32)
        for channel, contrast in enumerate(self.channel_contrasts or ()):
            out[channel] *= np.float32(contrast)
        out += np.float32(mean)
        return out

    def tensor(self, start: int = 0, stop: int | None = None) -> torch.Tensor:
        """Compute frames as a torch tensor that shares the memory of `render`."""
        import torch

        return torch.from_numpy(self.render(start, stop))

    def times_s(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Give the times of frames in seconds, ``(time,)``."""
        return np.arange(start, stop) / self.frame_rate_hz
