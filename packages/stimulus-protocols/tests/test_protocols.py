from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core import InputError, UnknownArgumentError
from stimulus_protocols import protocols


@given(st.integers(0, 20), st.integers(1, 20), st.integers(0, 20), st.integers(0, 20))
def test_milliseconds_of_whole_steps_are_steps(intro, stimulus, pause, outro):
    total = intro + 2 * stimulus + pause + outro
    steps = protocols.interval(total, stimulus, pause, intro)
    ms = protocols.interval(7 * total, 7 * stimulus, 7 * pause, 7 * intro, dt_ms=7)
    assert steps == ms


@given(
    st.floats(0, 300), st.floats(11, 300), st.floats(11, 300), st.floats(0.5, 10), st.floats(0, 50)
)
def test_edges_in_milliseconds_are_within_half_a_step(intro, stimulus, pause, dt, outro):
    if 0 < intro < dt:
        return
    total = intro + 2 * stimulus + pause + outro + dt
    table = protocols.interval(total, stimulus, pause, intro, dt_ms=dt).table()
    shown = table.source[0, 0] == 0
    onset = int(shown.argmax())
    assert abs(onset * dt - intro) <= dt / 2 + 1e-6
    assert abs(len(table) * dt - total) <= dt / 2 + 1e-6
    assert abs(int(shown.sum()) * dt - 2 * stimulus) <= 2 * dt + 1e-6


def test_phases_are_named():
    table = protocols.interval(10, 2, 3, 1).table()
    assert [table.phases[p] for p in table.phase[0, 0]] == (
        ["intro"] + ["stimulus"] * 2 + ["interval"] * 3 + ["stimulus_2"] * 2 + ["outro"] * 2
    )
    assert table.since_onset[0, 0].tolist() == [0, 0, 1, 0, 1, 2, 0, 1, 0, 1]


def test_wrong_arguments():
    with pytest.raises(UnknownArgumentError, match="did you mean 'intro_duration'"):
        protocols.duration(6, 3, intro_durations=2)
    with pytest.raises(InputError, match="= 8"):
        protocols.interval(7, 3, 2)
