"""Stimulus sets of the Euler lab."""

from __future__ import annotations

from typing import Any

from neuroai_core.errors import strict_arguments
from stimulus_protocols.stimuli import (
    Chirp,
    InTurn,
    MovingBar,
    Stimulus,
    Uniform,
    WhiteNoise,
    in_turn,
)


@strict_arguments
def euler_chirp(
    height: int = 16, width: int = 18, frame_rate_hz: float = 60.0, *, channels: int = 2
) -> Chirp:
    """Show the chirp of the Euler lab, 33 s (see `Chirp`).

    Examples
    --------
    >>> euler_chirp().shape
    (2, 1980, 16, 18)
    """
    return Chirp(
        frames=Chirp.frames_at(frame_rate_hz),
        height=height,
        width=width,
        channels=channels,
        frame_rate_hz=frame_rate_hz,
    )


@strict_arguments
def euler_moving_bars(
    height: int = 16,
    width: int = 18,
    um_per_px: float = 50.0,
    frame_rate_hz: float = 60.0,
    *,
    channels: int = 2,
) -> InTurn:
    """Show the moving bars of the Euler lab.

    A bright bar of 300 x 1000 um on the darkest background moves at 1000 um/s
    in the directions 0, 180, 45, 225, 90, 270, 135, 315, with 3 s before and
    1 s behind each. Source: Baden et al. 2016, doi:10.1038/nature16468.

    Parameters
    ----------
    um_per_px
        Micrometres on the retina a pixel.

    Examples
    --------
    >>> bars = euler_moving_bars()
    >>> [part.direction_deg for part in bars.parts[1::3]]
    [0.0, 180.0, 45.0, 225.0, 90.0, 270.0, 135.0, 315.0]
    """
    size: dict[str, Any] = {
        "height": height,
        "width": width,
        "channels": channels,
        "frame_rate_hz": frame_rate_hz,
    }
    # The bar goes from 0 to 1: it stands on black, not on grey.
    dark: dict[str, Any] = {**size, "mean": 0.0, "amplitude": 1.0}
    parts: list[Stimulus] = []
    for direction in (0, 180, 45, 225, 90, 270, 135, 315):
        bar = MovingBar(
            **dark,
            frames=1,
            width_px=300 / um_per_px,
            length_px=1000 / um_per_px,
            speed_px_s=1000 / um_per_px,
            direction_deg=direction,
        )
        # Until it has left on the other side.
        frames = int(-2 * bar.entry_px / bar.speed_px_s * frame_rate_hz) + 1
        parts += [
            Uniform(**dark, frames=round(3 * frame_rate_hz)),
            bar.model_copy(update={"frames": frames}),
            Uniform(**dark, frames=round(frame_rate_hz)),
        ]
    return in_turn(*parts)


@strict_arguments
def euler_dense_noise(
    um_per_px: float = 40.0,
    frame_rate_hz: float = 60.0,
    *,
    seconds: float = 300.0,
    channels: int = 2,
    seed: int = 0,
) -> WhiteNoise:
    """Show the dense noise of the Euler lab: 20 x 15 binary checks of 40 um, 5 Hz.

    Source as for `euler_moving_bars`.

    Examples
    --------
    >>> euler_dense_noise(seconds=2).shape
    (2, 120, 15, 20)
    """
    check = max(round(40 / um_per_px), 1)
    return WhiteNoise(
        frames=round(seconds * frame_rate_hz),
        height=15 * check,
        width=20 * check,
        channels=channels,
        channels_alike=True,
        frame_rate_hz=frame_rate_hz,
        distribution="binary",
        check_px=check,
        frames_per_update=round(frame_rate_hz / 5),
        seed=seed,
    )
