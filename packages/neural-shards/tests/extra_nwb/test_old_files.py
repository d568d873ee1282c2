"""Files that old releases of pynwb wrote, from 1.0.2 (NWB 2.0b) on; see data/write_old_nwb.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from pynwb import NWBHDF5IO

from neural_shards.nwb import ConversionSpec, Signals, Spikes, Windows, convert_nwb_files
from neural_shards.nwb.plan import plan
from neural_shards.nwb.spec import Labels

DATA = Path(__file__).parent / "data"
NWB = {"1.0.2": "2.0b", "1.1.0": "2.1.0", "1.5.1": "2.3.0", "2.0.1": "2.4.0", "2.8.3": "2.7.0"}


@pytest.fixture(params=NWB)
def old(request: pytest.FixtureRequest) -> Path:
    path = DATA / f"pynwb_{request.param}.nwb"
    with h5py.File(path) as file:
        version = file.attrs["nwb_version"]
        assert (version.decode() if isinstance(version, bytes) else version) == NWB[request.param]
    return path


def whole(made: Any, name: str) -> np.ndarray:
    return np.concatenate([sample[name] for sample, _ in made.samples()])


def test_what_is_usually_taken_is_converted(old: Path, tmp_path: Path, read_back: Any) -> None:
    made = convert_nwb_files([old], tmp_path / "out", bin_size_ms=20.0, sequence_length=50)
    assert set(made["modalities"]) == {"behavior", "lfp", "spikes", "spikes_mask"}
    (session,) = made["metadata"]["sessions"]
    units = session["modalities"]["spikes"]["units"]
    assert units["quality"] == ["good", "mua", "good", "good"]
    assert units["electrodes"] == [[0, 1, 2, 3], [1, 2, 3], [2, 3], [3]]
    samples = read_back(tmp_path / "out")
    starts = [sample["metadata"]["t_start"] for sample in samples]
    # Nothing over the border of the epochs at 4 s, nothing in the invalid time from 7 s to 7.2 s.
    assert starts == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 4.5, 5, 5.5, 6])


def test_spikes_are_where_they_are_stored(old: Path) -> None:
    windows = Windows(10, cross=("epochs", "invalid_times", "unobserved"))
    made = plan(old, ConversionSpec({"spikes": Spikes()}, 10.0, windows, start_s=0.0, stop_s=8.0))
    with h5py.File(old) as file:
        times = np.split(file["units/spike_times"][:], file["units/spike_times_index"][:-1])
    want = [np.histogram(t, np.arange(801) * 0.01 - 1e-8)[0] for t in times]
    assert [len(t) for t in times] == [115, 26, 0, 55]
    assert np.array_equal(whole(made, "spikes"), np.transpose(want))
    observed = whole(made, "spikes_mask")
    assert observed.sum(axis=0).tolist() == [800, 800, 800, 600]


def test_series_are_in_their_units(old: Path) -> None:
    modalities = {"lfp": Signals(), "xy": Signals(), "heading": Signals(rule="linear")}
    windows = Windows(10, cross=("epochs", "invalid_times"))
    made = plan(old, ConversionSpec(modalities, 20.0, windows, start_s=0.0))
    t = 0.02 * (np.arange(len(whole(made, "lfp"))) + 0.5)
    assert len(t) == 390  # to the last position, at 7.97 s
    volts = 2e-3 * np.sin(2 * np.pi * 3 * t)[:, None] * np.arange(1, 5)
    assert np.abs(whole(made, "lfp") - volts).max() < 2e-5
    assert whole(made, "xy") == pytest.approx(np.stack([t, 0.5 - 0.1 * t], axis=1), abs=1e-6)
    # In `meters`, as pynwb says where nobody named a unit: round the circle all the same.
    turned = np.mod(whole(made, "heading")[:, 0] - 3 * t + np.pi, 2 * np.pi) - np.pi
    assert np.abs(turned).max() < 1e-5


def test_trials(old: Path) -> None:
    windows = Windows(table="trials", align="go_cue_time", range_s=(-0.2, 0.4))
    spec = ConversionSpec({"spikes": Spikes(mask="never"), "trials": Labels()}, 20.0, windows)
    samples = list(plan(old, spec).samples())
    assert [about["interval"] for _, about in samples] == [0, 1, 2, 3]
    assert [sample["trials"]["choice"] for sample, _ in samples] == ["right", "left"] * 2
    assert [about["t_start"] for _, about in samples] == pytest.approx(
        [0.3, 2.3, 4.3, 6.3], abs=0.02
    )


def test_the_same_whichever_release_wrote_it() -> None:
    spec = ConversionSpec({"spikes": Spikes(), "lfp": Signals(), "behavior": Signals()}, 10.0)
    made = [plan(DATA / f"pynwb_{release}.nwb", spec) for release in NWB]
    for name in ("spikes", "lfp", "behavior"):
        first, *others = (whole(m, name) for m in made)
        assert first.size
        assert all(np.array_equal(first, other) for other in others)


def test_a_file_without_an_id_is_the_same_at_each_opening(old: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        made = convert_nwb_files([old], tmp_path / name, bin_size_ms=20.0, sequence_length=50)
    with h5py.File(old) as file:
        stored = file.attrs.get("object_id")
    assert made["metadata"]["sessions"][0]["object_id"] == stored
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name
    with NWBHDF5IO(str(old), "r") as reader:
        assert plan(reader.read(), ConversionSpec({"spikes": Spikes()})).session["object_id"] == (
            stored
        )
