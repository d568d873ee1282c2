import math
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from neuroai_core import InputError, Timebase

RATES = st.sampled_from([1, 24, 30, 59.94, 60, 75, 100, 120, 144, 1000, 15.625]) | st.fractions(
    Fraction(1, 10), 5000, max_denominator=1000
)
#: Times as people write them: decimals of three places.
TIMES = st.integers(0, 10**7).map(lambda thousandths: thousandths / 1000)


def nearest(exact: Decimal) -> int:
    return math.floor(exact + Decimal("0.5"))


@given(TIMES, st.integers(1, 10_000))
@example(0.29, 100)
@example(16.7, 60)
@example(2.5, 1000)
def test_an_edge_is_the_nearest_in_decimal_arithmetic(time: float, rate: int) -> None:
    base = Timebase.from_rate(rate)
    assert base.edge_s(time) == nearest(Decimal(repr(time)) * rate)
    assert base.edge_ms(time) == nearest(Decimal(repr(time)) * rate / 1000)


@given(RATES, st.integers(-(10**6), 10**6))
def test_frames_to_time_and_back(rate: float, frame: int) -> None:
    base = Timebase.from_rate(rate)
    assert base.edge_ms(base.time_ms(frame)) == frame
    assert base.edge_s(base.time_s(frame)) == frame
    assert base.time_ms(frame) == pytest.approx(1000 * base.time_s(frame))


@given(RATES, st.lists(TIMES, max_size=30))
def test_frames_add_up_to_the_rounded_total(rate: float, durations: list[float]) -> None:
    base = Timebase.from_rate(rate)
    exact = [Fraction(repr(d)) for d in durations]
    edges = [base.edge_ms(sum(exact[: i + 1], Fraction(0))) for i in range(len(exact))]
    frames = list(np.diff([0, *edges]))
    lost = [d > 0 and f == 0 for d, f in zip(durations, frames, strict=True)]
    if any(lost):
        with pytest.raises(InputError, match="too short to show") as raised:
            base.frames_ms(durations)
        assert raised.value.index == lost.index(True)
    else:
        assert base.frames_ms(durations) == frames
        assert sum(base.frames_ms(durations)) == (edges[-1] if edges else 0)


@given(st.integers(1, 500), st.integers(1, 2000))
def test_no_error_builds_up(rate: int, count: int) -> None:
    base = Timebase.from_rate(rate)
    third = Fraction(4, 3) / rate  # a third of a frame over
    assert sum(base.frames_s([third] * count)) == math.floor(
        Fraction(4 * count, 3) + Fraction(1, 2)
    )


@given(RATES, st.lists(TIMES, max_size=10))
def test_seconds_and_milliseconds_agree(rate: float, durations: list[float]) -> None:
    base = Timebase.from_rate(rate)
    exact = [Fraction(repr(d)) for d in durations]

    def frames(call: object, values: list[Fraction]) -> object:
        try:
            return call(values)
        except InputError as error:
            return error.message, error.index

    assert frames(base.frames_ms, exact) == frames(base.frames_s, [d / 1000 for d in exact])


@given(st.floats(0.01, 1000))
def test_rate_and_frame_duration_are_two_names_of_one(dt_ms: float) -> None:
    base = Timebase.from_dt_ms(dt_ms)
    assert base.dt_ms == dt_ms
    assert base == Timebase.from_rate(1000 / Fraction(repr(dt_ms)))
    assert pickle.loads(pickle.dumps(base)) == base


@pytest.mark.parametrize(
    "written",
    [0.29, np.float64(0.29), np.float32(0.29), np.float16(0.29), Decimal("0.29"),
     Fraction(29, 100), np.longdouble("0.29")],
)  # fmt: skip
def test_every_kind_of_number_is_the_decimal_it_is_written_as(written: float) -> None:
    base = Timebase.from_rate(np.int64(100))
    assert base.edge_s(written) == 29
    assert Timebase.from_rate(10000).edge_s(written) == 2900
    assert base.frames_s(np.array([0.29, 0.29], np.float32)) == [29, 29]


def test_whole_numbers_of_every_kind_are_exact() -> None:
    base = Timebase.from_rate(1000)
    for kind in (int, np.int64, np.uint64):
        assert base.edge_s(kind(2**53 + 1)) == (2**53 + 1) * 1000
    assert base.time_ms(np.int32(7)) == 7.0
    assert base.time_s(np.uint8(200)) == 0.2


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, np.float32("nan"), Decimal("NaN"), Decimal("Infinity"),
     None, "100", True, 1j, [1.0], np.array([1.0])],
)  # fmt: skip
def test_what_is_no_finite_number_is_refused(value: object) -> None:
    base = Timebase.from_rate(60)
    calls = (base.edge_ms, base.edge_s, Timebase.from_rate, Timebase.from_dt_ms, Timebase)
    for call in (*calls, lambda v: base.frames_ms([v]), lambda v: base.frames_s([1, v])):
        with pytest.raises(InputError, match="not a finite number"):
            call(value)


@pytest.mark.parametrize("value", [0, -1, 0.0, -0.5, Fraction(0)])
def test_a_rate_is_positive(value: float) -> None:
    for call in (Timebase.from_rate, Timebase.from_dt_ms, Timebase):
        with pytest.raises(InputError, match="is not positive"):
            call(value)


def test_a_rate_of_any_type_is_exact() -> None:
    assert Timebase(59.94).rate_hz == Fraction("59.94")  # type: ignore[arg-type]


def test_negative_and_vanishing_durations_are_refused() -> None:
    base = Timebase.from_dt_ms(10)
    with pytest.raises(InputError, match="duration is negative") as raised:
        base.frames_ms([10, -1])
    assert raised.value.index == 1
    with pytest.raises(InputError, match="too short to show") as raised:
        base.frames_ms([10, 4.9, 10])
    assert raised.value.index == 1
    assert base.frames_ms([10, 0, 5]) == [1, 0, 1]
    assert base.frames_ms([]) == []


@given(st.floats(allow_nan=False, allow_infinity=False), RATES)
def test_no_edge_is_nearer(time: float, rate: float) -> None:
    base = Timebase.from_rate(rate)
    exact = Fraction(repr(time)) * base.rate_hz
    edge = base.edge_s(time)
    assert -Fraction(1, 2) < edge - exact <= Fraction(1, 2)


@given(st.integers(-(10**9), 10**9), RATES)
def test_exactly_half_a_frame_rounds_up(frame: int, rate: float) -> None:
    base = Timebase.from_rate(rate)
    assert base.edge_s((frame + Fraction(1, 2)) / base.rate_hz) == frame + 1
