"""Every protocol against its definition, step by step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core import InputError, UnknownArgumentError
from stimulus_protocols import Between, blank, image, protocols
from stimulus_protocols.stimuli import WhiteNoise
from stimulus_protocols.table import SCRAMBLED


def sources(timeline):
    return timeline.table().source[0, 0].tolist()


def phases(timeline):
    table = timeline.table()
    return [table.phases[p] for p in table.phase[0, 0]]


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
    timeline = protocols.interval(10, 2, 3, 1)
    assert phases(timeline) == (
        ["intro"] + ["stimulus"] * 2 + ["interval"] * 3 + ["stimulus_2"] * 2 + ["outro"] * 2
    )
    assert timeline.table().since_onset[0, 0].tolist() == [0, 0, 1, 0, 1, 2, 0, 1, 0, 1]


def test_the_control_of_a_pair_differs_in_the_first_alone():
    same = protocols.interval(10, 2, 3, 1)
    other = protocols.interval(10, 2, 3, 1, pair="AB")
    assert sources(same) == [-1, 0, 0, -1, -1, -1, 0, 0, -1, -1]
    assert sources(other) == [-1, 1, 1, -1, -1, -1, 0, 0, -1, -1]
    assert phases(same) == phases(other)


@pytest.mark.parametrize(("adapter", "item"), [("same", 0), ("other", 1), ("blank", -1)])
def test_adaptation_with_its_controls(adapter, item):
    timeline = protocols.adaptation(
        16, 5, 1, 2, 1, adapter=adapter, adapter_contrast=0.5, top_ups=1, top_up_duration=2
    )
    assert sources(timeline) == [-1] + [item] * 5 + [-1, 0, 0] + [item] * 2 + [-1, 0, 0, -1, -1]
    table = timeline.table()
    assert table.label_item[0, 0].tolist() == [-1] * 7 + [0, 0] + [-1] * 3 + [0, 0, -1, -1]
    if adapter != "blank":
        assert (table.gain[0, 0, 1:6] == 0.5).all()


@pytest.mark.parametrize("order", ["backward", "forward"])
def test_masking_keeps_the_onset_asynchrony(order):
    noise = WhiteNoise(frames=5, height=4, width=4)
    for mask, source in (("other", 1), ("phase_scrambled", SCRAMBLED), (noise, -2)):
        timeline = protocols.masking(12, 2, 3, 2, 1, order=order, mask=mask)
        shown = sources(timeline)
        target, other = shown.index(0), shown.index(source)
        assert (other - target) == (3 if order == "backward" else -3)
        assert shown.count(0) == shown.count(source) == 2
        assert (timeline.table().label_item[0, 0] == 0).sum() == 2
    with pytest.raises(InputError, match="before the first has ended"):
        protocols.masking(12, 4, 3, 2, order="backward")
    with pytest.raises(InputError, match="other"):
        protocols.masking(12, 1, 3, 2, mask="othr")


def test_delayed_match_labels_what_it_shows():
    timeline = protocols.delayed_match(8, 2, 3, 1, 1, match_probability=0.7)
    matches = 0
    for image_number in range(400):
        table = timeline.resolve(0, image_number).table()
        shown = table.source[0, 0].tolist()
        assert shown[:6] == [-1, 0, 0, -1, -1, -1]
        match = shown[6] == 0
        labels = table.labels(np.array([[7, 9]]), -1)[0]
        assert labels.tolist() == [-1] * 6 + [int(match), -1]
        matches += match
    assert abs(matches - 280) < 5 * np.sqrt(400 * 0.21)


def test_rsvp_puts_its_targets_where_it_says():
    timeline = protocols.rsvp(6, 2, 1, target=2, lag=3)
    shown = sources(timeline)
    assert shown[::3] == shown[1::3] == [2, 3, 0, 4, 5, 1]
    assert shown[2::3] == [-1] * 6
    labels = timeline.table().label_item[0, 0, ::3].tolist()
    assert labels == [-1, -1, 0, -1, -1, 1]
    assert sources(protocols.rsvp(3, 1)) == [0, 1, 2]


def test_oddballs_are_as_rare_as_they_should_be_and_have_controls():
    def count(**arguments):
        timeline = protocols.oddball(20, 1, probability=0.2, lead=4, **arguments)
        return np.array([sources(timeline.resolve(1, i)) for i in range(200)])

    plain = count()
    assert (plain[:, :4] == 0).all()
    share = (plain[:, 4:] == 1).mean()
    assert abs(share - 0.2) < 5 * np.sqrt(0.16 / plain[:, 4:].size)
    assert (count(control="flip_flop") == 1 - plain).all()
    many = count(control="many_standards", standards=5)
    counts = np.bincount(many.ravel(), minlength=5)
    assert (abs(counts - many.size / 5) < 5 * np.sqrt(many.size * 0.16)).all()


def test_omissions():
    assert sources(protocols.omission(4, 2, 1, omitted=1)) == [0, 0, -1] + [-1] * 3 + [0, 0, -1] * 2
    drawn = protocols.omission(50, 1, 0, probability=0.3)
    gone = np.array([sources(drawn.resolve(0, i)) for i in range(40)]) == -1
    assert not gone[:, 0].any()
    assert abs(gone[:, 1:].mean() - 0.3) < 0.05
    with pytest.raises(InputError, match="either"):
        protocols.omission(4, 1, 1)


def test_flicker_has_its_frequency_in_milliseconds():
    # 12 Hz at 5 ms: a period of 16.67 steps.
    timeline = protocols.flicker(1000, 1000, 1000 / 12, dt_ms=5)
    gain = timeline.table().gain[0, 0]
    assert abs(np.fft.rfft(gain - gain.mean())).argmax() == 12
    with pytest.raises(InputError, match="faster"):
        protocols.flicker(100, 100, 8, dt_ms=5)


def test_saccades_move_and_last_as_they_should():
    timeline = protocols.saccades(40, 5, jitter_px=3, item_duration_spread=2)
    table = timeline.resolve(0, 1).table()
    begins = np.flatnonzero(table.since_onset[0, 0] == 0)
    lengths = np.diff([*begins, len(table)])
    assert lengths.min() >= 3
    assert lengths.max() <= 7
    shifts = np.concatenate([table.shift_x[0, 0, begins], table.shift_y[0, 0, begins]])
    assert 2 < shifts.std() < 4


def test_steps_and_ramps_of_contrast():
    step = protocols.contrast_step(10, 6, 2, 1, before=0.25, after=0.75)
    assert step.table().gain[0, 0].tolist() == [0] + [0.25] * 2 + [0.75] * 4 + [0] * 3
    ramp = protocols.contrast_ramp(6, 4, 1, start=0.125, stop=1, scale="log")
    assert np.allclose(ramp.table().gain[0, 0, 1:5], np.geomspace(0.125, 1, 4))


def test_what_changes_another_timeline():
    base = protocols.duration(4, 2, 1)
    assert sources(protocols.idle(base, 3)) == [-1, -1, -1, -1, 0, 0, -1]
    jittered = protocols.padded(blank(Between(low=0, high=3)) >> image(2), 7)
    assert {len(jittered.resolve(0, i)) for i in range(20)} == {7}
    caught = protocols.catch(base, 0.5)
    empty = sum(caught.resolve(3, i).items == 0 for i in range(400))
    assert abs(empty - 200) < 50


def test_series_are_products():
    made = protocols.series(
        protocols.duration,
        n_timesteps=20,
        stimulus_duration=[1, 2],
        contrast=protocols.log_steps(0.01, 1, 3),
    )
    assert len(made) == 6
    assert made[1][0] == {"stimulus_duration": 1, "contrast": 0.1}
    assert np.isclose(made[1][1].table().gain.sum(), 0.1)
    with pytest.raises(InputError):
        protocols.log_steps(0, 1, 3)


@pytest.mark.parametrize("name", protocols.BY_NAME)
def test_a_misspelt_argument_suggests_the_near_one(name):
    with pytest.raises(UnknownArgumentError):
        protocols.BY_NAME[name](no_such_argument=1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: protocols.interval(7, 3, 2),
        lambda: protocols.rsvp(3, 1, target=3),
        lambda: protocols.rsvp(3, 1, lag=1),
        lambda: protocols.rsvp(3, 0),
        lambda: protocols.oddball(3, 1, probability=1.1),
        lambda: protocols.oddball(3, 1, lead=4),
        lambda: protocols.adaptation(9, 0, 1, 1),
        lambda: protocols.adaptation(9, 3, 1, 1, top_ups=-1),
        lambda: protocols.contrast_step(9, 3, 3),
        lambda: protocols.catch(blank(1), 2),
        lambda: protocols.delayed_match(9, 1, 1, 1, match_probability=-0.1),
        lambda: protocols.omission(3, 1, 1, omitted=3),
        lambda: protocols.omission(3, 1, 1, probability=3),
    ],
)
def test_impossible_protocols(make):
    with pytest.raises(InputError):
        make()


@given(
    parts=st.lists(st.integers(1, 60), min_size=2, max_size=2),
    outro=st.integers(0, 60),
    dt=st.sampled_from([0.1, 0.01, 0.05, 0.7, 1 / 3]),
)
def test_times_that_fit_exactly_are_taken(parts, outro, dt):
    # As they are written: with the last digits off that sums of floats have.
    stimulus, intro = (count * dt for count in parts)
    timeline = protocols.duration(intro + stimulus + outro * dt, stimulus, intro, dt_ms=dt)
    shown = timeline.table().source[0, 0]
    assert [(shown[: parts[1]] == -1).all(), len(shown)] == [True, sum(parts) + outro]
    assert (shown == 0).sum() == parts[0]


def test_float_addition_does_not_refuse_what_fits():
    assert len(protocols.duration(0.3, 0.2, 0.1, dt_ms=0.1)) == 3
    assert len(protocols.duration(100.0, 200 / 3, 100 / 3, dt_ms=100 / 3)) == 3
    with pytest.raises(InputError, match=r"0\.301 ms or more"):
        protocols.duration(0.3, 0.2, 0.101, dt_ms=0.1)
    with pytest.raises(InputError, match="4 steps or more"):
        protocols.duration(3, 2, 2)
