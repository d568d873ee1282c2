from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core import InputError
from stimulus_protocols import Between, FrameTable, Ramp, blank, events, image, write_events
from stimulus_protocols.stimuli import Grating
from stimulus_protocols.timeline import Segment


def test_every_segment_is_listed():
    grating = Grating(frames=2, height=4, width=4, spatial_frequency_cpp=0.1)
    timeline = (
        blank(2, phase="intro")
        >> image(3, 1, contrast=Ramp(start=0.25, stop=0.75))
        >> Segment(frames=2, stimulus=grating, phase="drift", label=9)
        >> image(1, scrambled=True, phase="mask")
    )
    rows = events(timeline.table(), dt_ms=20, images=[[3, 8]], item_labels=[[30, 80]], seed=5)
    assert [
        (r["onset"], r["duration"], r["trial_type"], r["source"], r["image"], r["label"])
        for r in rows
    ] == [
        (0.0, 0.04, "intro", "void", None, None),
        (0.04, 0.06, "stimulus", "image", 8, 80),
        (0.1, 0.04, "drift", "grating", None, 9),
        (0.14, 0.02, "mask", "scrambled", 3, None),
    ]
    assert (rows[1]["contrast"], rows[1]["contrast_end"]) == (0.25, 0.75)
    assert all(row["seed"] == 5 for row in rows)


def test_the_same_image_twice_is_two_events():
    rows = events((image(2) >> image(2)).table(), dt_ms=10)
    assert [row["onset"] for row in rows] == [0.0, 0.02]


@given(st.integers(0, 1000))
def test_durations_add_up_in_every_trial(seed):
    timeline = blank(Between(low=0, high=3)) >> (image(2) | (blank(1) >> image(3, 1)))
    trials = [timeline.resolve(seed, i).table() for i in range(4)]
    rows = events(FrameTable.stack(trials), dt_ms=10)
    for number, table in enumerate(trials):
        first = [r for r in rows if r["trial"] == number and r["layer"] == 0]
        assert round(sum(r["duration"] for r in first) * 100) == len(table)
        assert [r["image"] for r in first] == [None] * len(first)


def test_a_file_read_back(tmp_path):
    rows = events((blank(1) >> image(2)).table(), dt_ms=500, images=[[4]])
    write_events(rows, tmp_path / "events.tsv")
    with open(tmp_path / "events.tsv", newline="") as file:
        read = list(csv.DictReader(file, delimiter="\t"))
    assert list(read[0])[:2] == ["onset", "duration"]
    assert [r["onset"] for r in read] == ["0.0", "0.5"]
    assert [r["image"] for r in read] == ["n/a", "4"]


def test_time_needs_a_length():
    with pytest.raises(InputError, match="dt_ms"):
        events(image(1).table(), dt_ms=0)
