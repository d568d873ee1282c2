"""Windows against a brute-force enumeration of every position."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_shards.nwb import runs as r
from neural_shards.nwb.grid import Grid
from neural_shards.nwb.plan import groups
from neural_shards.nwb.windows import around, between, continuous, step_of, within
from neuroai_core import InputError

MASKS = st.lists(st.booleans(), max_size=60).map(lambda m: np.array(m, dtype=bool))


def mask_of(runs: np.ndarray, n: int) -> np.ndarray:
    mask = np.zeros(n, dtype=bool)
    for a, b in runs:
        mask[a:b] = True
    return mask


@given(MASKS, MASKS)
def test_runs_are_sets_of_bins(a: np.ndarray, b: np.ndarray) -> None:
    n = max(len(a), len(b))
    a, b = np.pad(a, (0, n - len(a))), np.pad(b, (0, n - len(b)))
    ra, rb = r.where(a), r.where(b)
    assert np.array_equal(mask_of(ra, n), a)
    assert np.array_equal(mask_of(r.intersect(ra, rb), n), a & b)
    assert np.array_equal(mask_of(r.without(ra, rb), n), a & ~b)
    assert np.array_equal(mask_of(r.runs_of(np.concatenate([ra, rb])), n), a | b)
    starts = np.repeat(np.arange(n), n)
    stops = np.tile(np.arange(n), n) + 1
    longer = starts < stops
    held = r.covers(ra, starts[longer], stops[longer])
    for start, stop, says in zip(starts[longer], stops[longer], held, strict=True):
        assert says == a[start:stop].all()


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 50)), max_size=5),
    st.integers(1, 20),
    st.integers(0, 99),
)
def test_continuous_windows_against_every_position(
    gaps: list[tuple[int, int]], length: int, percent: int
) -> None:
    at, rows = 0, []
    for gap, size in gaps:
        rows.append([at + gap, at + gap + size])
        at += gap + size
    runs = np.array(rows, dtype=np.int64).reshape(-1, 2)
    overlap = percent / 100
    step = max((length * (100 - percent)) // 100, 1)
    assert step_of(length, overlap) == step
    want = [
        start
        for first, stop in rows
        for start in range(first, stop)
        if (start - first) % step == 0 and start + length <= stop
    ]
    assert continuous(runs, length, overlap).tolist() == want


@given(
    st.lists(st.one_of(st.none(), st.integers(-50, 700)), max_size=12),
    st.integers(-30, 30),
    st.integers(1, 40),
    MASKS,
)
def test_windows_around_events_against_every_event(
    centiseconds: list[int | None], before: int, length: int, mask: np.ndarray
) -> None:
    mask = np.repeat(mask, 10)
    grid = Grid(2, len(mask), 20.0)
    events = np.array([np.nan if c is None else c / 100 for c in centiseconds])
    rows = np.arange(len(events))
    range_s = (before * 0.02, (before + length) * 0.02)
    made = around(r.where(mask), grid, events, rows, range_s)
    want, starts, reasons = [], [], {"time": 0, "out": 0, "border": 0}
    for row, c in enumerate(centiseconds):
        if c is None:
            reasons["time"] += 1
            continue
        start = c // 2 - 2 + before
        if start < 0 or start + length > len(mask):
            reasons["out"] += 1
        elif mask[start : start + length].all():
            want.append(row)
            starts.append(start)
        else:
            reasons["border"] += 1
    assert made.rows.tolist() == want
    assert made.starts.tolist() == starts
    assert made.length == length
    assert sorted(made.left_out.values()) == sorted(n for n in reasons.values() if n)
    assert len(want) + sum(made.left_out.values()) == len(events)


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 40)), max_size=6), st.integers(1, 10))
def test_windows_within_intervals(spans: list[tuple[int, int]], length: int) -> None:
    grid, n = Grid(0, 100, 100.0), 100
    mask = np.ones(n, dtype=bool)
    mask[[17, 55]] = False
    times = np.array([(a / 10, (a + b) / 10) for a, b in spans]).reshape(-1, 2)
    made = within(r.where(mask), grid, times, np.arange(len(times)), length, 0.5)
    found = set(zip(made.rows.tolist(), made.starts.tolist(), strict=True))
    for row, start in found:
        a, b = spans[row]
        assert a <= start
        assert start + length <= min(a + b, n)
        assert mask[start : start + length].all()
    empty = sum(row not in set(made.rows.tolist()) for row in range(len(spans)))
    assert made.left_out.get("interval with no room for a window", 0) == empty


@given(st.lists(st.integers(-100, 1100), max_size=6))
def test_no_side_holds_a_border(milliseconds: list[int]) -> None:
    grid = Grid(0, 50, 20.0)
    borders = np.array(milliseconds) / 1000
    sides = between(borders, grid, r.runs_of([[0, 50]]))
    inner = {m for m in milliseconds if 0 < m < 1000}
    for a, b in sides.tolist():
        assert not any(a * 20 < m < b * 20 for m in inner)
    left_out = {m // 20 for m in inner if m % 20}
    assert np.array_equal(~mask_of(sides, 50), np.isin(np.arange(50), list(left_out)))
    assert len(sides) >= len({m for m in inner if m % 20 == 0})


@given(st.lists(st.integers(0, 300), max_size=30), st.integers(1, 20), st.integers(1, 60))
def test_groups_hold_every_window_once_and_stay_short(
    starts: list[int], length: int, bins: int
) -> None:
    at = np.array(starts, dtype=np.int64)
    made = list(groups(at, length, bins))
    assert [i for a, b in made for i in range(a, b)] == list(range(len(at)))
    for a, b in made:
        assert b == a + 1 or at[b - 1] + length - at[a] <= bins
        assert (np.diff(at[a:b]) >= 0).all()


@pytest.mark.parametrize("overlap", [-0.1, 1.0, 2.0, float("nan")])
def test_overlap_is_a_part(overlap: float) -> None:
    with pytest.raises(InputError, match="overlap"):
        step_of(10, overlap)


def test_a_range_shorter_than_a_bin() -> None:
    with pytest.raises(InputError, match="holds no bin"):
        around(r.runs_of([[0, 9]]), Grid(0, 9, 100.0), np.zeros(1), np.arange(1), (0.0, 0.01))
