"""Series to the grid by stated rules: what a bin's value is, and where there is none.

A bin's value is that at its middle (``mean``, ``counts``: that of the samples inside it). No
rule reaches over a gap or a lost sample (not a number, or infinite), nor past the ends by more
than half a step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.antialias import BLOCK, REACH, low_passed
from neural_shards.nwb.circle import Circle
from neural_shards.nwb.grid import Grid
from neural_shards.nwb.series import Series
from neural_shards.nwb.stored import PIECE_BYTES
from neural_shards.nwb.stretch import Stretch, stretches
from neuroai_core import InputError

Rule = Literal["antialias", "linear", "nearest", "previous", "mean", "counts"]
AVERAGES = ("antialias", "linear", "mean")
Values = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]


def rule_for(series: Series, bin_s: float) -> Rule:
    """Choose a rule: low-pass to a slower grid, lines to a faster one, states as they are."""
    if not series.continuous:
        return "previous"
    return "antialias" if 0 < series.clock.step_s < bin_s else "linear"


def resample(
    series: Series,
    grid: Grid,
    first: int,
    stop: int,
    *,
    rule: Rule,
    circle: Circle | None = None,
) -> tuple[Values, Mask]:
    """Give the values of a series in bins ``first .. stop - 1``.

    Parameters
    ----------
    series
        Only what the bins need of it is read, in pieces of bounded memory.
    rule
        ``"antialias"`` (zero-phase low-pass at the grid's rate), ``"linear"``,
        ``"nearest"``, ``"previous"``, ``"mean"`` (of the samples inside the bin) or
        ``"counts"`` (how many samples are inside it; every bin has a value).
    circle
        For a circular quantity: averages and lines go round the circle.

    Returns
    -------
    Values ``(stop - first, *sample_shape)`` in the unit of the series, floats for the rules
    that average, else numbers of the stored type; 0, or not a number, where there is none.
    And whether a bin has a value, ``(stop - first,)``.
    """
    if rule not in get_args(Rule):
        raise InputError("unknown rule", key=series.path, expected=get_args(Rule), found=rule)
    if rule in AVERAGES and series.dtype.kind not in "fiu":
        raise InputError(
            "only numbers can be averaged",
            key=series.path,
            expected="the rule 'previous' or 'nearest'",
            found=f"{rule!r} for {series.dtype}",
        )
    if rule == "counts":
        return _counts(series, grid, first, stop), np.ones(stop - first, dtype=bool)
    made = _empty(series, rule, stop - first)
    valid = np.zeros(stop - first, dtype=bool)
    if series.clock.n == 0:
        return made, valid
    margin = (REACH + 2 * BLOCK) * max(grid.bin_s, series.clock.step_s)
    reach = margin if rule == "antialias" else grid.bin_s
    for a in range(first, stop, bins_each(series, grid)):
        b = min(a + bins_each(series, grid), stop)
        for stretch in stretches(series, grid, a, b, margin_s=reach, forward=rule == "previous"):
            c, d = stretch.bins(grid, a, b)
            if c < d:
                out, good = RULES[rule](stretch, grid, c, d, circle, series)
                made[c - first : d - first][good] = out[good]
                valid[c - first : d - first][good] = True
    return made, valid


def bins_each(series: Series, grid: Grid) -> int:
    """Give how many bins of a series are made at once: whole blocks, of bounded memory."""
    per_bin = max(grid.bin_s / series.clock.step_s if series.clock.step_s else 1.0, 1.0)
    itemsize = 8 if series.continuous else series.dtype.itemsize
    row = max(int(np.prod(series.sample_shape)), 1) * itemsize
    return max(int(PIECE_BYTES / (per_bin * row)) // BLOCK, 4) * BLOCK


def _empty(series: Series, rule: Rule, bins: int) -> Values:
    dtype: np.dtype[Any] = series.scaled(np.zeros((1, *series.sample_shape), series.dtype)).dtype
    if rule in AVERAGES:
        dtype = np.dtype(np.float32 if series.dtype.itemsize <= 4 else np.float64)
    nothing = np.nan if dtype.kind == "f" else 0
    return np.full((bins, *series.sample_shape), nothing, dtype=dtype)


def _antialias(
    stretch: Stretch, grid: Grid, a: int, b: int, circle: Circle | None, series: Series
) -> tuple[Values, Mask]:
    width = max(grid.bin_s, stretch.step_s)
    step = None if series.clock.start_s is None else stretch.step_s
    shape = stretch.values.shape[1:]
    if circle is None:
        flat = stretch.values.reshape(len(stretch.values), -1)
        out = low_passed(stretch.times, flat, grid, a, b, width, step)
        out = series.scaled(out.reshape(b - a, *shape))
    else:
        points = circle.points(series.scaled(stretch.values))
        flat = points.reshape(len(points), -1)
        out = low_passed(stretch.times, flat, grid, a, b, width, step)
        out = circle.values(out.reshape(b - a, *shape, 2))
    return out, np.ones(b - a, dtype=bool)


def _linear(
    stretch: Stretch, grid: Grid, a: int, b: int, circle: Circle | None, series: Series
) -> tuple[Values, Mask]:
    times = stretch.times
    centres = np.clip(grid.centres(a, b), times[0], times[-1])
    right = np.clip(np.searchsorted(times, centres), 1, max(len(times) - 1, 1))
    left, right = right - 1, np.minimum(right, len(times) - 1)
    span = times[right] - times[left]
    part = np.divide(centres - times[left], span, out=np.zeros(b - a), where=span > 0)
    part = part.reshape(-1, *(1,) * (stretch.values.ndim - 1))
    low = series.scaled(stretch.values[left]).astype(np.float64)
    rise = series.scaled(stretch.values[right]).astype(np.float64) - low
    if circle is None:
        return low + part * rise, np.ones(b - a, dtype=bool)
    return circle.wrapped(low + part * circle.arc(rise)), np.ones(b - a, dtype=bool)


def _nearest(
    stretch: Stretch, grid: Grid, a: int, b: int, circle: Circle | None, series: Series
) -> tuple[Values, Mask]:
    times, centres = stretch.times, grid.centres(a, b)
    right = np.clip(np.searchsorted(times, centres), 1, max(len(times) - 1, 1))
    left, right = right - 1, np.minimum(right, len(times) - 1)
    at = np.where(centres - times[left] <= times[right] - centres + grid.tolerance_s, left, right)
    return series.scaled(stretch.values[at]), np.ones(b - a, dtype=bool)


def _previous(
    stretch: Stretch, grid: Grid, a: int, b: int, circle: Circle | None, series: Series
) -> tuple[Values, Mask]:
    centres = grid.centres(a, b) + grid.tolerance_s
    at = np.maximum(np.searchsorted(stretch.times, centres, side="right") - 1, 0)
    return series.scaled(stretch.values[at]), np.ones(b - a, dtype=bool)


def _mean(
    stretch: Stretch, grid: Grid, a: int, b: int, circle: Circle | None, series: Series
) -> tuple[Values, Mask]:
    bins = grid.index(stretch.times)
    i, j = np.searchsorted(bins, [a, b])
    values, bins = stretch.values[i:j], bins[i:j] - a
    if circle is not None:
        values = circle.points(series.scaled(values))
    counts = np.bincount(bins, minlength=b - a)
    some = counts > 0
    out = np.zeros((b - a, *values.shape[1:]))
    if len(values):
        starts = np.flatnonzero(np.diff(bins, prepend=-1))
        sums = np.add.reduceat(values, starts, dtype=np.float64)
        out[some] = sums / counts[some].reshape(-1, *(1,) * (values.ndim - 1))
    # Scaled once a bin, not once a sample.
    return (series.scaled(out) if circle is None else circle.values(out)), some


def _counts(series: Series, grid: Grid, first: int, stop: int) -> Values:
    """Count the samples inside each bin, ``(bins,)``."""
    clock, made = series.clock, np.zeros(stop - first, dtype=np.uint32)
    low, high = grid.edge(first) - grid.bin_s, grid.edge(stop) + grid.bin_s
    near = (clock.spans_s[:, 1] >= low) & (clock.spans_s[:, 0] <= high)
    for segment in np.flatnonzero(near).tolist():
        a, b = (clock.find(series.timestamps, segment, time) for time in (low, high))
        bins = grid.index(clock.times(series.timestamps, a, b)) - first
        bins = bins[(bins >= 0) & (bins < stop - first)]
        made += np.bincount(bins, minlength=stop - first).astype(np.uint32)
    return made


RULES: dict[str, Callable[..., tuple[Values, Mask]]] = {
    "antialias": _antialias,
    "linear": _linear,
    "mean": _mean,
    "nearest": _nearest,
    "previous": _previous,
}
