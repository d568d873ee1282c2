"""Tables of events: counted, or what windows are aligned to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pynwb import NWBFile

from neural_shards.nwb.plan import plan
from neural_shards.nwb.specfile import plain_of, spec_of
from neuroai_core import DataError, UnknownNameError

# pynwb 3 has no class to write such tables with, and passes over those of a file; that a user
# of it is told to take pynwb 4 is tested in test_timed.py.
event = pytest.importorskip("pynwb.event", reason="tables of events came with pynwb 4")


@pytest.fixture
def eventful(new_file: Callable[..., NWBFile]) -> NWBFile:
    """Licks and rewards of two kinds, out of order, and a unit that fires every 100 ms."""
    file = new_file()
    file.add_unit(spike_times=np.arange(200) / 10 + 0.05)
    licks = event.EventsTable(name="licks", description="of a tongue")
    for time in (7.25, 0.35, 0.33, 19.0):
        licks.add_event(timestamp=time)
    file.add_events_table(licks)
    rewards = event.EventsTable(name="rewards", description="drops")
    rewards.add_column(name="size", description="how much")
    for time, size, duration in ((2.0, "big", 0.5), (4.0, "small", 1.0), (6.0, "big", np.nan)):
        rewards.add_event(timestamp=time, size=size, duration=duration)
    file.add_events_table(rewards)
    return file


def whole(made: Any, name: str) -> np.ndarray:
    return np.concatenate([sample[name] for sample, _ in made.samples()])


def test_events_are_counted(
    eventful: NWBFile, written: Callable[..., Path], read_back: Callable[[Path], Any]
) -> None:
    path = written(eventful)
    made = plan(path, spec_of({"modalities": ["spikes", "events"], "bin_ms": 100}))
    counts = whole(made, "events")
    assert counts.dtype == np.uint8
    want = np.zeros((200, 2), dtype=int)
    want[[3, 72, 190], 0] = 2, 1, 1
    want[[20, 40, 60], 1] = 1
    assert np.array_equal(counts, want)
    session = made.session["modalities"]["events"]
    assert session["kinds"] == [{"table": "licks"}, {"table": "rewards"}]
    assert session["tables"]["rewards"]["size"] == ["big", "small", "big"]
    assert made.report["modalities"]["events"]["kinds"][0]["events"] == 4


def test_each_value_of_a_column_is_a_kind(eventful: NWBFile) -> None:
    spec = spec_of(
        {
            "modalities": {
                "spikes": None,
                "drops": {"kind": "events", "tables": ["rewards"], "column": "size"},
            },
            "bin_ms": 1000,
            "windows": {"length": 20},
        }
    )
    assert spec_of(plain_of(spec)) == spec
    made = plan(eventful, spec)
    kinds = made.session["modalities"]["drops"]["kinds"]
    assert kinds == [{"table": "rewards", "value": "big"}, {"table": "rewards", "value": "small"}]
    assert np.flatnonzero(whole(made, "drops")[:, 0]).tolist() == [2, 6]
    assert np.flatnonzero(whole(made, "drops")[:, 1]).tolist() == [4]
    assert made.report["not_taken"] == ["events/licks"]


def test_windows_around_events_and_labels_of_them(eventful: NWBFile) -> None:
    made = plan(
        eventful,
        spec_of(
            {
                "modalities": {"spikes": None, "reward": {"kind": "labels", "table": "rewards"}},
                "bin_ms": 100,
                "windows": {
                    "table": "rewards",
                    "range_s": [-0.2, 0.3],
                    "select": {"size": "big"},
                },
            }
        ),
    )
    samples = list(made.samples())
    assert [about["t_start"] for _, about in samples] == pytest.approx([1.8, 5.8])
    assert [sample["reward"]["size"] for sample, _ in samples] == ["big", "big"]
    along = plan(
        eventful,
        spec_of(
            {
                "modalities": {"spikes": None, "reward": {"kind": "labels", "table": "rewards"}},
                "bin_ms": 100,
            }
        ),
    )
    rows = whole(along, "reward")
    assert np.flatnonzero(rows == 0).tolist() == list(range(20, 25))
    assert np.flatnonzero(rows == 1).tolist() == list(range(40, 50))
    assert not (rows == 2).any()  # an event without a duration holds no bin


def test_tables_that_are_not_there(eventful: NWBFile, new_file: Callable[..., NWBFile]) -> None:
    with pytest.raises(DataError, match="no such table of events") as raised:
        plan(eventful, spec_of({"modalities": {"events": {"tables": ["lick"]}}}))
    assert "licks, rewards" in str(raised.value)
    with pytest.raises(UnknownNameError, match="siz"):
        plan(eventful, spec_of({"modalities": {"events": {"column": "siz"}}}))
    with pytest.raises(DataError, match="no table of events at all"):
        plan(new_file(), spec_of({"modalities": ["events"]}))
