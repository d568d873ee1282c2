"""The grid: exact edges, half-open bins, and times that miss the edge they mean."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_shards.nwb.grid import Grid
from neuroai_core import InputError

BINS = st.sampled_from([0.1, 1.0, 3.3, 5.0, 10.0, 16.7, 20.0, 100.0, 1000.0])


@given(st.integers(-(10**6), 10**6), st.integers(1, 50), BINS)
def test_edges_are_the_floats_nearest_to_the_exact_decimals(
    start: int, n: int, bin_ms: float
) -> None:
    edges = Grid(start, n, bin_ms).edges()
    exact = [float((start + k) * Fraction(repr(bin_ms)) / 1000) for k in range(n + 1)]
    assert edges.tolist() == exact


@given(st.integers(-(10**6), 10**6), st.integers(1, 200), BINS)
def test_an_edge_belongs_to_the_bin_it_opens(start: int, n: int, bin_ms: float) -> None:
    grid = Grid(start, n, bin_ms)
    assert grid.index(grid.edges()).tolist() == list(range(n + 1))
    assert grid.index(grid.centres()).tolist() == list(range(n))


def test_sums_of_steps_fall_where_they_are_meant() -> None:
    steps = np.cumsum(np.full(100_000, 0.01))  # off by 2e-9 s at the end
    assert (Grid(0, 10, 10.0).index(steps) == np.arange(1, 100_001)).all()
    samples = np.arange(0, 30_000 * 100, 300) / 30_000
    assert (Grid(0, 10, 10.0).index(samples) == np.arange(10_000)).all()


@given(st.floats(-1e5, 1e5), st.floats(0, 1e4), BINS)
def test_a_covering_grid_holds_both_times_and_is_no_longer_than_needed(
    first: float, length: float, bin_ms: float
) -> None:
    grid = Grid.covering(first, first + length, bin_ms)
    low, high = grid.index([first, first + length])
    assert low == 0
    assert high == grid.n_bins - 1


@given(st.lists(st.tuples(st.integers(-20, 120), st.integers(0, 40)), max_size=6))
def test_bins_inside_and_centred_against_every_bin(spans: list[tuple[int, int]]) -> None:
    grid = Grid(3, 50, 20.0)
    times = np.array([(a * 0.013, a * 0.013 + b * 0.017) for a, b in spans]).reshape(-1, 2)
    edges, centres = grid.edges(), grid.centres()
    for (low, high), row in zip(times, [grid.bins_inside(t) for t in times], strict=True):
        inside = (edges[:-1] >= low - 1e-9) & (edges[1:] <= high + 1e-9)
        assert row.tolist() == _runs(inside)
    for (low, high), row in zip(times, [grid.bins_centred(t) for t in times], strict=True):
        assert row.tolist() == _runs((centres >= low - 1e-9) & (centres < high - 1e-9))


def _runs(mask: np.ndarray) -> list[list[int]]:
    at = np.flatnonzero(mask)
    return [[int(at[0]), int(at[-1]) + 1]] if len(at) else []


@pytest.mark.parametrize("width", [0.0, -1.0, float("nan"), float("inf")])
def test_a_bin_has_a_width(width: float) -> None:
    with pytest.raises(InputError, match="a bin has no width"):
        Grid(0, 1, width)


def test_a_grid_needs_times_in_order() -> None:
    with pytest.raises(InputError, match="a first and a last time"):
        Grid.covering(1.0, 0.0, 10.0)
    with pytest.raises(InputError, match="negative length"):
        Grid(0, -1, 10.0)
