"""Runs of bins: sorted, disjoint, half-open ``[first, stop)`` rows of an ``(n, 2)`` array."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Runs = npt.NDArray[np.int64]


def runs_of(rows: npt.ArrayLike) -> Runs:
    """Sort rows and merge those that overlap or touch.

    Examples
    --------
    >>> runs_of([[5, 7], [0, 2], [2, 3], [6, 9]]).tolist()
    [[0, 3], [5, 9]]
    """
    runs = np.asarray(rows, dtype=np.int64).reshape(-1, 2)
    runs = runs[runs[:, 0] < runs[:, 1]]
    if len(runs) == 0:
        return runs
    runs = runs[np.argsort(runs[:, 0], kind="stable")]
    reach = np.maximum.accumulate(runs[:, 1])
    opens = np.concatenate([[True], runs[1:, 0] > reach[:-1]])
    closes = np.concatenate([opens[1:], [True]])
    return np.stack([runs[opens, 0], reach[closes]], axis=1)


def where(mask: npt.NDArray[np.bool_], first: int = 0) -> Runs:
    """Give the runs in which a mask over bins is true; its first bin has the number `first`.

    Examples
    --------
    >>> where(np.array([True, True, False, True]), first=10).tolist()
    [[10, 12], [13, 14]]
    """
    steps = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return (steps + first).reshape(-1, 2).astype(np.int64)


def intersect(a: Runs, b: Runs) -> Runs:
    """Give the runs of bins that are in both.

    Examples
    --------
    >>> intersect(runs_of([[0, 5], [8, 12]]), runs_of([[3, 9]])).tolist()
    [[3, 5], [8, 9]]
    """
    if len(a) == 0 or len(b) == 0:
        return np.zeros((0, 2), dtype=np.int64)
    # For each run of a: the runs of b that end after its start and begin before its stop.
    low = np.searchsorted(b[:, 1], a[:, 0], side="right")
    high = np.searchsorted(b[:, 0], a[:, 1], side="left")
    which = np.repeat(np.arange(len(a)), np.maximum(high - low, 0))
    offset = np.arange(len(which)) - np.repeat(
        np.cumsum(np.maximum(high - low, 0)) - np.maximum(high - low, 0),
        np.maximum(high - low, 0),
    )
    other = low[which] + offset
    both = np.stack(
        [np.maximum(a[which, 0], b[other, 0]), np.minimum(a[which, 1], b[other, 1])], axis=1
    )
    return both[both[:, 0] < both[:, 1]]


def without(a: Runs, b: Runs) -> Runs:
    """Give the runs of bins that are in `a` and not in `b`.

    Examples
    --------
    >>> without(runs_of([[0, 10]]), runs_of([[2, 3], [8, 20]])).tolist()
    [[0, 2], [3, 8]]
    """
    if len(a) == 0:
        return a
    low = min(int(a[0, 0]), int(b[0, 0]) if len(b) else 0) - 1
    high = max(int(a[-1, 1]), int(b[-1, 1]) if len(b) else 0) + 1
    outside = np.concatenate([[low], b.ravel(), [high]]).reshape(-1, 2)
    return intersect(a, outside)


def covers(
    runs: Runs, first: npt.NDArray[np.int64], stop: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Say for each ``[first, stop)`` whether one run holds all of it."""
    if len(runs) == 0:
        return np.zeros(len(first), dtype=bool)
    which = np.searchsorted(runs[:, 0], first, side="right") - 1
    held: npt.NDArray[np.bool_] = (which >= 0) & (runs[np.maximum(which, 0), 1] >= stop)
    return held
