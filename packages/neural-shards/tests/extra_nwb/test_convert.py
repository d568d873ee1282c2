"""Recordings to shards, end to end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from pynwb import NWBFile

from neural_shards.nwb import NWBToWebDatasetConverter, convert_nwb_files
from neuroai_core import DataError, InputError, NotFoundError, UnknownArgumentError


@pytest.mark.realdata
def test_a_real_recording_sample_by_sample(
    real_data: Path, tmp_path: Path, read_back: Callable[..., Any]
) -> None:
    path = real_data / "nwb" / "A8604-211122.nwb"
    converter = NWBToWebDatasetConverter(
        tmp_path / "out", modalities=["spikes"], bin_size_ms=20.0, sequence_length=50
    )
    made = converter.convert_nwb_file(path)
    summary = converter.finalize()
    samples = read_back(tmp_path / "out")
    assert summary["total_samples"] == made == len(samples)
    with h5py.File(path) as file:
        times = np.split(file["units/spike_times"][:], file["units/spike_times_index"][:-1])
    grid = summary["metadata"]["sessions"][0]["grid"]
    edges = np.round(grid["t0"] / 0.02 + np.arange(grid["bins"] + 1)) * 0.02 - 2e-8
    want = np.stack([np.histogram(t, edges)[0] for t in times], axis=1)
    assert want.sum() == sum(map(len, times))
    for k, sample in enumerate(samples):
        assert np.array_equal(sample["spikes"], want[50 * k : 50 * (k + 1)])
        assert sample["metadata"]["t_start"] == pytest.approx(edges[50 * k] + 2e-8)


@pytest.mark.realdata
@pytest.mark.parametrize(
    "name", ["1.0.3_nwbfile", "1.5.1_timeseries_no_data", "2.1.0_nwbfile_with_extension"]
)
def test_old_files_open_and_say_what_they_lack(real_data: Path, tmp_path: Path, name: str) -> None:
    converter = NWBToWebDatasetConverter(tmp_path / "out", modalities=["spikes"])
    with pytest.raises(DataError, match="no spike times"):
        converter.convert_nwb_file(real_data / "nwb" / f"{name}.nwb")


@pytest.mark.realdata
def test_a_series_of_an_old_file_with_an_extension(
    real_data: Path, tmp_path: Path, read_back: Callable[..., Any]
) -> None:
    converter = NWBToWebDatasetConverter(
        tmp_path / "out", modalities=["test_ts"], bin_size_ms=1000.0, sequence_length=2
    )
    converter.convert_nwb_file(real_data / "nwb" / "2.1.0_nwbfile_with_extension.nwb")
    converter.finalize()
    (sample,) = read_back(tmp_path / "out")
    assert sample["test_ts"].tolist() == [[1.5], [2.5]]  # at 0.5 s and 1.5 s


def test_spikes_and_behaviour(
    simple: NWBFile, written: Callable[..., Path], tmp_path: Path, read_back: Callable[..., Any]
) -> None:
    path = written(simple)
    converter = NWBToWebDatasetConverter(
        output_dir=tmp_path / "out",
        shard_size=7,
        modalities=["spikes", "behavior"],
        bin_size_ms=20.0,
        sequence_length=50,
        overlap=0.5,
    )
    converter.convert_nwb_files([path])
    summary = converter.finalize()
    samples = read_back(tmp_path / "out")
    assert len(samples) == summary["total_samples"] == 39
    assert summary["total_shards"] == 6
    assert summary["metadata"]["sessions"][0]["modalities"]["spikes"]["units"]["id"] == [0, 1, 2]
    for sample in samples:
        start = sample["metadata"]["t_start"]
        centres = start + 0.02 * (np.arange(50) + 0.5)
        want = np.stack([np.sin(centres), 0.1 * centres], axis=1)
        assert sample["spikes"].shape == (50, 3)
        assert sample["spikes"][:, 1].sum() == 0
        assert np.abs(sample["behavior"] - want).max() < 1e-3
        assert sample["metadata"]["source"] == "recording.nwb"
        assert len(sample["metadata"]["sha256"]) == 64


def test_the_same_input_gives_the_same_bytes(
    simple: NWBFile, written: Callable[..., Path], tmp_path: Path
) -> None:
    path = written(simple)
    for name in ("a", "b"):
        convert_nwb_files([path], tmp_path / name, modalities=["spikes", "behavior"])
    files = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert files == sorted(p.name for p in (tmp_path / "b").iterdir())
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_an_open_file_is_taken_as_it_is(simple: NWBFile, tmp_path: Path) -> None:
    converter = NWBToWebDatasetConverter(tmp_path / "out", modalities=["spikes"])
    assert converter.convert_nwb_file(simple) == 19
    assert converter.finalize()["metadata"]["sessions"][0]["sha256"] is None


def test_what_is_no_recording(
    simple: NWBFile, written: Callable[..., Path], tmp_path: Path
) -> None:
    converter = NWBToWebDatasetConverter(tmp_path / "out", modalities=["spikes", "lfp"])
    with pytest.raises(NotFoundError, match="no such file"):
        converter.convert_nwb_file(tmp_path / "missing.nwb")
    (tmp_path / "text.nwb").write_text("not a recording")
    with pytest.raises(DataError, match="no NWB file"):
        converter.convert_nwb_file(tmp_path / "text.nwb")
    (tmp_path / "empty.nwb").touch()
    with pytest.raises(DataError, match="no NWB file"):
        converter.convert_nwb_file(tmp_path / "empty.nwb")
    path = written(simple)
    with pytest.raises(DataError, match="no 'lfp'") as raised:
        converter.convert_nwb_file(path)
    assert "processing/behavior/Position/xy (SpatialSeries)" in str(raised.value)
    with pytest.raises(InputError, match="no recording"):
        converter.convert_nwb_file(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("part", [0.01, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_one_clear_error(
    simple: NWBFile, written: Callable[..., Path], tmp_path: Path, part: float
) -> None:
    content = written(simple).read_bytes()
    cut = tmp_path / "cut.nwb"
    cut.write_bytes(content[: int(len(content) * part)])
    converter = NWBToWebDatasetConverter(tmp_path / "out", modalities=["spikes"])
    with pytest.raises(DataError) as raised:
        converter.convert_nwb_file(cut)
    assert raised.value.path == cut


def test_wrong_settings_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownArgumentError, match="bin_size"):
        NWBToWebDatasetConverter(tmp_path, bin_size=10)  # type: ignore[call-arg]
    with pytest.raises(InputError, match="overlap"):
        NWBToWebDatasetConverter(tmp_path, overlap=1.0)
    with pytest.raises(InputError, match="a window holds no bin"):
        NWBToWebDatasetConverter(tmp_path, sequence_length=0)
    with pytest.raises(InputError, match="a bin has no width"):
        NWBToWebDatasetConverter(tmp_path, bin_size_ms=0)
    with pytest.raises(InputError, match="cannot name a modality"):
        NWBToWebDatasetConverter(tmp_path, modalities=["Spikes.x"])
    assert json.loads("[]") == list(tmp_path.iterdir())
