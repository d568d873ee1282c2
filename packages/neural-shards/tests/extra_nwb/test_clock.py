"""Clocks: gaps, steps back, and times found again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_shards.nwb import clock as module
from neural_shards.nwb.clock import regular_clock, scan_clock
from neuroai_core import DataError


@given(
    st.lists(st.sampled_from([0.9, 1.0, 1.1, 1.6, 7.0]), min_size=0, max_size=60),
    st.integers(1, 9),
)
def test_stretches_against_every_step(steps: list[float], mark: int) -> None:
    times = np.concatenate([[5.0], 5.0 + np.cumsum(steps)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MARK", mark)
        clock = scan_clock(times, name="x")
        median = np.median(steps) if steps else 0.0
        breaks = [i + 1 for i, s in enumerate(steps) if s > 1.5 * median]
        assert clock.segments[:, 0].tolist() == [0, *breaks]
        assert clock.segments[:, 1].tolist() == [*breaks, len(times)]
        assert clock.spans_s.tolist() == [[times[a], times[b - 1]] for a, b in clock.segments]
        for s, (a, b) in enumerate(clock.segments.tolist()):
            for t in (-1.0, times[a], times[b - 1], times[a] + 0.5, times[b - 1] + 1e-9, 1e9):
                want = a + int((times[a:b] < t).sum())
                assert clock.find(times, s, t) == want


@given(st.floats(-10, 10), st.sampled_from([1.0, 60.0, 1250.0, 29.97]), st.integers(1, 500))
def test_a_rate_finds_its_own_samples(start: float, rate: float, n: int) -> None:
    clock = regular_clock(n, start, rate)
    times = clock.times(None, 0, n)
    assert times == pytest.approx(start + np.arange(n) / rate)
    found = [clock.find(None, 0, t) for t in times]
    assert found == list(range(n))
    assert clock.find(None, 0, start - 1) == 0
    assert clock.find(None, 0, start + n / rate + 1) == n


def test_pieces_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.choice([1.0, 1.2, 9.0], 1000, p=[0.7, 0.28, 0.02]))
    whole = scan_clock(times, name="x")
    monkeypatch.setattr(
        module, "pieces", lambda data: ((i, data[i : i + 137]) for i in range(0, 1000, 137))
    )
    parts = scan_clock(times, name="x")
    assert np.array_equal(whole.segments, parts.segments)
    assert np.array_equal(whole.spans_s, parts.spans_s)


def test_neighbours_out_of_place_are_sorted() -> None:
    times = np.arange(100) / 10
    times[[40, 41]] = times[[41, 40]]
    clock = scan_clock(times, name="x")
    assert clock.gaps == 0
    assert clock.order is not None
    assert clock.times(times, 38, 44) == pytest.approx(np.arange(38, 44) / 10)


def test_stretches_in_the_wrong_order_are_put_in_order() -> None:
    times = np.concatenate([10 + np.arange(50) / 10, np.arange(50) / 10])
    clock = scan_clock(times, name="x")
    assert clock.segments.tolist() == [[50, 100], [0, 50]]
    assert clock.order is None
    assert clock.find(times, 0, 0.3) == 53


def test_a_clock_that_was_set_back_is_an_error() -> None:
    times = np.concatenate([np.arange(50) / 10, 2 + np.arange(50) / 10])
    with pytest.raises(DataError, match="the clock was set back") as raised:
        scan_clock(times, name="eye")
    assert "samples 0 to 49 at 0 to 4.9 s; samples 50 to 99 at 2 to 6.9 s" in str(raised.value)


def test_a_timestamp_that_is_no_number_is_an_error() -> None:
    with pytest.raises(DataError, match="not a number") as raised:
        scan_clock(np.array([0.0, 1.0, np.nan]), name="eye")
    assert raised.value.index == "sample 2"


def test_few_samples() -> None:
    assert scan_clock(np.zeros(0), name="x").n == 0
    one = scan_clock(np.array([3.0]), name="x")
    assert (one.step_s, one.first_s, one.last_s, one.gaps) == (0.0, 3.0, 3.0, 0)
    twice = scan_clock(np.array([3.0, 3.0]), name="x")
    assert twice.segments.tolist() == [[0, 2]]


def test_states_have_no_gaps() -> None:
    clock = scan_clock(np.array([0.0, 0.1, 0.2, 50.0]), name="x", gap=None)
    assert clock.holds
    assert clock.gaps == 0
