"""Three stimuli as functions from a shape to an array."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import InputError, strict_arguments
from stimulus_protocols.stimuli.bars import MovingBar
from stimulus_protocols.stimuli.gratings import Grating
from stimulus_protocols.stimuli.white_noise import WhiteNoise


@strict_arguments
def generate_gratings(
    shape: tuple[int, int, int, int],
    temporal_frequency: float = 2.0,
    spatial_frequency: float = 0.1,
    orientation: float = 0.0,
    *,
    frame_rate: float = 30.0,
    contrast: float = 1.0,
    mean: float = 0.5,
    amplitude: float | None = None,
    phase: float = 0.0,
) -> npt.NDArray[np.float32]:
    """Compute a drifting sine grating.

    Parameters
    ----------
    shape
        ``(channels, time, height, width)``.
    temporal_frequency
        Hz.
    spatial_frequency
        Cycles a pixel.
    orientation
        Of the bars, in degrees: 0 is horizontal, counter-clockwise. The
        grating moves at a right angle to them, towards ``orientation - 90``:
        90 deg are upright bars that move rightward.
    frame_rate
        Frames a second.
    contrast, mean
        Michelson contrast around a mean luminance.
    amplitude
        Deviation from the mean at contrast 1, by default the mean itself;
        needed for data that are centred, ``mean=0, amplitude=1``.
    phase
        Degrees, at the image centre at time 0; 0 is a bright bar.

    Returns
    -------
    float32 array of that shape.

    Raises
    ------
    InputError
        If the frequencies are above Nyquist's limit.

    Examples
    --------
    >>> grating = generate_gratings(shape=(2, 30, 16, 18), temporal_frequency=2.0,
    ...                             spatial_frequency=0.1, orientation=45)
    >>> grating.shape, grating.dtype
    ((2, 30, 16, 18), dtype('float32'))
    """
    channels, frames, height, width = _four(shape)
    return Grating(
        channels=channels,
        frames=frames,
        height=height,
        width=width,
        temporal_frequency_hz=temporal_frequency,
        spatial_frequency_cpp=spatial_frequency,
        direction_deg=orientation - 90,
        frame_rate_hz=frame_rate,
        contrast=contrast,
        mean=mean,
        amplitude=amplitude,
        phase_deg=phase,
    ).render()


@strict_arguments
def generate_noise_stimulus(
    shape: tuple[int, int, int, int],
    distribution: Literal["gaussian", "binary", "ternary", "uniform"] = "gaussian",
    *,
    contrast: float = 1.0,
    mean: float = 0.5,
    amplitude: float | None = None,
    seed: int = 0,
) -> npt.NDArray[np.float32]:
    """Compute white noise, independent in every pixel, frame and channel.

    Parameters
    ----------
    shape
        ``(channels, time, height, width)``.
    distribution
        ``"gaussian"``, ``"binary"``, ``"ternary"`` or ``"uniform"``.
    contrast, mean
        The values are ``mean * (1 + contrast * s)``; `s` has a standard
        deviation of 1 (gaussian) or lies within -1 and 1 (the others).
    amplitude
        As for `generate_gratings`.
    seed
        The same seed gives the same noise; global random state is not used.

    Returns
    -------
    float32 array of that shape.

    Examples
    --------
    >>> noise = generate_noise_stimulus(shape=(2, 30, 16, 18), distribution="gaussian")
    >>> noise.shape, round(float(noise.mean()), 1), round(float(noise.std()), 1)
    ((2, 30, 16, 18), 0.5, 0.5)
    """
    channels, frames, height, width = _four(shape)
    return WhiteNoise(
        channels=channels,
        frames=frames,
        height=height,
        width=width,
        distribution=distribution,
        contrast=contrast,
        mean=mean,
        amplitude=amplitude,
        seed=seed,
    ).render()


@strict_arguments
def generate_moving_bar(
    shape: tuple[int, int, int, int],
    width: float = 2.0,
    speed: float = 1.0,
    direction: float = 0.0,
    *,
    frame_rate: float = 30.0,
    contrast: float = 1.0,
    mean: float = 0.5,
    amplitude: float | None = None,
) -> npt.NDArray[np.float32]:
    """Compute a bar that enters the image on one side and crosses it.

    Parameters
    ----------
    shape
        ``(channels, time, height, width)``.
    width
        Pixels, along the motion.
    speed
        Pixels a frame.
    direction
        Of motion, in degrees: 0 rightward, counter-clockwise.
    frame_rate
        Frames a second; the speed is given in frames, so the pictures do not
        depend on it.
    contrast, mean
        The background is `mean`, the bar ``mean * (1 + contrast)``.
    amplitude
        As for `generate_gratings`.

    Returns
    -------
    float32 array of that shape. In frame 0 the bar is about to enter.

    Examples
    --------
    >>> bar = generate_moving_bar(shape=(1, 4, 1, 3), width=1, speed=1, direction=0)
    >>> bar[0, :, 0].tolist()
    [[0.5, 0.5, 0.5], [1.0, 0.5, 0.5], [0.5, 1.0, 0.5], [0.5, 0.5, 1.0]]
    """
    channels, frames, height, columns = _four(shape)
    return MovingBar(
        channels=channels,
        frames=frames,
        height=height,
        width=columns,
        width_px=width,
        speed_px_s=speed * frame_rate,
        direction_deg=direction,
        frame_rate_hz=frame_rate,
        contrast=contrast,
        mean=mean,
        amplitude=amplitude,
    ).render()


def _four(shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    if len(shape) != 4:
        raise InputError(
            "a shape has the wrong number of axes",
            key="shape",
            expected="(channels, time, height, width)",
            found=tuple(shape),
        )
    channels, frames, height, width = shape
    return channels, frames, height, width
