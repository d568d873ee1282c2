"""Stimulus sets of the Allen Brain Observatory."""

from __future__ import annotations

import itertools
from collections.abc import Sequence as Listed

from neuroai_core.errors import strict_arguments
from neuroai_core.rng import generator
from stimulus_protocols.stimuli import Grating, LocallySparseNoise, Stimulus
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


def _shuffled(shown: Listed[Timeline], seed: int) -> Timeline:
    order = generator(seed, "order").permutation(len(shown))
    drawn = (shown[int(number)] for number in order)
    return Sequence(parts=tuple(part for one in drawn for part in one.children or (one,)))
