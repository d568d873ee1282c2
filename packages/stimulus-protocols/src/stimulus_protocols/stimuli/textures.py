"""Random textures with a given spectrum: 1/f noise and motion clouds."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from neuroai_core.errors import InputError
from neuroai_core.rng import generator
from stimulus_protocols.stimuli.geometry import heading
from stimulus_protocols.stimuli.stimulus import Stimulus
from stimulus_protocols.values import NotNegative, Number, Positive, Size, Value, Whole


class PinkNoise(Stimulus):
    """Pictures of 1/f noise: Gaussian, with a power that falls with spatial frequency.

    The signal of every picture has mean 0 and standard deviation 1, so the
    contrast is the RMS contrast. Every update is a function of
    ``(seed, update)`` alone. It is periodic over the field.

    Parameters
    ----------
    power_exponent
        Power is proportional to ``1 / f**power_exponent``: 2 is what natural
        images have, 0 white noise.
    frames_per_update
        How many frames show the same picture.
    """

    type: Literal["pink_noise"] = "pink_noise"
    power_exponent: NotNegative = 2.0
    frames_per_update: Size = 1
    seed: Whole = 0

    def paint(self, out: npt.NDArray[np.float32], start: int, gain: float, mean: float) -> None:
        """Write frames from `start` on into `out` (see `Stimulus.paint`)."""
        fy, fx = np.fft.fftfreq(self.height)[:, np.newaxis], np.fft.rfftfreq(self.width)
        frequency = np.hypot(fx, fy)
        frequency[0, 0] = 1
        amplitude = frequency ** (-self.power_exponent / 2)
        amplitude[0, 0] = 0
        for at in range(out.shape[1]):
            frame = start + at
            if at and frame % self.frames_per_update:
                out[0, at] = out[0, at - 1]
                continue
            draw = generator(self.seed, self.type, frame // self.frames_per_update)
            white = draw.standard_normal((self.height, self.width))
            out[0, at] = mean + gain * shaped(white, amplitude)
        out[1:] = out[0]


class Cloud(Value):
    """The shape of a motion cloud's spectrum, in the units of its discrete field."""

    frames: int
    height: int
    width: int
    spatial_frequency_cpp: float
    spatial_bandwidth_octaves: float
    direction_deg: float
    direction_bandwidth_deg: float
    speed_px_frame: float
    speed_bandwidth_px_frame: float
    seed: int


