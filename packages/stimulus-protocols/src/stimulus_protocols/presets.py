"""Stimulus sets of published recordings, by name."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from collections.abc import Sequence as Listed
from typing import Any

from neuroai_core.errors import strict_arguments
from neuroai_core.rng import generator
from stimulus_protocols.stimuli import (
    Chirp,
    Grating,
    InTurn,
    LocallySparseNoise,
    MovingBar,
    Stimulus,
    Uniform,
    WhiteNoise,
    in_turn,
)
from stimulus_protocols.timeline import Sequence, Timeline, blank, computed


@strict_arguments
def allen_drifting_gratings(
    height: int = 96,
    width: int = 120,
    px_per_deg: float = 1.0,
    frame_rate_hz: float = 60.0,
    *,
    repeats: int = 15,
    blanks: int = 30,
    seed: int = 0,
) -> Timeline:
    """Show the drifting gratings of the Allen Brain Observatory.

    Eight directions at 1, 2, 4, 8 and 15 Hz, 0.04 cycles a degree, 80 %
    contrast: 2 s each, 1 s of grey behind it, `repeats` times in a random
    order, with `blanks` sweeps of grey among them. Source: de Vries et al.
    2020, doi:10.1038/s41593-019-0550-9.

    Parameters
    ----------
    height, width
        Pixels.
    px_per_deg
        Pixels a degree of visual angle, at the centre.
    frame_rate_hz
        At least 30, for 15 Hz.
    seed
        Of the order.

    Examples
    --------
    >>> timeline = allen_drifting_gratings(repeats=2, blanks=4)
    >>> len(timeline) == (8 * 5 * 2 + 4) * 3 * 60
    True
    """
    sweep, grey = round(2 * frame_rate_hz), round(frame_rate_hz)
    gratings = [
        Grating(
            frames=sweep,
            height=height,
            width=width,
            frame_rate_hz=frame_rate_hz,
            contrast=0.8,
            spatial_frequency_cpp=0.04 / px_per_deg,
            temporal_frequency_hz=frequency,
            direction_deg=direction,
        )
        for direction, frequency in itertools.product(range(0, 360, 45), (1, 2, 4, 8, 15))
    ]
    shown = [computed(g) >> blank(grey, phase="grey") for g in gratings] * repeats
    shown += [blank(sweep, phase="blank_sweep") >> blank(grey, phase="grey")] * blanks
    return _shuffled(shown, seed)


@strict_arguments
def allen_static_gratings(
    height: int = 96,
    width: int = 120,
    px_per_deg: float = 1.0,
    frame_rate_hz: float = 60.0,
    *,
    repeats: int = 50,
    seed: int = 0,
) -> Timeline:
    """Show the static gratings of the Allen Brain Observatory.

    Six orientations, 0.02 to 0.32 cycles a degree in five octaves, four
    phases, 80 % contrast: 250 ms each, in a random order. Source and
    parameters as for `allen_drifting_gratings`.

    Examples
    --------
    >>> len(allen_static_gratings(px_per_deg=2.0, repeats=1)) == 6 * 5 * 4 * 15
    True
    """
    gratings = [
        Grating(
            frames=round(0.25 * frame_rate_hz),
            height=height,
            width=width,
            frame_rate_hz=frame_rate_hz,
            contrast=0.8,
            spatial_frequency_cpp=frequency / px_per_deg,
            direction_deg=direction,
            phase_deg=phase,
        )
        for direction, frequency, phase in itertools.product(
            range(0, 180, 30), (0.02, 0.04, 0.08, 0.16, 0.32), range(0, 360, 90)
        )
    ]
    return _shuffled([computed(grating) for grating in gratings] * repeats, seed)


@strict_arguments
def allen_locally_sparse_noise(
    px_per_deg: float = 1.0,
    frame_rate_hz: float = 60.0,
    *,
    updates: int = 100,
    seed: int = 0,
) -> Stimulus:
    """Show the locally sparse noise of the Allen Brain Observatory.

    16 x 28 checks of 4.65 degrees, bright and dark, no two within 5 checks of
    each other; 250 ms each. Source as for `allen_drifting_gratings`.

    Examples
    --------
    >>> allen_locally_sparse_noise().shape
    (1, 1500, 80, 140)
    """
    check = max(round(4.65 * px_per_deg), 1)
    hold = round(0.25 * frame_rate_hz)
    return LocallySparseNoise(
        frames=updates * hold,
        height=16 * check,
        width=28 * check,
        frame_rate_hz=frame_rate_hz,
        check_px=check,
        frames_per_update=hold,
        exclusion_checks=5.0,
        seed=seed,
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


#: The presets by name.
BY_NAME: dict[str, Callable[..., Stimulus | Timeline]] = {
    preset.__name__: preset
    for preset in (
        allen_drifting_gratings,
        allen_static_gratings,
        allen_locally_sparse_noise,
        euler_chirp,
        euler_moving_bars,
        euler_dense_noise,
    )
}


def _shuffled(shown: Listed[Timeline], seed: int) -> Timeline:
    order = generator(seed, "order").permutation(len(shown))
    drawn = (shown[int(number)] for number in order)
    return Sequence(parts=tuple(part for one in drawn for part in one.children or (one,)))
