"""Recordings to shards, end to end."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from pynwb import NWBFile, TimeSeries
from pynwb.image import ImageSeries

from neural_shards.nwb import (
    ConversionSpec,
    NWBToWebDatasetConverter,
    Spikes,
    Windows,
    convert_nwb_files,
    identity,
    preview_nwb_files,
)
from neural_shards.nwb.plan import Plan, plan
from neural_shards.nwb.specfile import spec_of
from neuroai_core import DataError, InputError, NotFoundError, UnknownArgumentError


@pytest.mark.realdata
def test_a_real_recording_sample_by_sample(
    real_data: Path, tmp_path: Path, read_back: Callable[..., Any]
) -> None:
    path = real_data / "nwb" / "A8604-211122.nwb"
    converter = NWBToWebDatasetConverter(
        tmp_path / "out", modalities=["spikes"], bin_size_ms=20.0, sequence_length=50, overlap=0.0
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
def test_a_series_of_an_old_file_without_data(real_data: Path, tmp_path: Path) -> None:
    path = real_data / "nwb" / "1.5.1_timeseries_no_data.nwb"
    with pytest.raises(DataError, match="no spike and no sample"):
        convert_nwb_files([path], tmp_path / "out", modalities=["test_timeseries"])
    assert not (tmp_path / "out").exists()


@pytest.mark.realdata
def test_a_series_of_an_old_file_with_an_extension(
    real_data: Path, tmp_path: Path, read_back: Callable[..., Any]
) -> None:
    converter = NWBToWebDatasetConverter(
        tmp_path / "out", modalities=["test_ts"], bin_size_ms=1000.0, sequence_length=2, overlap=0.0
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


def test_a_recording_is_hashed_only_where_it_is_wanted(
    simple: NWBFile,
    written: Callable[..., Path],
    tmp_path: Path,
    read_back: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hashed: list[Path] = []

    def noted(path: Path, given_up: Any) -> str:
        hashed.append(path)
        return "ab" * 32

    monkeypatch.setattr(identity, "_hash_of_file", noted)
    path = written(simple)
    spec = ConversionSpec({"spikes": Spikes()})
    preview_nwb_files([path], spec=spec)
    convert_nwb_files([path], tmp_path / "without", spec=replace(spec, sha256=False))
    assert not hashed
    convert_nwb_files([path], tmp_path / "with", spec=spec)
    assert hashed == [path]
    for name, want in (("without", None), ("with", "ab" * 32)):
        samples = read_back(tmp_path / name)
        assert {sample["metadata"]["sha256"] for sample in samples} == {want}


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
    assert converter.convert_nwb_file(simple) == 38
    assert converter.finalize()["metadata"]["sessions"][0]["sha256"] is None


def sessions_of(new_file: Callable[..., NWBFile], written: Callable[..., Path]) -> list[Path]:
    """Write three recordings of different length and units."""
    paths = []
    for number in range(3):
        file = new_file()
        rng = np.random.default_rng(number)
        for _ in range(2 + number):
            file.add_unit(spike_times=np.sort(rng.uniform(0, 10.0 + 7 * number, 300)))
        data = rng.normal(size=(400 + 200 * number, 2))
        module = file.create_processing_module("behavior", "b")
        module.add(TimeSeries(name="speed", data=data, unit="m/s", rate=25.0))
        paths.append(written(file, f"session{number}.nwb"))
    return paths


def content_of(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_one_by_one_in_one_go_and_in_parallel_give_the_same_bytes(
    new_file: Callable[..., NWBFile], written: Callable[..., Path], tmp_path: Path
) -> None:
    paths = sessions_of(new_file, written)
    converter = NWBToWebDatasetConverter(tmp_path / "one", 25, sequence_length=40)
    converter.convert_nwb_files(paths)
    summary = converter.finalize()
    assert set(summary["modalities"]) == {"spikes", "behavior"}
    settings: dict[str, Any] = {"shard_size": 25, "sequence_length": 40}
    convert_nwb_files(paths, tmp_path / "go", **settings)
    with ThreadPoolExecutor(3) as threads:
        convert_nwb_files(paths, tmp_path / "threads", executor=threads, **settings)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        convert_nwb_files(paths, tmp_path / "processes", executor=processes, **settings)
    whole = content_of(tmp_path / "one")
    assert len(whole) > 6
    for name in ("go", "threads", "processes"):
        assert content_of(tmp_path / name) == whole


def test_a_conversion_that_was_stopped_goes_on(
    new_file: Callable[..., NWBFile],
    written: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paths = sessions_of(new_file, written)
    settings: dict[str, Any] = {"shard_size": 25, "sequence_length": 40}
    convert_nwb_files(paths, tmp_path / "whole", **settings)
    read = Plan.samples

    def stop(done: int, total: int) -> None:
        if done == 50:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert_nwb_files(paths, tmp_path / "out", report=stop, **settings)
    asked = []

    def counted(self: Plan, first: int = 0, stop: int | None = None) -> Any:
        asked.append(first)
        return read(self, first, stop)

    monkeypatch.setattr(Plan, "samples", counted)
    convert_nwb_files(paths, tmp_path / "out", **settings)
    assert content_of(tmp_path / "out") == content_of(tmp_path / "whole")
    total = len(read_summary(tmp_path / "out")["shards"])
    assert len(asked) <= total - 2 + 2  # two shards were kept; some hold two recordings


def read_summary(folder: Path) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((folder / "dataset_metadata.json").read_text())
    return made


def test_a_recording_that_changes_meanwhile_is_an_error(
    simple: NWBFile, written: Callable[..., Path]
) -> None:
    path = written(simple)
    planned = plan(path, ConversionSpec({"spikes": Spikes()}))
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(DataError, match="has changed"):
        next(planned.samples())


def test_a_preview_is_what_comes(
    new_file: Callable[..., NWBFile], written: Callable[..., Path], tmp_path: Path
) -> None:
    paths = sessions_of(new_file, written)
    settings: dict[str, Any] = {"shard_size": 25, "sequence_length": 40}
    before = preview_nwb_files(paths, **settings)
    assert not (tmp_path / "out").exists()
    summary = convert_nwb_files(paths, tmp_path / "out", **settings)
    assert before["samples"] == summary["total_samples"]
    assert before["shards"] == summary["total_shards"]
    assert [r["modalities"]["spikes"]["units"] for r in before["recordings"]] == [2, 3, 4]
    assert json.loads(json.dumps(before)) == before


def test_a_failing_file_in_another_process_is_named(
    simple: NWBFile, written: Callable[..., Path], tmp_path: Path
) -> None:
    good, bad = written(simple), tmp_path / "bad.nwb"
    bad.write_bytes(good.read_bytes()[:5000])
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes,
        pytest.raises(DataError) as raised,
    ):
        convert_nwb_files([good, bad], tmp_path / "o", modalities=["spikes"], executor=processes)
    assert raised.value.path == bad
    with (
        ProcessPoolExecutor(1) as processes,
        pytest.raises(InputError, match="cannot be sent to other processes"),
    ):
        convert_nwb_files([simple], tmp_path / "o", executor=processes)


def test_nothing_usual(new_file: Callable[..., NWBFile], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing that is usually taken"):
        convert_nwb_files([new_file()], tmp_path / "out")
    with pytest.raises(InputError, match="no recording to convert"):
        convert_nwb_files([], tmp_path / "out")
    with pytest.raises(InputError, match="said twice"):
        convert_nwb_files(
            [new_file()],
            tmp_path / "out",
            modalities=["spikes"],
            spec=ConversionSpec({"spikes": Spikes()}),
        )
    with pytest.raises(InputError, match="said twice"):
        NWBToWebDatasetConverter(
            tmp_path / "out", overlap=0.0, spec=ConversionSpec({"spikes": Spikes()})
        )
    with pytest.raises(InputError, match="a list of names"):
        convert_nwb_files([new_file()], tmp_path / "out", modalities="spikes")


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


def test_the_manifest_says_what_was_asked_and_what_was_left_out(
    simple: NWBFile, written: Callable[..., Path], tmp_path: Path
) -> None:
    simple.add_invalid_time_interval(start_time=5.0, stop_time=6.0)
    simple.add_trial(start_time=1.0, stop_time=2.0)
    simple.add_trial(start_time=5.5, stop_time=5.7)
    path = written(simple)
    spec = ConversionSpec({"spikes": Spikes()}, 20.0, Windows(10, table="trials"))
    (session,) = convert_nwb_files([path], tmp_path / "a", spec=spec)["metadata"]["sessions"]
    (previewed,) = preview_nwb_files([path], spec=spec)["recordings"]
    assert spec_of(session["spec"]) == spec
    for key in ("bins", "windows", "not_taken"):
        assert session[key] == previewed[key]
    assert session["bins"]["in invalid_times"] == 50
    assert session["windows"]["left_out"] == {"interval with no room for a window": 1}
    stored = json.loads((tmp_path / "a" / "dataset_metadata.json").read_text())
    assert stored["metadata"]["sessions"] == [session]


def test_recordings_without_a_window_are_an_error(simple: NWBFile, tmp_path: Path) -> None:
    converter = NWBToWebDatasetConverter(
        tmp_path / "out", modalities=["spikes"], sequence_length=5000
    )
    assert converter.convert_nwb_file(simple) == 0
    with pytest.raises(DataError, match="no recording holds a single window"):
        converter.finalize()
    with pytest.raises(DataError, match="no window of 5000 bins"):
        convert_nwb_files([simple], tmp_path / "b", modalities=["spikes"], sequence_length=5000)
    assert not (tmp_path / "b").exists()


def test_of_two_movies_none_is_taken_by_itself(
    simple: NWBFile, written: Callable[..., Path], tmp_path: Path
) -> None:
    frames = np.zeros((200, 3, 4), dtype=np.uint8)
    for name in ("gratings", "scenes"):
        simple.add_stimulus(ImageSeries(name=name, data=frames, unit="n.a.", rate=10.0))
    simple.add_stimulus(TimeSeries(name="contrast", data=np.zeros(200), unit="n.a.", rate=10.0))
    path = written(simple)
    made = convert_nwb_files([path], tmp_path / "a")
    assert set(made["modalities"]) == {"behavior", "spikes"}
    (session,) = made["metadata"]["sessions"]
    assert session["not_taken"] == [
        "stimulus/presentation/contrast (TimeSeries, one of several: name it)",
        "stimulus/presentation/gratings (ImageSeries, one of several: name it)",
        "stimulus/presentation/scenes (ImageSeries, one of several: name it)",
    ]
    converter = NWBToWebDatasetConverter(tmp_path / "b")
    assert converter.convert_nwb_file(path) == made["total_samples"]
    assert set(converter.finalize()["modalities"]) == {"behavior", "spikes"}
    named = convert_nwb_files([path], tmp_path / "c", modalities=["spikes", "scenes"])
    assert named["modalities"]["scenes"]["shape"] == [100, 3, 4]
    with pytest.raises(DataError, match="side by side"):
        convert_nwb_files([path], tmp_path / "d", modalities=["stimulus"])
