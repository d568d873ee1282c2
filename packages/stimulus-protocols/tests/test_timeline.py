"""The laws of the segment algebra, on random timelines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroai_core import InputError, UnknownArgumentError
from stimulus_protocols import Between, Choice, Ramp, blank, image
from stimulus_protocols.timeline import Padded, Segment

segments = st.one_of(
    st.builds(blank, st.integers(0, 4)),
    st.builds(image, st.integers(0, 4), st.integers(0, 2), contrast=st.floats(0, 1, width=16)),
    st.builds(
        lambda n, a, b: image(n, contrast=Ramp(start=a, stop=b)),
        st.integers(0, 4),
        st.floats(0, 1, width=16),
        st.floats(0, 1, width=16),
    ),
)
timelines = st.recursive(
    segments,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a >> b, inner, inner),
        st.builds(lambda a, n: a * n, inner, st.integers(0, 3)),
        st.builds(lambda a, b: a | b, inner, inner),
        st.builds(lambda a, n: Padded(part=a, frames=len(a) + n), inner, st.integers(0, 3)),
    ),
    max_leaves=6,
)


def columns(table):
    """What a table shows, step by step, as plain values without blank layers."""
    steps = []
    for t in range(len(table)):
        shown = [
            (
                int(table.source[0, layer, t]),
                float(table.gain[0, layer, t]),
                int(table.label_item[0, layer, t]),
            )
            for layer in range(table.layers)
            if table.source[0, layer, t] != -1
        ]
        steps.append(shown)
    return steps


@given(timelines, timelines)
def test_lengths_add(a, b):
    assert len(a >> b) == len(a) + len(b)
    assert columns((a >> b).table()) == columns(a.table()) + columns(b.table())


@given(timelines, st.integers(0, 4))
def test_repeating_is_repeating(a, n):
    assert columns((a * n).table()) == columns(a.table()) * n


@given(timelines, timelines)
def test_overlay_is_both(a, b):
    long = max(len(a), len(b))
    x, y = (columns(part.table()) + [[]] * (long - len(part)) for part in (a, b))
    assert columns((a | b).table()) == [p + q for p, q in zip(x, y, strict=True)]


@given(timelines, timelines, timelines)
def test_sequences_are_associative(a, b, c):
    assert (a >> b) >> c == a >> (b >> c)


@given(timelines, st.data())
@settings(max_examples=50)
def test_slicing_commutes_with_compiling(a, data):
    start = data.draw(st.integers(0, len(a)))
    stop = data.draw(st.integers(start, len(a)))
    whole = columns(a.table())
    assert columns(a[start:stop].table()) == whole[start:stop]
    assert columns(a.table(start, stop)) == whole[start:stop]
    middle = data.draw(st.integers(start, stop))
    again = a[start:stop][: middle - start].table()
    assert columns(again) == whole[start:middle]


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 100))
def test_jitter_is_within_its_range_and_a_function_of_its_keys(low, more, seed):
    timeline = blank(Between(low=low, high=low + more)) >> image(2)
    lengths = [len(timeline.resolve(seed, i)) for i in range(30)]
    assert all(low + 2 <= length <= low + more + 2 for length in lengths)
    assert lengths == [len(timeline.resolve(seed, i)) for i in range(30)]
    assert len(timeline) == low + more + 2


def test_jitter_is_uniform():
    timeline = blank(Between(low=1, high=4))
    counts = np.bincount([len(timeline.resolve(0, i)) for i in range(4000)], minlength=5)
    assert counts[0] == 0
    assert (abs(counts[1:] - 1000) < 5 * np.sqrt(1000 * 0.75)).all()


def test_repetitions_are_drawn_anew():
    timeline = blank(Between(low=0, high=50)) * 4
    parts = timeline.resolve(1, 2).parts
    assert len({len(part) for part in parts}) > 1


def test_choices_follow_their_weights():
    timeline = Choice(options=(image(1), blank(2), image(3)), weights=(6, 3, 1))
    counts = np.bincount([len(timeline.resolve(0, i)) for i in range(2000)], minlength=4)[1:]
    expected = np.array([1200, 600, 200])
    assert (abs(counts - expected) < 5 * np.sqrt(expected)).all()


def test_ten_million_frames_cost_nothing():
    timeline = (blank(3) >> image(7)) * 1_000_000
    assert len(timeline) == 10_000_000
    assert timeline.table(9_999_990).source[0, 0].tolist() == [-1] * 3 + [0] * 7
    assert timeline[5_000_000:5_000_004].table().source[0, 0].tolist() == [-1] * 3 + [0]


def test_one_way_to_read_a_random_timeline():
    timeline = blank(Between(low=1, high=3))
    with pytest.raises(InputError, match="resolve"):
        timeline.table()
    with pytest.raises(InputError, match="resolve"):
        timeline[1:2]


@pytest.mark.parametrize(
    "make",
    [
        lambda: image(-1),
        lambda: image(2.0),
        lambda: image(True),
        lambda: image("3"),
        lambda: image(3, -1),
        lambda: image(3, contrast=-0.5),
        lambda: image(3, contrast=float("nan")),
        lambda: Between(low=3, high=1),
        lambda: Ramp(start=0, stop=1, scale="log"),
        lambda: Choice(options=()),
        lambda: Choice(options=(image(1),), weights=(0,)),
        lambda: Choice(options=(image(1),), weights=(1, 2)),
        lambda: Padded(part=image(3), frames=2),
        lambda: image(3) * -1,
        lambda: image(3)[::2],
        lambda: image(3)[0],
        lambda: image(3).table(1, 5),
    ],
)
def test_impossible_timelines(make):
    with pytest.raises(InputError):
        make()


def test_misspelt_parts_suggest_the_near_one():
    with pytest.raises(UnknownArgumentError, match="did you mean 'contrast'"):
        Segment(frames=3, item=0, contrst=0.5)


def test_an_error_inside_names_the_key():
    with pytest.raises(InputError) as caught:
        Segment(frames={"low": 3, "high": 1})
    assert "frames" in str(caught.value)
