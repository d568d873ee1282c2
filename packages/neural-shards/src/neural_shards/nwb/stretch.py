"""What is read of a series for some bins: stretches of samples without a gap or a lost one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.grid import Grid
from neural_shards.nwb.series import Series
from neural_shards.nwb.stored import PIECE_BYTES


@dataclass(frozen=True, eq=False)
class Stretch:
    """Samples that follow each other, and the time for which they stand.

    Parameters
    ----------
    times
        Seconds, rising, ``(samples,)``.
    values
        As stored, ``(samples, ...)``.
    low_s, high_s
        Bins whose middle lies in ``[low_s, high_s)`` have a value.
    step_s
        Time from sample to sample.
    """

    times: npt.NDArray[np.float64]
    values: npt.NDArray[Any]
    low_s: float
    high_s: float
    step_s: float

    def bins(self, grid: Grid, first: int, stop: int) -> tuple[int, int]:
        """Give the part of bins ``first .. stop - 1`` for which this stands."""
        centres = grid.centres(first, stop)
        spare = grid.tolerance_s
        a, b = np.searchsorted(centres, [self.low_s - spare, self.high_s - spare])
        return first + int(a), first + int(b)


def stretches(
    series: Series, grid: Grid, first: int, stop: int, *, margin_s: float, forward: bool
) -> Iterator[Stretch]:
    """Read what bins ``first .. stop - 1`` need of a series.

    Parameters
    ----------
    margin_s
        How far beyond the bins samples are needed; two more are always read.
    forward
        True: a sample stands from its time on for a step (until the next sample, for
        states). False: for half a step to either side.
    """
    clock = series.clock
    low, high = grid.edge(first), grid.edge(stop)
    reach = margin_s + 2 * clock.step_s
    near = (clock.spans_s[:, 1] >= low - reach) & (clock.spans_s[:, 0] <= high + reach)
    if clock.holds:
        near = clock.spans_s[:, 0] <= high
    for segment in np.flatnonzero(near).tolist():
        begin, end = (int(i) for i in clock.segments[segment])
        a = max(clock.find(series.timestamps, segment, low - margin_s) - 2, begin)
        b = min(clock.find(series.timestamps, segment, high + margin_s) + 2, end)
        if a < b:
            times, values = clock.times(series.timestamps, a, b), series.rows(a, b)
            yield from _whole(series, times, values, forward)


def sound_spans(series: Series, *, forward: bool) -> npt.NDArray[np.float64]:
    """Give the times for which a series has values, ``(spans, 2)`` in seconds, half-open.

    Goes through all samples of a series of floats, which may hold some that are lost (not a
    number, or infinite); for other types the timestamps tell it all.
    """
    clock = series.clock
    found = []
    lost = _lost_rows(series)
    for first, stop in clock.segments:
        inside = lost[(lost >= first) & (lost < stop)]
        # Samples between two lost ones; the ends of the segment count as lost.
        edges = np.concatenate([[first - 1], inside, [stop]])
        a, b = edges[:-1] + 1, edges[1:]
        some = a < b
        for i, j in zip(a[some], b[some], strict=True):
            low, high = (clock.times(series.timestamps, k, k + 1)[0] for k in (i, j - 1))
            end = clock.times(series.timestamps, j, j + 1)[0] if j < stop else None
            found.append(_stands(series, low, high, end, forward))
    return np.array(found, dtype=np.float64).reshape(-1, 2)


def _lost_rows(series: Series) -> npt.NDArray[np.int64]:
    if series.dtype.kind != "f" or series.clock.n == 0:
        return np.zeros(0, dtype=np.int64)
    row = max(int(np.prod(series.sample_shape)), 1) * series.dtype.itemsize
    step = max(PIECE_BYTES // row, 1)
    lost = []
    for first in range(0, series.clock.n, step):
        values = series.rows(first, min(first + step, series.clock.n))
        lost.append(first + np.flatnonzero(_not_numbers(values)))
    return np.concatenate(lost).astype(np.int64)


def _not_numbers(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Say which samples are lost: some part of them is not a number, or infinite."""
    flat = values.reshape(len(values), -1)
    # One pass without a temporary: a sum is not finite if one of its parts is not.
    with np.errstate(over="ignore", invalid="ignore"):
        suspect = ~np.isfinite(flat.sum(axis=1) if flat.shape[1] > 1 else flat[:, 0])
    if suspect.any():
        suspect[suspect] = ~np.isfinite(flat[suspect]).all(axis=1)
    return np.asarray(suspect)


def _stands(
    series: Series, first_s: float, last_s: float, next_s: float | None, forward: bool
) -> tuple[float, float]:
    """Give the time for which samples from one time to another stand."""
    clock = series.clock
    half = clock.step_s / 2
    if clock.holds:
        return first_s, np.inf if next_s is None else next_s
    if forward:
        return first_s, last_s + clock.step_s
    return first_s - half, last_s + half * (1 + 1e-5)  # the end itself counts


def _whole(
    series: Series, times: npt.NDArray[np.float64], values: npt.NDArray[Any], forward: bool
) -> Iterator[Stretch]:
    """Split samples at those that are lost."""
    ends = [0, len(times)]
    if values.dtype.kind == "f":
        lost = _not_numbers(values)
        if lost.any():
            ends = np.flatnonzero(np.diff(np.concatenate([[True], lost, [True]]))).tolist()
    apart = not (forward or series.clock.holds)
    for k in range(0, len(ends), 2):
        a, b = ends[k : k + 2]
        following = float(times[b]) if b < len(times) else None
        low, high = _stands(series, float(times[a]), float(times[b - 1]), following, forward)
        # Steps may be shorter than the usual one: what both sides of a lost sample would stand
        # for belongs to the nearer.
        if apart and k > 0:
            low = max(low, float(times[ends[k - 1] - 1] + times[a]) / 2)
        if apart and k + 2 < len(ends):
            high = min(high, float(times[b - 1] + times[ends[k + 2]]) / 2)
        yield Stretch(times[a:b], values[a:b], low, high, series.clock.step_s)
