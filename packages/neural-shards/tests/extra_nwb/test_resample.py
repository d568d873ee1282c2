"""Series on the grid: against signals whose values are known everywhere, and plain loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from neural_shards.nwb.circle import Circle
from neural_shards.nwb.clock import regular_clock, scan_clock
from neural_shards.nwb.coded import Happenings
from neural_shards.nwb.grid import Grid
from neural_shards.nwb.resample import Rule, resample, rule_for
from neural_shards.nwb.series import Series
from neural_shards.nwb.stretch import sound_spans
from neuroai_core import InputError


def at_rate(data: Any, rate: float, start: float = 0.0, **kwargs: Any) -> Series:
    data = np.asarray(data)
    clock = regular_clock(len(data), start, rate)
    return Series("s", kwargs.pop("kind", "TimeSeries"), "V", data, None, clock, **kwargs)


def at_times(data: Any, times: Any, **kwargs: Any) -> Series:
    data, times = np.asarray(data), np.asarray(times)
    gap = kwargs.pop("gap", 1.5)
    clock = scan_clock(times, name="s", gap=gap)
    return Series("s", kwargs.pop("kind", "TimeSeries"), "V", data, times, clock, **kwargs)


def decibels(x: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(x**2) * 2 + 1e-30))


@pytest.mark.parametrize("rate", [1250.0, 1000.0, 30_000 / 24.3, 333.3])
@pytest.mark.parametrize("hz", [0.7, 5.0, 20.0, 38.0])
def test_what_the_grid_can_hold_comes_through_without_a_phase_shift(rate: float, hz: float) -> None:
    t = np.arange(int(rate * 30)) / rate
    grid = Grid(0, 3000, 10.0)
    out, valid = resample(
        at_rate(np.sin(2 * np.pi * hz * t + 0.4), rate), grid, 0, 3000, rule="antialias"
    )
    assert valid.all()
    inner = slice(30, -30)
    want = np.sin(2 * np.pi * hz * grid.centres() + 0.4)
    assert decibels((out - want)[inner]) < -60
    basis = np.stack([np.sin, np.cos])  # amplitude and phase by least squares
    basis = np.stack([f(2 * np.pi * hz * grid.centres()[inner]) for f in (np.sin, np.cos)], axis=1)
    a, b = np.linalg.lstsq(basis, out[inner], rcond=None)[0]
    assert np.hypot(a, b) == pytest.approx(1, abs=1e-3)
    assert np.arctan2(b, a) == pytest.approx(0.4, abs=1e-3)


@pytest.mark.parametrize("hz", [50.0, 51.3, 60.0, 77.0, 99.0, 101.0, 150.0, 250.0, 480.0, 620.0])
def test_what_it_cannot_hold_does_not_come_back_as_something_else(hz: float) -> None:
    t = np.arange(1250 * 30) / 1250
    for phase in (0.0, np.pi / 2):
        series = at_rate(np.sin(2 * np.pi * hz * t + phase), 1250.0)
        out, _ = resample(series, Grid(0, 3000, 10.0), 0, 3000, rule="antialias")
        assert decibels(out[30:-30]) < -60


def test_jittered_timestamps_keep_a_slow_signal() -> None:
    rng = np.random.default_rng(3)
    times = np.arange(12_000) / 400 + rng.uniform(-4e-4, 4e-4, 12_000)
    grid = Grid(0, 1500, 20.0)
    out, _ = resample(at_times(np.sin(6 * times), times), grid, 0, 1500, rule="antialias")
    assert np.abs(out - np.sin(6 * grid.centres()))[30:-30].max() < 2e-3


def test_constants_and_straight_lines_stay_so_up_to_the_ends() -> None:
    t = np.arange(4000) / 400
    series = at_rate(np.stack([np.full(4000, 7.0), 3 * t - 1], axis=1), 400.0)
    grid = Grid(0, 500, 20.0)
    out, valid = resample(series, grid, 0, 500, rule="antialias")
    assert valid.all()
    assert out[:, 0] == pytest.approx(7.0, abs=1e-6)
    assert out[:, 1] == pytest.approx(3 * grid.centres() - 1, abs=1e-5)


RULES: list[Rule] = ["antialias", "linear", "nearest", "previous", "mean"]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("dtype", ["int16", "float32", "float64"])
def test_a_bin_is_the_same_whichever_bins_are_asked_for(rule: Rule, dtype: str) -> None:
    rng = np.random.default_rng(0)
    data = (rng.normal(size=(5000, 3)) * 1000).astype(dtype)
    if dtype == "float32":
        data[[700, 701, 3000]] = np.nan
    times = np.arange(5000) / 250 + (np.arange(5000) > 2000) * 1.5
    series = at_times(data, times, gain=np.array([1.0, 2.0, 3.0]), offset=0.5)
    grid = Grid(0, 1100, 20.0)
    whole, valid = resample(series, grid, 0, 1100, rule=rule)
    assert 0.8 < valid.mean() < 0.95
    for a, b in ((0, 1), (99, 400), (400, 431), (1000, 1100), (397, 403)):
        part, good = resample(series, grid, a, b, rule=rule)
        assert np.array_equal(part, whole[a:b], equal_nan=True)
        assert np.array_equal(good, valid[a:b])


def test_beside_a_lost_sample_between_short_steps_the_nearer_one_counts() -> None:
    times = np.array([0.0, 0.1, 0.2, 0.7, 1.2])  # the usual step is 0.3 s
    series = at_times(np.array([1.0, np.nan, 2.0, 3.0, 4.0]), times)
    for rule in ("linear", "nearest"):
        out, valid = resample(series, Grid(0, 10, 20.0), 0, 10, rule=rule)
        assert valid.all()
        assert out.tolist() == [1.0] * 5 + [2.0] * 5


@given(st.integers(0, 2**32 - 1), st.sampled_from(["linear", "nearest", "previous", "mean"]))
@example(2_000_000, "linear")
def test_simple_rules_against_a_loop(seed: int, rule: Rule) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 40))
    steps = rng.choice([0.08, 0.1, 0.12, 0.5], n - 1, p=[0.3, 0.4, 0.2, 0.1])
    times = rng.uniform(-0.5, 0.5) + np.concatenate([[0.0], np.cumsum(steps)])
    values = rng.normal(size=n)
    values[rng.random(n) < 0.1] = np.nan
    series = at_times(values, times)
    grid = Grid(-3, 30, 200.0)
    out, valid = resample(series, grid, 0, 30, rule=rule)
    step = series.clock.step_s
    for k in range(30):
        c, lo, hi = grid.centres()[k], grid.edges()[k], grid.edges()[k + 1]
        want = _value(times, values, series.clock.segments, step, c, lo, hi, rule)
        assert valid[k] == (want is not None), (k, want, out[k])
        if want is not None:
            assert out[k] == pytest.approx(want, abs=1e-5)


def _value(
    times: np.ndarray,
    values: np.ndarray,
    segments: np.ndarray,
    step: float,
    c: float,
    lo: float,
    hi: float,
    rule: str,
) -> float | None:
    """Find the stretch of numbers that stands for the time c, and what it says of it."""
    stretches = []
    for a, b in segments:
        run: list[int] = []
        for i in range(a, b):
            if np.isnan(values[i]):
                stretches.append(run)
                run = []
            else:
                run.append(i)
        stretches.append(run)
    before, after = (0.0, step) if rule == "previous" else (step / 2, step / 2 * (1 + 1e-5))
    # Two may stand for it, where steps beside a lost sample are short: the later one for what
    # lasts, else the nearer.
    runs = [run for run in stretches if run]
    runs.sort(key=lambda run: max(times[run[0]] - c, c - times[run[-1]], 0.0))
    for run in reversed(stretches) if rule == "previous" else runs:
        t, v = times[run], values[run]
        if not run or not t[0] - before - 2e-7 <= c < t[-1] + after - 2e-7:
            continue
        if rule == "linear":
            return float(np.interp(c, t, v))
        if rule == "nearest":
            return float(v[np.argmin(np.abs(t - c))])
        if rule == "previous":
            return float(v[t <= c + 2e-7][-1])
        inside = v[(t >= lo - 2e-7) & (t < hi - 2e-7)]
        return float(inside.mean()) if len(inside) else None
    return None


@pytest.mark.parametrize("rule", RULES)
def test_validity_is_what_the_scan_says(rule: Rule) -> None:
    rng = np.random.default_rng(5)
    data = rng.normal(size=3000)
    data[rng.random(3000) < 0.01] = np.nan
    times = np.cumsum(rng.choice([0.01, 0.011, 0.2], 3000, p=[0.6, 0.39, 0.01]))
    series = at_times(data, times)
    grid = Grid.covering(times[0] - 1, times[-1] + 1, 25.0)
    _, valid = resample(series, grid, 0, grid.n_bins, rule=rule)
    want = np.zeros(grid.n_bins, dtype=bool)
    for a, b in grid.bins_centred(sound_spans(series, forward=rule == "previous")):
        want[a:b] = True
    if rule == "mean":  # a stretch of few samples can leave a bin that holds its middle empty
        assert not (valid & ~want).any()
        assert (valid ^ want).mean() < 0.05
    else:
        assert np.array_equal(valid, want)


def test_nothing_is_interpolated_over_a_gap() -> None:
    times = np.concatenate([np.arange(100) / 50, 4 + np.arange(100) / 50])
    for rule in RULES:
        _, valid = resample(at_times(times, times), Grid(0, 300, 20.0), 0, 300, rule=rule)
        assert valid[:99].all()
        assert not valid[101:199].any()
        assert valid[201:298].all()


def test_head_direction_across_the_wrap() -> None:
    t = np.arange(6000) / 60
    angle = 170 + 60 * np.sin(0.9 * t) + 40 * t  # turns many times
    series = at_rate(np.mod(angle, 360.0), 60.0)
    grid = Grid(0, 9900, 10.0)
    want = 170 + 60 * np.sin(0.9 * grid.centres()) + 40 * grid.centres()
    circle = Circle(360.0)
    out, valid = resample(series, grid, 0, 9900, rule="linear", circle=circle)
    assert valid.all()
    assert (out >= 0).all()
    assert (out < 360).all()
    exact = np.interp(grid.centres(), t, angle)
    assert np.abs(circle.arc(out - exact)).max() < 1e-3
    assert np.abs(circle.arc(out - want)).max() < 0.02
    coarse = Grid(0, 990, 100.0)
    want = 170 + 60 * np.sin(0.9 * coarse.centres()) + 40 * coarse.centres()
    for rule, error in (("antialias", 0.5), ("mean", 3.0)):
        out, _ = resample(series, coarse, 0, 990, rule=rule, circle=circle)
        assert np.abs(circle.arc(out - want))[25:-25].max() < error
    plain, _ = resample(series, coarse, 0, 990, rule="mean")
    assert np.abs(circle.arc(plain - want)).max() > 60  # what averaging numbers would give


def test_radians_from_minus_pi() -> None:
    circle = Circle(2 * np.pi, -np.pi)
    series = at_rate([3.0, -3.0, 3.0, -3.0], 10.0)
    out, _ = resample(series, Grid(0, 4, 100.0), 0, 4, rule="mean", circle=circle)
    assert out == pytest.approx([3.0, -3.0, 3.0, -3.0])
    between, _ = resample(series, Grid(0, 8, 50.0), 1, 2, rule="linear", circle=circle)
    assert np.abs(circle.arc(between - 3.0 - 0.75 * (2 * np.pi - 6))).max() < 1e-6


def test_codes_and_categories_are_never_averaged() -> None:
    times = np.arange(1000) / 100
    codes = (times // 3).astype(np.int32)
    series = at_times(codes, times)
    assert rule_for(series, 0.05) == "previous"
    out, _ = resample(series, Grid(0, 200, 50.0), 0, 200, rule="previous")
    assert out.dtype == np.int32
    assert set(out.tolist()) == {0, 1, 2, 3}
    flags = at_times(times > 5, times)
    assert rule_for(flags, 0.05) == "previous"
    with pytest.raises(InputError, match="only numbers can be averaged"):
        resample(flags, Grid(0, 2, 50.0), 0, 2, rule="linear")


def test_states_last_until_the_next_one() -> None:
    series = at_times(np.array([1, 2, 3]), np.array([0.5, 0.7, 9.0]), gap=None, kind="IndexSeries")
    out, valid = resample(series, Grid(0, 20, 500.0), 0, 20, rule="previous")
    assert valid.tolist() == [False] + [True] * 19
    assert out.tolist() == [0, *[2] * 17, 3, 3]


def test_the_chosen_rule() -> None:
    fast, slow = at_rate(np.zeros(10), 1000.0), at_rate(np.zeros(10), 20.0)
    assert rule_for(fast, 0.01) == "antialias"
    assert rule_for(slow, 0.01) == "linear"
    counts = at_rate(np.zeros(10, np.int16), 1000.0, kind="ElectricalSeries")
    assert rule_for(counts, 0.01) == "antialias"
    scaled = at_rate(np.zeros(10, np.int16), 1000.0, gain=1e-6)
    assert rule_for(scaled, 0.01) == "antialias"


def test_images_keep_their_axes() -> None:
    frames = np.arange(20 * 4 * 5).reshape(20, 4, 5).astype(np.uint8)
    out, valid = resample(at_rate(frames, 10.0), Grid(0, 40, 50.0), 0, 40, rule="previous")
    assert out.shape == (40, 4, 5)
    assert out.dtype == np.uint8
    assert valid.all()
    assert np.array_equal(out, np.repeat(frames, 2, axis=0))


def test_a_series_without_samples_is_nowhere_valid() -> None:
    out, valid = resample(at_rate(np.zeros((0, 2)), 10.0), Grid(0, 5, 100.0), 0, 5, rule="linear")
    assert out.shape == (5, 2)
    assert np.isnan(out).all()
    assert not valid.any()


@pytest.mark.parametrize("rule", RULES)
def test_small_units_of_half_floats_are_not_lost(rule: Rule) -> None:
    data = np.full(400, 3.0, dtype=np.float16)
    for gain in (1e-9, np.float64(1e6)):
        series = at_rate(data, 100.0, gain=float(gain))
        out, valid = resample(series, Grid(0, 100, 20.0), 0, 100, rule=rule)
        assert valid.all()
        assert out == pytest.approx(3.0 * gain, rel=1e-6)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("channels", [1, 3])
def test_an_infinite_sample_is_as_lost_as_one_that_is_no_number(
    rule: Rule, dtype: str, channels: int
) -> None:
    data = np.random.default_rng(0).normal(size=(2000, channels)).astype(dtype)
    data[500] = np.finfo(dtype).max  # a sum of these is infinite, they are not
    lost, infinite = data.copy(), data.copy()
    lost[[700, 900], -1] = np.nan
    infinite[700, -1], infinite[900, -1] = np.inf, -np.inf
    grid, made = Grid(0, 200, 40.0), []
    for values in (lost, infinite):
        series = at_rate(values, 250.0)
        with np.errstate(over="ignore", invalid="ignore"):  # of the largest numbers there are
            out, valid = resample(series, grid, 0, 200, rule=rule)
        spans = sound_spans(series, forward=rule == "previous")
        made.append((out, valid, spans))
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(*made, strict=True))
    assert len(made[1][2]) == 3


@given(st.integers(0, 2**32 - 1))
def test_counts_are_the_same_whichever_bins_are_asked_for(seed: int) -> None:
    rng = np.random.default_rng(seed)
    times = np.sort(rng.choice(np.arange(400) / 10, int(rng.integers(0, 60))))
    clock = scan_clock(times, name="s", gap=None)
    series = Series("s", "TimeSeries", "events", Happenings(len(times)), times, clock)
    grid = Grid(-3, 50, 1000.0)
    counts, valid = resample(series, grid, 0, 50, rule="counts")
    assert valid.all()
    want = [int(((times >= k) & (times < k + 1)).sum()) for k in range(-3, 47)]
    assert counts.tolist() == want
    cut = int(rng.integers(1, 50))
    parts = [resample(series, grid, a, b, rule="counts")[0] for a, b in ((0, cut), (cut, 50))]
    assert np.array_equal(np.concatenate(parts), counts)
