"""The containers of ndx-events 0.2, read without it; see data/write_ndx_events.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pynwb import NWBFile
from pynwb.epoch import TimeIntervals

from neural_shards.nwb import convert_nwb_files, timed
from neural_shards.nwb.plan import plan
from neural_shards.nwb.recording import opened
from neural_shards.nwb.specfile import spec_of
from neural_shards.nwb.tables import columns_of
from neural_shards.nwb.timed import events_in, intervals_in
from neuroai_core import DataError, UnknownNameError

PATH = Path(__file__).parent / "data" / "ndx_events_0.2.0.nwb"


def whole(made: Any, name: str) -> np.ndarray:
    return np.concatenate([sample[name] for sample, _ in made.samples()])


def bins(times: list[float]) -> list[int]:
    return [int(round(10 * time, 6)) for time in times]


def test_every_container_is_a_table() -> None:
    with opened(PATH) as recording:
        tables = {name: columns_of(table) for name, table in events_in(recording.file).items()}
    assert list(tables) == ["annotated", "licks", "pulses", "rewards"]
    assert tables["licks"] == {
        "id": [0, 1, 2, 3],
        "timestamp": pytest.approx([7.25, 0.35, 0.33, 9.0]),
    }
    assert tables["rewards"]["label"] == ["big", "small", "big", "none"]
    assert tables["rewards"]["data"] == [3, 1, 3, 0]
    assert tables["pulses"]["label"] == ["off", "on", "on"]
    assert tables["annotated"]["timestamp"] == [1.0, 2.0, 3.0, 2.5, 5.25]
    assert tables["annotated"]["label"] == ["rear"] * 3 + ["groom"] * 2
    assert tables["annotated"]["scorer"] == ["A"] * 3 + ["B"] * 2


def test_they_are_counted(tmp_path: Path, read_back: Any) -> None:
    spec = spec_of(
        {"modalities": ["spikes", "events"], "bin_ms": 100, "windows": {"length": 10}},
    )
    made = convert_nwb_files([PATH], tmp_path / "out", spec=spec)
    (session,) = made["metadata"]["sessions"]
    kinds = [kind["table"] for kind in session["modalities"]["events"]["kinds"]]
    counts = np.concatenate([sample["events"] for sample in read_back(tmp_path / "out")])
    assert counts.shape == (100, 4)
    want = {
        "annotated": [1.0, 2.0, 3.0, 2.5, 5.25],
        "licks": [7.25, 0.35, 0.33, 9.0],
        "pulses": [1.0, 1.5, 2.5],
        "rewards": [2.0, 4.0, 6.0, 8.5],
    }
    for column, table in enumerate(kinds):
        assert np.array_equal(counts[:, column], np.bincount(bins(want[table]), minlength=100))


def test_each_label_is_a_kind_and_windows_lie_around_one() -> None:
    modalities = {
        "spikes": None,
        "acts": {"kind": "events", "tables": ["annotated"], "column": "label"},
        "reward": {"kind": "labels", "table": "rewards"},
    }
    windows = {"table": "rewards", "range_s": [-0.2, 0.3], "select": {"label": "big"}}
    made = plan(PATH, spec_of({"modalities": modalities, "bin_ms": 100, "windows": windows}))
    kinds = made.session["modalities"]["acts"]["kinds"]
    assert [kind["value"] for kind in kinds] == ["groom", "rear"]
    samples = list(made.samples())
    assert [about["t_start"] for _, about in samples] == pytest.approx([1.8, 5.8])
    assert [sample["reward"]["label"] for sample, _ in samples] == ["big", "big"]
    assert [sample["acts"].sum(axis=0).tolist() for sample, _ in samples] == [[0, 1], [0, 0]]
    assert made.report["not_taken"] == ["events/licks", "events/pulses"]


def test_what_does_not_fit_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match="label"):
        plan(PATH, spec_of({"modalities": {"events": {"tables": ["licks"], "column": "label"}}}))
    events = type("LabeledEvents", (type("Events", (SimpleNamespace,), {}),), {})
    broken = events(name="pulses", parent=None, timestamps=[1.0, 2.0], data=np.array([1]))
    with pytest.raises(DataError, match="do not fit together"):
        events_in(SimpleNamespace(objects={"1": broken}))


@pytest.mark.parametrize("known", [False, True])
def test_a_pynwb_that_passes_over_tables_of_events_is_named(
    monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    monkeypatch.setattr(timed, "find_spec", lambda name: object() if known else None)
    events = {"modalities": {"events": {"tables": ["drops"]}}}
    around = {"modalities": ["spikes"], "windows": {"table": "drops", "range_s": [0, 1]}}
    for spec in (events, around):
        with pytest.raises(DataError, match=r"no such table|no table of") as raised:
            plan(PATH, spec_of(spec))
        assert ("pip install 'pynwb>=4'" in str(raised.value)) is not known


def test_a_number_without_a_label_is_its_own() -> None:
    events = type("LabeledEvents", (type("Events", (SimpleNamespace,), {}),), {})
    bare = events(name="a", parent=None, timestamps=[1.0, 2.0], data=[0, 7], labels=["", "x"])
    assert columns_of(events_in(SimpleNamespace(objects={"1": bare}))["a"])["label"] == ["0", "7"]


def test_tables_of_intervals_are_found_where_they_stand(
    new_file: Callable[..., NWBFile], written: Callable[..., Path]
) -> None:
    file = new_file()
    file.add_unit(spike_times=np.arange(0.0, 20.0, 0.5))
    file.add_trial(start_time=1.0, stop_time=2.0)
    states = TimeIntervals(name="SleepStates", description="states")
    states.add_column("label", "which")
    for k, label in enumerate(["wake", "nrem", "rem", "wake"]):
        states.add_row(start_time=5.0 * k, stop_time=5.0 * k + 4, label=label)
    behaviour = file.create_processing_module("behavior", "b")
    behaviour.add(states)
    for name in ("epochs", "bouts"):  # no borders of the recording: they stand elsewhere
        table = TimeIntervals(name=name, description="others")
        table.add_row(start_time=3.0, stop_time=7.0)
        behaviour.add(table)
    again = TimeIntervals(name="bouts", description="others")
    again.add_row(start_time=3.0, stop_time=7.0)
    file.create_processing_module("ecephys", "e").add(again)
    for source in (file, written(file)):
        with opened(source) as recording:
            assert list(intervals_in(recording.file)) == [
                "trials",
                "SleepStates",
                "behavior/bouts",
                "behavior/epochs",
                "ecephys/bouts",
            ]
        modalities = {"spikes": None, "sleep": {"kind": "labels", "table": "SleepStates"}}
        windows = {"table": "SleepStates", "select": {"label": "wake"}, "length": 10}
        made = plan(source, spec_of({"modalities": modalities, "bin_ms": 100, "windows": windows}))
        samples = list(made.samples())
        assert {sample["sleep"]["label"] for sample, _ in samples} == {"wake"}
        assert [about["interval"] for _, about in samples] == [0] * 4 + [3] * 4
        assert sorted(made.report["not_taken"]) == [
            "behavior/bouts",
            "behavior/epochs",
            "ecephys/bouts",
            "intervals/trials",
        ]
        assert set(made.report["bins"]) == {"all", "left"}
