"""What is taken of recordings: kinds of series, borders, masks, trials, tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hdmf.common import VectorData, VectorIndex
from pynwb import NWBFile, TimeSeries
from pynwb.base import Images
from pynwb.behavior import (
    BehavioralEpochs,
    BehavioralEvents,
    BehavioralTimeSeries,
    CompassDirection,
    EyeTracking,
    IntervalSeries,
    PupilTracking,
    SpatialSeries,
)
from pynwb.ecephys import LFP, ElectricalSeries, FilteredEphys
from pynwb.image import GrayscaleImage, ImageSeries, IndexSeries, OpticalSeries
from pynwb.misc import AnnotationSeries, DecompositionSeries, Units
from pynwb.ophys import DfOverF, Fluorescence, ImageSegmentation, RoiResponseSeries
from pynwb.testing.mock.ophys import mock_ImagingPlane

from neural_shards.nwb.plan import Plan, plan
from neural_shards.nwb.spec import ConversionSpec, Labels, Modality, Signals, Spikes, Windows
from neural_shards.nwb.specfile import spec_of
from neuroai_core import DataError, InputError, UnknownNameError

# What pynwb advises against today is what files of yesterday hold.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.* is deprecated. Use an EventsTable:UserWarning"),
    pytest.mark.filterwarnings("ignore:The linked table for DynamicTableRegion:UserWarning"),
    pytest.mark.filterwarnings("ignore:Neither source_timeseries nor source_channels:UserWarning"),
]


def planned(
    file: Any, modalities: dict[str, Modality], bin_ms: float = 100.0, **kwargs: Any
) -> Plan:
    grid = {key: kwargs.pop(key) for key in ("start_s", "stop_s") if key in kwargs}
    return plan(file, ConversionSpec(modalities, bin_ms, Windows(**kwargs), **grid))


def whole(made: Plan, name: str) -> np.ndarray:
    """Lay the values of all windows end to end."""
    return np.concatenate([sample[name] for sample, _ in made.samples()])


def with_electrodes(file: NWBFile, n: int) -> Any:
    device = file.create_device("probe")
    group = file.create_electrode_group("shank", "d", "CA1", device)
    for i in range(n):
        file.add_electrode(location=f"CA{i}", group=group)
    return file.create_electrode_table_region(list(range(n)), "all of them")


def test_conversion_and_offset_are_applied(new_file: Callable[..., NWBFile]) -> None:
    file = new_file()
    region = with_electrodes(file, 3)
    raw = np.arange(300, dtype=np.int16).reshape(100, 3)
    series = ElectricalSeries(
        name="lfp",
        data=raw,
        electrodes=region,
        rate=10.0,
        conversion=1e-3,
        offset=0.25,
        channel_conversion=[1.0, 2.0, -4.0],
    )
    file.create_processing_module("ecephys", "e").add(LFP(electrical_series=series))
    made = planned(file, {"lfp": Signals(rule="previous")}, length=10)
    want = raw * 1e-3 * np.array([1.0, 2.0, -4.0]) + 0.25
    assert whole(made, "lfp") == pytest.approx(want)
    made = planned(file, {"lfp": Signals(rule="linear", channels=(2, 0))}, length=10)
    mid = (want[:-1] + want[1:]) / 2
    assert whole(made, "lfp")[:99] == pytest.approx(mid[:, [2, 0]], rel=1e-5)
    assert made.session["modalities"]["lfp"]["series"][0]["rows"]["location"] == ["CA2", "CA0"]


def test_starting_time_moves_a_series(new_file: Callable[..., NWBFile]) -> None:
    file = new_file()
    data = np.arange(50.0)
    file.add_acquisition(TimeSeries(name="a", data=data, unit="V", rate=10.0, starting_time=30.0))
    file.add_acquisition(TimeSeries(name="b", data=data, unit="V", rate=10.0, starting_time=-2.0))
    made = planned(file, {"a": Signals(rule="nearest")}, length=5)
    assert made.grid.t0 == 30.0
    assert whole(made, "a")[:, 0].tolist() == data.tolist()
    assert planned(file, {"b": Signals(rule="nearest")}, length=5).grid.t0 == -2.0
    with_both = planned(file, {"a": Signals(), "b": Signals()}, length=5)
    assert len(with_both) == 0  # they have no bin in common
    assert with_both.report["bins"]["left"] == 0


def test_every_kind_of_behaviour_stands_side_by_side(new_file: Callable[..., NWBFile]) -> None:
    file = new_file()
    module = file.create_processing_module("behavior", "b")

    def spatial(name: str, columns: int) -> SpatialSeries:
        data = np.tile(np.arange(40.0)[:, None], columns)
        return SpatialSeries(name=name, data=data, rate=10.0, reference_frame="r")

    module.add(EyeTracking(spatial_series=spatial("gaze", 2)))
    module.add(
        PupilTracking(time_series=TimeSeries(name="size", data=np.ones(40), unit="mm", rate=10.0))
    )
    module.add(
        BehavioralTimeSeries(
            time_series=TimeSeries(name="speed", data=np.full(40, 2.0), unit="m/s", rate=10.0)
        )
    )
    module.add(
        BehavioralEvents(
            time_series=TimeSeries(
                name="lick", data=np.arange(40) % 2, unit="n", timestamps=np.arange(40) / 10
            )
        )
    )
    module.add(spatial("bare", 1))
    made = planned(file, {"behavior": Signals(rule="nearest")}, length=8)
    columns = made.session["modalities"]["behavior"]["series"]
    assert [c["path"].removeprefix("processing/behavior/") for c in columns] == [
        "BehavioralEvents/lick",
        "BehavioralTimeSeries/speed",
        "EyeTracking/gaze",
        "PupilTracking/size",
        "bare",
    ]
    values = whole(made, "behavior")
    assert values.shape == (40, 6)
    assert values.dtype == np.float32
    assert values[:, 0].tolist() == (np.arange(40) % 2).tolist()
    assert values[:, 2].tolist() == np.arange(40.0).tolist()


@pytest.mark.parametrize(
    ("unit", "full"),
    [("radians", 2 * np.pi), ("degrees", 360.0), ("meters", 2 * np.pi), ("meters", 360.0)],
)
def test_a_compass_direction_is_circular_by_itself(
    new_file: Callable[..., NWBFile], unit: str, full: float
) -> None:
    file = new_file()
    turns = np.arange(200) * 0.07
    data = np.mod(turns, 1.0) * full
    series = SpatialSeries(name="head", data=data, rate=20.0, unit=unit, reference_frame="north")
    file.create_processing_module("behavior", "b").add(CompassDirection(spatial_series=series))
    made = planned(file, {"behavior": Signals()}, bin_ms=20.0, length=10)
    (column,) = made.session["modalities"]["behavior"]["series"]
    assert column["period"] == pytest.approx(full)
    out = whole(made, "behavior")[:, 0] / full
    want = np.interp(made.grid.centres()[: len(out)], np.arange(200) / 20, turns)
    difference = np.mod(out - want + 0.5, 1.0) - 0.5
    assert np.abs(difference).max() < 1e-5
    negative = SpatialSeries(
        name="head", data=data - full / 2, rate=20.0, unit=unit, reference_frame="north"
    )
    other = new_file()
    other.create_processing_module("behavior", "b").add(CompassDirection(spatial_series=negative))
    made = planned(other, {"behavior": Signals()}, bin_ms=20.0, length=10)
    assert made.session["modalities"]["behavior"]["series"][0]["low"] == pytest.approx(-full / 2)


def test_text_intervals_and_annotations(new_file: Callable[..., NWBFile]) -> None:
    file = new_file()
    file.add_acquisition(
        AnnotationSeries(name="notes", data=["rest", "run", "rest"], timestamps=[0.0, 1.0, 3.0])
    )
    file.create_processing_module("behavior", "b").add(
        BehavioralEpochs(
            interval_series=IntervalSeries(
                name="run", data=[1, -1, 2, -2], timestamps=[0.5, 1.0, 2.0, 2.5]
            )
        )
    )
    made = planned(file, {"notes": Signals(), "run": Signals()}, length=5, start_s=0.5, stop_s=4.0)
    assert made.session["modalities"]["notes"]["series"][0]["words"] == ["rest", "run"]
    assert whole(made, "notes")[:, 0].tolist() == [0] * 5 + [1] * 20 + [0] * 10
    assert whole(made, "run")[:, 0].tolist() == [1] * 5 + [0] * 10 + [2] * 5 + [0] * 15


def test_lfp_eeg_and_other_electrical_series(new_file: Callable[..., NWBFile]) -> None:
    file = new_file()
    region = with_electrodes(file, 2)

    def electrical(name: str, level: float) -> ElectricalSeries:
        return ElectricalSeries(
            name=name, data=np.full((50, 2), level), electrodes=region, rate=10.0
        )

    module = file.create_processing_module("ecephys", "e")
    module.add(LFP(electrical_series=electrical("one", 1.0)))
    module.add(FilteredEphys(electrical_series=electrical("filtered", 2.0)))
    file.add_acquisition(electrical("ElectricalSeriesEEG", 3.0))
    made = planned(file, {"lfp": Signals(), "eeg": Signals(), "filtered": Signals()}, length=5)
    for name, level in (("lfp", 1.0), ("eeg", 3.0), ("filtered", 2.0)):
        assert set(whole(made, name).ravel().tolist()) == {level}
    file.add_unit(spike_times=[0.5])
    with pytest.raises(UnknownNameError, match="column of units"):
        planned(file, {"spikes": Spikes({"qualty": "good"})})


def test_fluorescence_and_its_regions(new_file: Callable[..., NWBFile]) -> None:
    file = new_file()
    plane = mock_ImagingPlane(nwbfile=file)
    segmentation = ImageSegmentation()
    module = file.create_processing_module("imaging", "o")
    module.add(segmentation)
    table = segmentation.create_plane_segmentation("cells", plane, name="cells")
    for i in range(4):
        table.add_roi(pixel_mask=[(i, i, 1.0)])
    region = table.create_roi_table_region("some", region=[1, 3])
    for container, level in ((DfOverF, 0.5), (Fluorescence, 9.0)):
        series = RoiResponseSeries(
            name="rois", data=np.full((60, 2), level), rois=region, unit="n.a.", rate=30.0
        )
        module.add(container(roi_response_series=series))
    made = planned(file, {"ophys": Signals(("Fluorescence/rois",))}, length=5)
    assert set(whole(made, "ophys").ravel().tolist()) == {9.0}
    assert made.session["modalities"]["ophys"]["series"][0]["rows"]["id"] == [1, 3]
    both = planned(file, {"fluorescence": Signals()}, length=5)
    assert whole(both, "fluorescence").shape[1] == 4


def test_images_stimuli_and_indices(new_file: Callable[..., NWBFile]) -> None:
    file = new_file()
    frames = np.arange(20 * 3 * 4, dtype=np.uint8).reshape(20, 3, 4)
    file.add_acquisition(ImageSeries(name="camera", data=frames, unit="n.a.", rate=10.0))
    images = Images(
        name="shown", images=[GrayscaleImage(name=str(i), data=np.zeros((2, 2))) for i in range(2)]
    )
    file.add_stimulus_template(images)
    file.add_stimulus(
        OpticalSeries(
            name="movie",
            data=frames,
            distance=1.0,
            field_of_view=[1.0, 1.0],
            orientation="up",
            unit="n.a.",
            rate=10.0,
        )
    )
    made = planned(file, {"video": Signals(), "stimulus": Signals()}, length=5)
    assert whole(made, "video").dtype == np.uint8
    assert np.array_equal(whole(made, "video"), frames)
    assert np.array_equal(whole(made, "stimulus"), frames)
    other = new_file()
    other.add_stimulus(
        IndexSeries(
            name="which",
            data=[0, 1, 0],
            timestamps=[0.0, 0.2, 3.0],
            indexed_images=images,
            unit="N/A",
        )
    )
    made = planned(other, {"stimulus": Signals()}, length=1)
    assert whole(made, "stimulus")[:, 0].tolist() == [0] * 2 + [1] * 28 + [0]


def test_bands_keep_their_axes(new_file: Callable[..., NWBFile]) -> None:
    file = new_file()
    series = DecompositionSeries(
        name="bands", data=np.ones((40, 3, 2)), metric="power", unit="V", rate=10.0
    )
    series.add_band(band_name="theta", band_limits=(4, 8), band_mean=6.0, band_stdev=1.0)
    file.create_processing_module("ecephys", "e").add(series)
    volumes = np.arange(40 * 8.0).reshape(40, 2, 2, 2)
    file.add_acquisition(TimeSeries(name="bold", data=volumes, unit="n.a.", rate=0.5))
    made = planned(file, {"bands": Signals()}, length=5)
    assert whole(made, "bands").shape == (40, 3, 2)
    made = planned(file, {"fmri": Signals()}, length=5, bin_ms=2000.0)
    assert whole(made, "fmri").shape == (40, 2, 2, 2)
    with pytest.raises(DataError, match="side by side"):
        planned(file, {"all": Signals(("bands", "bold"))})


def test_timestamps_shared_by_two_series(new_file: Callable[..., NWBFile]) -> None:
    file = new_file()
    first = TimeSeries(name="a", data=np.arange(30.0), unit="V", timestamps=np.arange(30) / 10)
    file.add_acquisition(first)
    file.add_acquisition(TimeSeries(name="b", data=first, unit="V", timestamps=first))
    made = planned(file, {"a": Signals(), "b": Signals()}, length=5)
    assert np.array_equal(whole(made, "a"), whole(made, "b"))


@pytest.mark.parametrize("missing", ["gap", "nan", "late"])
def test_windows_hold_no_gap_unless_asked(new_file: Callable[..., NWBFile], missing: str) -> None:
    file = new_file()
    times, data = np.arange(400) / 20, np.arange(400.0)
    if missing == "gap":
        times = times + (np.arange(400) >= 100) * 3.0
        lost = (5.0, 8.0)
    elif missing == "nan":
        data[100:160] = np.nan
        lost = (5.0, 8.0)
    else:
        times = times + 3.0
        lost = (0.0, 3.0)
    file.add_acquisition(TimeSeries(name="pupil", data=data, unit="V", timestamps=times))
    file.add_unit(spike_times=np.arange(230) / 10)
    modalities: dict[str, Modality] = {"spikes": Spikes(), "pupil": Signals()}
    made = planned(file, modalities, length=10)
    for sample, metadata in made.samples():
        assert not np.isnan(sample["pupil"]).any()
        start = metadata["t_start"]
        assert start + 1.0 <= lost[0] + 0.2 or start >= lost[1] - 0.2
        assert set(sample) == {"spikes", "pupil"}
    crossing = planned(file, modalities, length=10, cross=("gaps",))
    assert len(crossing) >= len(made) + 2
    for sample, _ in crossing.samples():
        assert sample["pupil_mask"].dtype == np.bool_
        assert np.array_equal(sample["pupil_mask"], ~np.isnan(sample["pupil"][:, 0]))
    assert crossing.report["bins"]["left"] == crossing.grid.n_bins


def test_no_window_holds_invalid_times_or_a_border_of_epochs(
    new_file: Callable[..., NWBFile],
) -> None:
    file = new_file()
    file.add_unit(spike_times=np.arange(0, 30, 0.05))
    file.add_invalid_time_interval(start_time=10.05, stop_time=12.0)
    file.add_epoch(start_time=0.0, stop_time=20.33)
    file.add_epoch(start_time=20.33, stop_time=29.9)
    made = planned(file, {"spikes": Spikes()}, length=7, overlap=0.9)
    for _, metadata in made.samples():
        a, b = metadata["t_start"], metadata["t_start"] + 0.7
        assert b <= 10.0 + 1e-9 or a >= 12.0 - 1e-9
        assert b <= 20.3 + 1e-9 or a >= 20.4 - 1e-9
    bins = made.report["bins"]
    assert bins["in invalid_times"] == 20
    assert bins["on a border of epochs"] == 1
    assert bins["all"] - 21 == bins["left"]
    free = planned(
        file, {"spikes": Spikes()}, length=7, overlap=0.9, cross=("invalid_times", "epochs")
    )
    assert len(free) == (300 - 7) + 1


def test_observed_intervals_become_a_mask(new_file: Callable[..., NWBFile]) -> None:
    file = new_file()
    times = np.arange(0, 20, 0.05)
    file.add_unit(spike_times=times, obs_intervals=[[0.0, 5.0], [5.0, 9.05]])
    file.add_unit(spike_times=times, obs_intervals=[[4.0, 8.0], [12.0, 20.0]])
    made = planned(file, {"spikes": Spikes()}, length=5)
    for sample, metadata in made.samples():
        at = metadata["t_start"] + np.arange(5) / 10 + 0.05
        want = np.stack([at < 9.0, ((at > 4) & (at < 8)) | (at > 12)], axis=1)
        assert np.array_equal(sample["spikes_mask"], want)
        assert want.any(axis=1).all()  # none lies where no unit was observed
    assert made.report["bins"]["without spikes"] == 30
    across = planned(file, {"spikes": Spikes(mask="never")}, length=5, cross=("unobserved",))
    assert len(across) == 40
    assert set(next(iter(across.samples()))[0]) == {"spikes"}
    plain = new_file()
    plain.add_unit(spike_times=times)
    always = planned(plain, {"spikes": Spikes(mask="always")}, length=5)
    assert next(iter(always.samples()))[0]["spikes_mask"].all()


def with_trials(file: NWBFile) -> NWBFile:
    file.add_trial_column("go_cue", "when")
    file.add_trial_column("choice", "which")
    rng = np.random.default_rng(0)
    for i in range(12):
        go = np.nan if i == 4 else 2.0 * i + 0.53
        choice = ["left", "right"][i % 2]
        file.add_trial(start_time=2.0 * i, stop_time=2.0 * i + 1.5, go_cue=go, choice=choice)
    for _ in range(3):
        file.add_unit(spike_times=np.sort(rng.uniform(0, 23.9, 500)))
    return file


def test_windows_around_an_event_of_each_trial(new_file: Callable[..., NWBFile]) -> None:
    file = with_trials(new_file())
    made = planned(
        file,
        {"spikes": Spikes(), "trials": Labels(columns=("choice",))},
        table="trials",
        align="go_cue",
        range_s=(-0.3, 0.9),
        select={"choice": ["left"]},
    )
    samples = list(made.samples())
    assert [m["interval"] for _, m in samples] == [0, 2, 6, 8, 10]
    assert made.report["windows"]["left_out"] == {"event without a time": 1}
    times = [file.units.get_unit_spike_times(u) for u in range(3)]
    for sample, metadata in samples:
        go = 2.0 * metadata["interval"] + 0.53
        start = np.floor(go * 10 + 1e-6) / 10 - 0.3
        assert metadata["t_start"] == pytest.approx(start)
        assert metadata["event"] == pytest.approx(go - start)
        edges = start + np.arange(13) / 10
        want = np.stack([np.histogram(t, edges)[0] for t in times], axis=1)
        assert np.array_equal(sample["spikes"], want)
        assert sample["trials"] == {"id": metadata["interval"], "choice": "left"}


def test_windows_inside_trials_and_labels_along_a_recording(
    new_file: Callable[..., NWBFile],
) -> None:
    file = with_trials(new_file())
    inside = planned(file, {"spikes": Spikes()}, table="trials", length=5)
    assert [m["interval"] for _, m in inside.samples()] == [i for i in range(12) for _ in range(3)]
    assert len(inside) == 36
    along = planned(
        file, {"spikes": Spikes(), "trials": Labels()}, length=10, start_s=0.0, stop_s=24.0
    )
    rows = whole(along, "trials")
    assert rows.tolist() == [(k // 20 if k % 20 < 15 else -1) for k in range(240)]
    table = along.session["modalities"]["trials"]["columns"]
    assert table["choice"][3] == "right"
    assert table["go_cue"][4] is None


def test_tables_and_columns_that_are_not_there(new_file: Callable[..., NWBFile]) -> None:
    file = with_trials(new_file())
    with pytest.raises(DataError, match="no table of intervals 'epochs'") as raised:
        planned(file, {"spikes": Spikes()}, table="epochs")
    assert "trials" in str(raised.value)
    with pytest.raises(UnknownNameError, match="go_cu"):
        planned(file, {"spikes": Spikes()}, table="trials", align="go_cu", range_s=(0, 1))
    with pytest.raises(DataError, match="a column of times"):
        planned(file, {"spikes": Spikes()}, table="trials", align="choice", range_s=(0, 1))
    with pytest.raises(UnknownNameError, match="chois"):
        planned(file, {"spikes": Spikes(), "trials": Labels(columns=("chois",))})
    with pytest.raises(DataError, match="no unit is what is wanted"):
        planned(file, {"spikes": Spikes({"id": 77})})


def test_units_by_their_columns(new_file: Callable[..., NWBFile]) -> None:
    file = new_file()
    region = with_electrodes(file, 4)
    assert len(region) == 4
    file.add_unit_column("quality", "how good")
    for i, quality in enumerate(["good", "mua", "good", "noise"]):
        file.add_unit(
            spike_times=np.full(i + 1, 0.5), quality=quality, electrodes=list(range(i)), id=10 + i
        )
    made = planned(file, {"spikes": Spikes({"quality": ["good", "noise"]})}, length=1)
    assert whole(made, "spikes").tolist() == [[1, 3, 4]]
    units = made.session["modalities"]["spikes"]["units"]
    assert units["id"] == [10, 12, 13]
    assert units["quality"] == ["good", "good", "noise"]
    assert units["electrodes"] == [[], [0, 1], [0, 1, 2]]  # ragged
    assert made.report["modalities"]["spikes"]["units_left_out"] == 1


def test_a_unit_table_without_rows(new_file: Callable[..., NWBFile]) -> None:
    file = new_file()
    times = VectorData(name="spike_times", description="s", data=[])
    index = VectorIndex(name="spike_times_index", data=[], target=times)
    file.units = Units(name="units", description="none", columns=[times, index])
    with pytest.raises(DataError, match="the recording has no units"):
        planned(file, {"spikes": Spikes()})


def test_a_series_without_its_unit_of_measurement(
    simple: NWBFile, written: Callable[..., Path]
) -> None:
    path = written(simple)
    with h5py.File(path, "a") as file:
        del file["processing/behavior/Position/xy/data"].attrs["unit"]
    made = planned(str(path), {"behavior": Signals()})
    (series,) = made.session["modalities"]["behavior"]["series"]
    assert series["unit"] == "unknown"
    np.testing.assert_array_equal(
        whole(made, "behavior"), whole(planned(simple, {"behavior": Signals()}), "behavior")
    )


def test_unsorted_and_reset_spike_times_are_counted_and_reported(
    new_file: Callable[..., NWBFile],
) -> None:
    file = new_file()
    file.add_unit(spike_times=[3.0, 1.0, 2.0])
    file.add_unit(spike_times=[0.5, 2.5, 0.1, 0.2])  # a clock that began anew
    made = planned(file, {"spikes": Spikes()}, bin_ms=1000.0, length=1)
    assert whole(made, "spikes").tolist() == [[0, 3], [1, 0], [1, 1], [1, 0]]
    report = made.report["modalities"]["spikes"]
    assert report["out_of_order"] == 2
    assert report["longest_step_back_s"] == pytest.approx(2.4)


def test_nothing_to_take(new_file: Callable[..., NWBFile]) -> None:
    empty = new_file()
    empty.add_acquisition(TimeSeries(name="x", data=np.zeros((0, 2)), unit="V", rate=1.0))
    with pytest.raises(DataError, match="no spike and no sample"):
        planned(empty, {"x": Signals()})
    with pytest.raises(DataError, match="no spike times"):
        planned(empty, {"spikes": Spikes()})
    silent = new_file()
    silent.add_unit(spike_times=[])
    with pytest.raises(DataError, match="no spike and no sample"):
        planned(silent, {"spikes": Spikes()})
    counted = planned(silent, {"spikes": Spikes()}, start_s=0.0, stop_s=2.0, length=10)
    assert whole(counted, "spikes").tolist() == [[0]] * 20
    with pytest.raises(InputError, match="end before it begins"):
        planned(silent, {"spikes": Spikes()}, start_s=2.0, stop_s=0.0)
    wide = new_file()
    wide.add_unit(quality=1) if wide.units else wide.add_unit_column("quality", "q")
    wide.add_unit(quality=1)
    with pytest.raises(DataError, match=r"columns \['quality'\]"):
        planned(wide, {"spikes": Spikes()})


def test_shapes_that_do_not_fit(new_file: Callable[..., NWBFile]) -> None:
    file = new_file()
    series = TimeSeries(name="x", data=np.zeros((5, 2)), unit="V", rate=1.0)
    series.fields["rate"] = None
    series.fields["timestamps"] = np.arange(2.0)
    file.add_acquisition(series)
    with pytest.raises(DataError, match="another number of samples") as raised:
        planned(file, {"x": Signals()})
    assert "channels first" in str(raised.value)
    other = new_file()
    other.add_acquisition(TimeSeries(name="x", data=np.zeros((5, 2)), unit="V", rate=1.0))
    with pytest.raises(DataError, match="no such channel"):
        planned(other, {"x": Signals(channels=(2,))})


def test_the_report_says_what_was_found_and_what_was_not_taken(
    simple: NWBFile, written: Callable[..., Path]
) -> None:
    made = plan(written(simple), spec_of({"modalities": ["spikes"]}))
    report = made.report
    assert report["modalities"]["spikes"]["silent_units"] == 1
    assert report["modalities"]["spikes"]["units"] == 3
    assert report["not_taken"] == ["processing/behavior/Position/xy (SpatialSeries)"]
    assert report["windows"] == {"samples": len(made), "length": 100, "left_out": {}}
    assert report["grid"] == {"t0": 0.0, "bin_ms": 10.0, "bins": made.grid.n_bins}


def test_a_file_at_a_remote_address(simple: NWBFile, written: Callable[..., Path]) -> None:
    fsspec = pytest.importorskip("fsspec")
    path = written(simple)
    memory = fsspec.filesystem("memory")
    memory.pipe("/lab/recording.nwb", path.read_bytes())
    spec = spec_of({"modalities": ["spikes", "behavior"]})
    local, remote = plan(path, spec), plan("memory://lab/recording.nwb", spec)
    assert remote.session["source"] == "recording.nwb"
    for (a, _), (b, _) in zip(local.samples(), remote.samples(), strict=True):
        assert all(np.array_equal(a[name], b[name]) for name in a)
    memory.pipe("/lab/cut.nwb", path.read_bytes()[:3000])
    with pytest.raises(DataError):
        plan("memory://lab/cut.nwb", spec)
    with pytest.raises(FileNotFoundError):
        plan("memory://lab/missing.nwb", spec)
    with pytest.raises(DataError, match="address"):
        plan("nosuch://lab/missing.nwb", spec)


def test_a_value_that_does_not_fit_its_type_is_an_error(new_file: Callable[..., NWBFile]) -> None:
    file = new_file()
    file.add_acquisition(TimeSeries(name="x", data=np.full(100, 1e6), unit="V", rate=10.0))
    with pytest.raises(DataError, match="too large for its type") as raised:
        whole(planned(file, {"x": Signals(dtype="float16")}, length=10), "x")
    assert "float32" in str(raised.value)
    made = planned(file, {"x": Signals(dtype="float32")}, length=10)
    assert set(whole(made, "x").ravel().tolist()) == {1e6}


def licks(new_file: Callable[..., NWBFile], times: np.ndarray, **kwargs: Any) -> NWBFile:
    file = new_file()
    file.add_unit(spike_times=np.arange(0.0, 20.0, 0.05))
    module = file.create_processing_module("behavior", "b")
    given = kwargs or {"timestamps": times}
    module.add(
        BehavioralEvents(
            time_series=TimeSeries(name="lick", data=np.ones(len(times)), unit="n", **given)
        )
    )
    module.add(SpatialSeries(name="x", data=np.ones(401), rate=20.0, reference_frame="room"))
    return file


@pytest.mark.parametrize("turned", [False, True])
def test_events_in_series_are_counted_and_take_no_bin_from_others(
    new_file: Callable[..., NWBFile], turned: bool
) -> None:
    rng = np.random.default_rng(2)
    times = np.sort(np.concatenate([rng.uniform(3, 15, 60), [5.0, 5.0, 5.01]]))
    if turned:
        times[[10, 11]] = times[[11, 10]]
    file = licks(new_file, times)
    made = planned(file, {"spikes": Spikes(), "behavior": Signals()}, length=1, bin_ms=10.0)
    assert set(made.report["bins"]) == {"all", "left"}
    assert made.report["bins"]["left"] == made.grid.n_bins > 1990
    rules = [s["rule"] for s in made.session["modalities"]["behavior"]["series"]]
    assert rules == ["counts", "linear"]
    want = np.bincount(np.floor(times * 100 + 1e-6).astype(int), minlength=made.grid.n_bins)
    assert np.array_equal(whole(made, "behavior")[:, 0], want)
    alone = planned(file, {"lick": Signals()}, length=1, bin_ms=10.0, start_s=0.0, stop_s=20.0)
    assert whole(alone, "lick").dtype == np.uint32
    assert np.array_equal(whole(alone, "lick")[: len(want), 0], want[:2000])
    masked = planned(file, {"lick": Signals()}, length=1, bin_ms=10.0, cross=("gaps",))
    assert whole(masked, "lick_mask").all()


def test_counts_are_of_series_with_timestamps(new_file: Callable[..., NWBFile]) -> None:
    file = licks(new_file, np.zeros(20), rate=1.0)
    made = planned(file, {"lick": Signals()}, length=1)
    assert made.session["modalities"]["lick"]["series"][0]["rule"] == "linear"
    with pytest.raises(DataError, match="no events to count"):
        planned(file, {"lick": Signals(rule="counts")}, length=1)
    none = licks(new_file, np.zeros(0))
    made = planned(none, {"spikes": Spikes(), "lick": Signals()}, length=1)
    assert len(made) == 200
    assert whole(made, "lick").sum() == 0


def test_units_by_where_their_electrodes_are(new_file: Callable[..., NWBFile]) -> None:
    file = new_file()
    with_electrodes(file, 4)
    for rows in ([0], [1, 2], [2], [], [3]):
        file.add_unit(spike_times=[0.5], electrodes=rows)
    made = planned(file, {"spikes": Spikes()}, length=1)
    spikes = made.session["modalities"]["spikes"]
    assert spikes["units"]["electrodes"] == [[0], [1, 2], [2], [], [3]]
    assert spikes["electrodes"]["row"] == spikes["electrodes"]["id"] == [0, 1, 2, 3]
    assert spikes["electrodes"]["location"] == ["CA0", "CA1", "CA2", "CA3"]
    for wanted, units in (("CA2", [1, 2]), (["CA0", "CA3"], [0, 4])):
        made = planned(file, {"spikes": Spikes({"location": wanted})}, length=1)
        assert made.session["modalities"]["spikes"]["units"]["id"] == units
    assert made.session["modalities"]["spikes"]["electrodes"]["location"] == ["CA0", "CA3"]
    with pytest.raises(UnknownNameError, match="locatio"):
        planned(file, {"spikes": Spikes({"locatio": "CA1"})})
    with pytest.raises(DataError, match="no unit is what is wanted"):
        planned(file, {"spikes": Spikes({"location": "V1"})})


def test_what_the_units_say_goes_before_what_their_electrodes_say(
    new_file: Callable[..., NWBFile],
) -> None:
    file = new_file()
    with_electrodes(file, 2)
    file.add_unit_column("location", "where")
    for row, location in enumerate(["V1", "V2"]):
        file.add_unit(spike_times=[0.5], electrodes=[row], location=location)
    made = planned(file, {"spikes": Spikes({"location": "V2"})}, length=1)
    assert made.session["modalities"]["spikes"]["units"]["id"] == [1]
    with pytest.raises(DataError, match="no unit is what is wanted"):
        planned(file, {"spikes": Spikes({"location": "CA1"})})
