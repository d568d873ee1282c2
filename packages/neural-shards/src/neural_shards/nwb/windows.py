"""Which stretches of bins become samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.grid import Grid
from neural_shards.nwb.runs import Runs, covers, intersect
from neuroai_core import InputError

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cut:
    """A recording cut into windows of one length.

    Parameters
    ----------
    length
        Bins in a window.
    starts
        The first bin of each, ``(windows,)``.
    rows
        The row of the interval that each belongs to, ``(windows,)``; -1: none.
    events_s
        The time each is aligned to, ``(windows,)``; nan: none.
    left_out
        Windows that were not made, by reason.
    """

    length: int
    starts: Ints
    rows: Ints
    events_s: npt.NDArray[np.float64]
    left_out: dict[str, int]

    def __len__(self) -> int:
        return len(self.starts)


def step_of(length: int, overlap: float) -> int:
    """Give the bins from one window's start to the next one's: at least 1.

    Examples
    --------
    >>> step_of(100, 0.5), step_of(10, 0.99), step_of(10, 0.7)
    (50, 1, 3)
    """
    if length < 1:
        raise InputError(
            "a window holds no bin", key="sequence_length", expected="1 or more", found=length
        )
    if not 0 <= overlap < 1:
        raise InputError(
            "overlap is the part of a window that the next one repeats",
            key="overlap",
            expected="0 <= overlap < 1",
            found=overlap,
        )
    return max(int(length * (1 - overlap) + 1e-9), 1)


def continuous(runs: Runs, length: int, overlap: float) -> Ints:
    """Lay windows of one length into runs of bins; none crosses from one run to the next.

    Parameters
    ----------
    runs
        Sorted rows ``[first, stop)``; rows may touch.
    length
        Bins in a window.
    overlap
        The part of a window that the next one repeats.

    Returns
    -------
    The first bin of each window, rising.

    Examples
    --------
    >>> continuous(np.array([[0, 25], [25, 40]]), length=10, overlap=0.5).tolist()
    [0, 5, 10, 15, 25, 30]
    """
    step = step_of(length, overlap)
    starts = [np.arange(first, stop - length + 1, step) for first, stop in runs]
    return np.concatenate(starts).astype(np.int64) if starts else np.zeros(0, dtype=np.int64)


def along(runs: Runs, length: int, overlap: float) -> Cut:
    """Cut runs of bins into windows that belong to no interval."""
    starts = continuous(runs, length, overlap)
    return Cut(length, starts, np.full(len(starts), -1), np.full(len(starts), np.nan), {})


def within(
    runs: Runs,
    grid: Grid,
    spans_s: npt.NDArray[np.float64],
    rows: Ints,
    length: int,
    overlap: float,
) -> Cut:
    """Cut each interval into windows of its own, as far as `runs` go.

    Parameters
    ----------
    spans_s
        Start and stop of every interval in seconds, ``(intervals, 2)``.
    rows
        Which of them are taken.
    """
    starts, owners, empty, timeless = [], [], 0, 0
    for row in rows.tolist():
        if not np.isfinite(spans_s[row]).all():
            timeless += 1
            continue
        found = continuous(intersect(grid.bins_inside(spans_s[row]), runs), length, overlap)
        empty += len(found) == 0
        starts.append(found)
        owners.append(np.full(len(found), row))
    left_out = {"interval without a time": timeless, "interval with no room for a window": empty}
    first = np.concatenate(starts) if starts else np.zeros(0, np.int64)
    owner = np.concatenate(owners) if owners else np.zeros(0, np.int64)
    return Cut(
        length, first, owner, np.full(len(first), np.nan), {k: n for k, n in left_out.items() if n}
    )


def around(
    runs: Runs,
    grid: Grid,
    events_s: npt.NDArray[np.float64],
    rows: Ints,
    range_s: tuple[float, float],
) -> Cut:
    """Lay one window around an event of each interval.

    The event's bin is the one that holds it; the range is rounded to whole bins.

    Parameters
    ----------
    events_s
        The event of every interval in seconds, nan where it has none, ``(intervals,)``.
    rows
        Which of them are taken.
    range_s
        From where to where around the event, in seconds.

    Raises
    ------
    InputError
        If the range is shorter than a bin.

    Examples
    --------
    >>> runs, grid = np.array([[0, 100]]), Grid(0, 100, 10.0)
    >>> made = around(runs, grid, np.array([0.1, 0.507, 0.99]), np.arange(3), (-0.02, 0.03))
    >>> made.starts.tolist(), made.length, made.left_out
    ([8, 48], 5, {'window reaches out of the recording': 1})
    """
    before, after = (round(t / grid.bin_s) for t in range_s)
    if after - before < 1:
        raise InputError(
            "a range around an event holds no bin",
            key="range_s",
            expected=f"{grid.bin_s:g} s at least",
            found=list(range_s),
        )
    events = events_s[rows]
    timed = np.isfinite(events)
    starts = grid.index(np.where(timed, events, 0.0)) + before
    stops = starts + after - before
    inside = timed & (starts >= 0) & (stops <= grid.n_bins)
    whole = inside & covers(runs, starts, stops)
    left_out = {
        "event without a time": int((~timed).sum()),
        "window reaches out of the recording": int((timed & ~inside).sum()),
        "window without data, or across a border": int((inside & ~whole).sum()),
    }
    return Cut(
        after - before,
        starts[whole],
        rows[whole],
        events[whole],
        {reason: n for reason, n in left_out.items() if n},
    )


def between(borders_s: npt.NDArray[np.float64], grid: Grid, runs: Runs) -> Runs:
    """Split runs of bins at borders in time; a bin with a border inside it is on no side.

    Examples
    --------
    >>> between(np.array([0.1, 0.255]), Grid(0, 40, 10.0), np.array([[0, 40]])).tolist()
    [[0, 10], [10, 25], [26, 40]]
    """
    times = np.unique(borders_s[np.isfinite(borders_s)])
    times = np.concatenate([[-np.inf], times, [np.inf]])
    return intersect(grid.bins_inside(np.stack([times[:-1], times[1:]], axis=1)), runs)
