"""Spike counts against np.histogram, unit by unit."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neural_shards.nwb import spikes
from neural_shards.nwb.grid import Grid
from neural_shards.nwb.spikes import SpikeTrains
from neuroai_core import DataError

TIMES = hnp.arrays(np.float64, st.integers(0, 40), elements=st.floats(-3.0, 30.0, width=32))


def trains_of(units: list[np.ndarray]) -> SpikeTrains:
    ends = np.cumsum([len(u) for u in units], dtype=np.int64)
    return SpikeTrains(np.concatenate([*units, np.zeros(0)]), ends)


def histograms(units: list[np.ndarray], grid: Grid) -> np.ndarray:
    edges = grid.edges() - grid.tolerance_s
    counts = [np.histogram(u[u < edges[-1]], edges)[0] for u in units]
    return np.stack(counts, axis=1) if counts else np.zeros((grid.n_bins, 0))


@given(st.lists(TIMES, max_size=5), st.integers(-5, 60), st.integers(1, 80), st.booleans())
def test_counts_are_those_of_histogram(
    units: list[np.ndarray], start: int, n: int, in_order: bool
) -> None:
    if in_order:
        units = [np.sort(u) for u in units]
    trains, grid = trains_of(units), Grid(start, n, 250.0)
    scan = trains.scan(250.0)
    counts = trains.count(scan, grid, 0, n, dtype=np.uint16)
    assert np.array_equal(counts, histograms(units, grid))
    cut = n // 3
    parts = [trains.count(scan, grid, a, b) for a, b in ((0, cut), (cut, n)) if a < b]
    assert np.array_equal(np.concatenate(parts), counts)


@given(st.lists(TIMES, max_size=5))
def test_the_sum_is_the_number_of_spikes_inside(units: list[np.ndarray]) -> None:
    trains = trains_of(units)
    scan = trains.scan(10.0)
    if scan.first_s is None or scan.last_s is None:
        assert sum(map(len, units)) == 0
        return
    grid = Grid.covering(scan.first_s, scan.last_s, 10.0)
    assert trains.count(scan, grid, 0, grid.n_bins).sum() == sum(map(len, units))


def test_pieces_and_slabs_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    units = [np.sort(rng.uniform(0, 3000, n)) for n in (5000, 0, 1, 20_000, 0)]
    units.append(rng.permutation(units[0]))
    trains = trains_of(units)
    grid = Grid.covering(0.0, 3000.0, 10.0)
    whole = trains.count(trains.scan(10.0), grid, 0, grid.n_bins)
    monkeypatch.setattr(spikes, "pieces", _small_pieces)
    scan = trains.scan(10.0)
    parts = [
        trains.count(scan, grid, a, min(a + 7777, grid.n_bins)) for a in range(0, grid.n_bins, 7777)
    ]
    assert np.array_equal(np.concatenate(parts), whole)
    assert np.array_equal(whole, histograms(units, grid))
    back = [int((np.diff(u) < 0).sum()) for u in units]
    assert scan.backward.tolist() == back
    assert scan.longest_back_s == pytest.approx(-np.diff(units[-1]).min())


def _small_pieces(data: np.ndarray) -> Any:
    for first in range(0, len(data), 997):
        yield first, data[first : first + 997]


def test_chosen_units_only() -> None:
    trains = trains_of([np.array([0.0]), np.array([0.01, 0.01]), np.zeros(0)])
    counts = trains.count(
        trains.scan(10.0), Grid(0, 2, 10.0), 0, 2, units=np.array([2, 1], dtype=np.int64)
    )
    assert counts.tolist() == [[0, 0], [0, 2]]


def test_a_count_that_does_not_fit_is_an_error() -> None:
    trains = trains_of([np.zeros(0), np.full(256, 0.5)])
    scan, grid = trains.scan(1000.0), Grid(0, 1, 1000.0)
    with pytest.raises(DataError, match="more spikes than its type") as raised:
        trains.count(scan, grid, 0, 1)
    assert raised.value.index == "unit row 1, bin 0"
    assert trains.count(scan, grid, 0, 1, dtype=np.uint16).tolist() == [[0, 256]]


def test_a_time_that_is_no_number_is_named() -> None:
    with pytest.raises(DataError, match="not a number") as raised:
        trains_of([np.zeros(2), np.array([1.0, np.nan])]).scan(10.0)
    assert raised.value.index == "spike 3, unit row 1"


def test_an_index_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(DataError, match="does not fit"):
        SpikeTrains(np.zeros(3), np.array([2, 4]))
    with pytest.raises(DataError, match="does not fit"):
        SpikeTrains(np.zeros(3), np.array([2, 1]))


def test_a_wrong_time_is_no_grid_of_a_thousand_years() -> None:
    with pytest.raises(DataError, match="far more than a recording"):
        trains_of([np.array([0.0, 4e10])]).scan(10.0)


@pytest.mark.parametrize(("units", "last_s"), [(2, 2e8), (400, 2e7)])
def test_times_that_are_not_in_seconds_take_no_memory(units: int, last_s: float) -> None:
    trains = trains_of([np.array([1.0, last_s])] * units)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="far more than a recording") as raised:
            trains.scan(10.0)
        assert tracemalloc.get_traced_memory()[1] < 10e6
    finally:
        tracemalloc.stop()
    assert "not in seconds" in str(raised.value)


def test_a_long_recording_of_many_units_is_one() -> None:
    trains = trains_of([np.array([1.0, 86_400.0])] * 1000)
    assert trains.scan(1.0).last_s == 86_400.0