class MotionCloud(Stimulus):
    """A random texture in motion: a band of spatial frequencies, directions and speeds.

    White noise is filtered by the envelope of Sanz Leon et al. 2012
    (doi:10.1152/jn.00737.2011), as their program MotionClouds does:
    log-normal in spatial frequency, von Mises in direction, a Gaussian around
    the plane of the speed. The signal has mean 0 and standard deviation 1, so
    the contrast is the RMS contrast.

    The texture is periodic in space and, over `period_frames`, in time: it is
    computed for one period whatever part of it is asked for.

    Parameters
    ----------
    spatial_frequency_cpp
        The middle of the band, cycles a pixel.
    spatial_bandwidth_octaves
        Width of the band: in MotionClouds, ``log2((sf_0 + B_sf) / sf_0)``.
    direction_deg, direction_bandwidth_deg
        Direction of motion, and its spread (that of a Gaussian for small ones).
    speed_px_s, speed_bandwidth_px_s
        Speed along the direction, and its spread.
    period_frames
        After how many frames it begins again; all of them by default.
    """

    type: Literal["motion_cloud"] = "motion_cloud"
    spatial_frequency_cpp: Annotated[Positive, Field(le=0.5)] = 0.1
    spatial_bandwidth_octaves: Positive = 0.5
    direction_deg: Number = 0.0
    direction_bandwidth_deg: Positive = 15.0
    speed_px_s: NotNegative = 30.0
    speed_bandwidth_px_s: Positive = 10.0
    period_frames: Size | None = None
    seed: Whole = 0

    @model_validator(mode="after")
    def _below_nyquist(self) -> MotionCloud:
        shown = self.speed_px_s * self.spatial_frequency_cpp
        if 2 * shown > self.frame_rate_hz:
            raise InputError(
                "a motion cloud moves faster than the frames can show",
                key="speed_px_s",
                expected=f"{self.frame_rate_hz / 2 / self.spatial_frequency_cpp:g} at most",
                found=self.speed_px_s,
            )
        return self

    def paint(self, out: npt.NDArray[np.float32], start: int, gain: float, mean: float) -> None:
        """Write frames from `start` on into `out` (see `Stimulus.paint`)."""
        period = self.period_frames or self.frames
        cloud = Cloud(
            frames=period,
            height=self.height,
            width=self.width,
            spatial_frequency_cpp=self.spatial_frequency_cpp,
            spatial_bandwidth_octaves=self.spatial_bandwidth_octaves,
            direction_deg=self.direction_deg,
            direction_bandwidth_deg=self.direction_bandwidth_deg,
            speed_px_frame=self.speed_px_s / self.frame_rate_hz,
            speed_bandwidth_px_frame=self.speed_bandwidth_px_s / self.frame_rate_hz,
            seed=self.seed,
        )
        block = _block(cloud)
        for at in range(out.shape[1]):
            np.multiply(block[(start + at) % period], np.float32(gain), out=out[0, at])
        out[0] += np.float32(mean)
        out[1:] = out[0]


@lru_cache(maxsize=2)
def _block(cloud: Cloud) -> npt.NDArray[np.float32]:
    """Compute one period of a motion cloud, ``(time, height, width)``; the last two are kept."""
    shape = cloud.frames, cloud.height, cloud.width
    white = generator(cloud.seed, "motion_cloud").standard_normal(shape, dtype=np.float32)
    return shaped(white, envelope(cloud)).astype(np.float32)


def envelope(cloud: Cloud) -> npt.NDArray[np.float64]:
    """Give the amplitude of a motion cloud by frequency, ``(time, height, width // 2 + 1)``."""
    ft = np.fft.fftfreq(cloud.frames)[:, np.newaxis, np.newaxis]
    # Rows count downward, y counts up.
    fy = -np.fft.fftfreq(cloud.height)[np.newaxis, :, np.newaxis]
    fx = np.fft.rfftfreq(cloud.width)[np.newaxis, np.newaxis, :]
    radius = np.hypot(fx, fy)
    some = np.where(radius == 0, 1, radius)
    octaves = np.log2(some / cloud.spatial_frequency_cpp) / cloud.spatial_bandwidth_octaves
    band = np.exp(-(octaves**2) / 2) / some
    ux, uy = heading(cloud.direction_deg)
    along = (fx * ux + fy * uy) / some
    # Von Mises over orientations, cos(2 a) / (4 b^2): both signs of a frequency are one.
    turned = np.exp((along**2 - 1) / (2 * np.deg2rad(cloud.direction_bandwidth_deg) ** 2))
    moved = ft + cloud.speed_px_frame * along * some
    plane = np.exp(-(moved**2) / (2 * (cloud.speed_bandwidth_px_frame * some) ** 2))
    return np.where(radius == 0, 0, band * turned * plane)


def shaped(
    white: npt.NDArray[np.floating], amplitude: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Filter white noise, and bring it to mean 0 and standard deviation 1."""
    axes = tuple(range(white.ndim))
    spectrum = np.fft.rfftn(white) * amplitude
    noise = np.fft.irfftn(spectrum, s=white.shape, axes=axes)
    spread = float(noise.std())
    if spread == 0:
        raise InputError(
            "the texture is empty: no frequency of the field lies in its band",
            hint="a larger field, a wider band or another frequency",
        )
    return np.asarray((noise - noise.mean()) / spread)
