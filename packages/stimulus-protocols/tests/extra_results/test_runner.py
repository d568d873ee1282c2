from __future__ import annotations

import contextlib
import csv
import dataclasses
import json

import numpy as np
import pytest
import torch
import xarray as xr
from PIL import Image

from neuroai_core import DataError, InputError
from stimulus_protocols.datasets import PictureFolder
from stimulus_protocols.experiments import Condition, Experiment, conditions
from stimulus_protocols.protocols import delayed_match
from stimulus_protocols.results import open_results, time_bins
from stimulus_protocols.runner import run
from stimulus_protocols.stimuli import MovingImage
from stimulus_protocols.timeline import computed

# netCDF4 was compiled against another NumPy than runs here; NumPy says that it is harmless.
pytestmark = pytest.mark.filterwarnings("ignore:numpy.ndarray size changed")

CONTRASTS = [0.25, 1.0]
MADE = conditions(
    Experiment(
        name="contrast",
        parameter="contrast",
        data_loader="StimulusContrast",
        data_args={"tsteps": 8, "stim": 3, "intro": 2, "contrast": CONTRASTS},
    )
)


class Data(torch.utils.data.Dataset):
    def __len__(self):
        return 5

    def __getitem__(self, index):
        return torch.full((1, 4, 4), float(index + 1)), index * 10


def brightness(images):
    """A model whose answer is known: the mean of every frame, and its square."""
    mean = images.mean(dim=(-3, -2, -1))
    return torch.stack([mean, mean**2], dim=-1)


@pytest.mark.parametrize("store", ["netcdf", "zarr"])
@pytest.mark.parametrize("takes", ["sequences", "frames"])
def test_every_condition_is_stored_with_its_coordinates(tmp_path, store, takes):
    paths = run(
        MADE, Data(), tmp_path, model=brightness, model_takes=takes, batch_size=2, dt_ms=5,
        store=store,
    )  # fmt: skip
    tree = open_results(tmp_path)
    for contrast, path in zip(CONTRASTS, paths, strict=True):
        data = tree[f"contrast/stimulus_contrast={contrast}"].to_dataset()
        assert data.response.dims == ("image", "time", "feature_0")
        expected = np.zeros((5, 8))
        expected[:, 2:5] = contrast * np.arange(1, 6)[:, None]
        assert np.allclose(data.response[..., 0], expected)
        assert np.allclose(data.response[..., 1], expected**2)
        assert data.time_ms.values.tolist() == [0, 5, 10, 15, 20, 25, 30, 35]
        assert (data.label.values[:, 2:5] == 10 * np.arange(5)[:, None]).all()
        assert data.phase.values[0].tolist() == ["intro"] * 2 + ["stimulus"] * 3 + ["outro"] * 3
        assert float(data.stimulus_contrast) == contrast
        assert json.loads(data.attrs["values"]) == {"stimulus_contrast": contrast}
        with open(path.with_name(f"{path.stem}_events.tsv"), newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        shown = [row for row in rows if row["trial_type"] == "stimulus"]
        assert [row["onset"] for row in shown] == ["0.01"] * 5
        assert [row["label"] for row in shown] == ["0", "10", "20", "30", "40"]
        assert [row["trial"] for row in shown] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("store", ["netcdf", "zarr"])
@pytest.mark.parametrize("calls", range(1, 7))
def test_a_stopped_run_goes_on_within_a_condition(tmp_path, store, calls):
    seen = []

    def model(images):
        if len(seen) == calls:
            raise KeyboardInterrupt
        seen.append(len(images))
        return brightness(images)

    arguments = {"batch_size": 2, "identity": "m", "store": store}
    with contextlib.suppress(KeyboardInterrupt):  # six calls are all there are
        run(MADE, Data(), tmp_path, model=model, **arguments)
    done = results_of(tmp_path, store)
    assert len(done) == calls // 3
    before = [path.stat().st_mtime_ns for path in done]
    calls = -1
    run(MADE, Data(), tmp_path, model=model, **arguments)
    assert sum(seen) == 2 * len(Data())  # no image was shown twice
    assert [path.stat().st_mtime_ns for path in done] == before
    run(MADE, Data(), tmp_path, model=model, **arguments)
    assert sum(seen) == 2 * len(Data())
    assert not list(tmp_path.rglob("*.parts"))
    whole = tmp_path / "whole"
    run(MADE, Data(), whole, model=brightness, **arguments)
    for condition in MADE:
        pair = [open_results(root)[f"contrast/{condition.name}"] for root in (tmp_path, whole)]
        xr.testing.assert_identical(*(tree.to_dataset() for tree in pair))
        events = (path / "contrast" / f"{condition.name}_events.tsv" for path in (tmp_path, whole))
        assert len({path.read_bytes() for path in events}) == 1


@pytest.mark.parametrize(
    "changed", [{"identity": "other"}, {"seed": 1}, {"dt_ms": 2.0}, {"protocol": 1}]
)
def test_what_was_made_of_something_else_is_made_anew(tmp_path, changed):
    seen = []

    def model(images):
        seen.append(len(images))
        if len(seen) == 5:
            raise KeyboardInterrupt
        return brightness(images)

    with pytest.raises(KeyboardInterrupt):
        run(MADE, Data(), tmp_path, model=model, batch_size=2)
    other = (
        [dataclasses.replace(c, void_value=0.5) for c in MADE] if "protocol" in changed else MADE
    )
    changed.pop("protocol", None)
    run(other, Data(), tmp_path, model=model, batch_size=2, **changed)
    assert sum(seen[5:]) == 2 * len(Data())


def test_a_part_that_is_damaged_is_named(tmp_path):
    calls = []

    def model(images):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return brightness(images)

    with pytest.raises(KeyboardInterrupt):
        run(MADE, Data(), tmp_path, model=model, batch_size=2)
    (part,) = tmp_path.rglob("*.parts/*.npz")
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(DataError, match="cannot be read") as caught:
        run(MADE, Data(), tmp_path, model=model, batch_size=2)
    assert part.name in str(caught.value)


def results_of(folder, store):
    suffix = {"netcdf": ".nc", "zarr": ".zarr"}[store]
    return sorted(p for p in folder.rglob(f"*{suffix}") if not p.name.startswith("."))


def test_answers_of_half_precision(tmp_path):
    (path, _) = run(MADE, Data(), tmp_path, model=lambda x: brightness(x).bfloat16())
    with xr.open_dataset(path) as data:
        assert data.response.dtype == np.float32


@pytest.mark.parametrize("store", ["netcdf", "zarr"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float64, torch.int16, torch.bool])
def test_answers_of_any_type(tmp_path, store, dtype):
    run(MADE, Data(), tmp_path, model=lambda x: brightness(x).to(dtype), store=store)
    answer = open_results(tmp_path)["contrast/stimulus_contrast=0.25"].response
    expected = brightness(
        0.25 * torch.arange(1, 6).reshape(-1, 1, 1, 1, 1) * torch.ones(1, 1, 4, 4)
    )
    assert np.array_equal(answer[:, 3], expected.to(dtype).numpy()[:, 0])
    if dtype == torch.float16:
        assert answer.dtype == {"netcdf": np.float32, "zarr": np.float16}[store]


def test_stimuli_of_half_precision(tmp_path):
    data = [(torch.full((1, 2, 2), 0.5, dtype=torch.float16), 1)]
    (path, _) = run(MADE, data, tmp_path)
    with xr.open_dataset(path) as stored:
        assert stored.response[0, 3, 0, 0, 0] == 0.125


def test_answers_that_a_store_does_not_have_are_refused_at_once(tmp_path):
    calls = []

    def model(images):
        calls.append(1)
        return brightness(images).to(torch.complex64)

    with pytest.raises(DataError, match="complex"):
        run(MADE, Data(), tmp_path, model=model, batch_size=2)
    assert len(calls) == 1


# As many units as there are steps: eight.
@pytest.mark.parametrize(
    ("gives", "axes", "dims"),
    [
        ("auto", 2, ("image", "feature_0")),
        ("auto", 3, ("image", "time", "feature_0")),
        ("steps", 2, ("image", "time")),
        ("images", 3, ("image", "feature_0", "feature_1")),
    ],
)
def test_what_the_second_axis_is(tmp_path, gives, axes, dims):
    def model(images):
        return torch.ones(len(images), *(8, 3)[: axes - 1])

    (path, _) = run(MADE, Data(), tmp_path, model=model, model_gives=gives, batch_size=2)
    with xr.open_dataset(path) as data:
        assert data.response.dims == dims


def test_a_model_of_single_frames_answers_every_step(tmp_path):
    (path, _) = run(
        MADE, Data(), tmp_path, model=lambda x: x.sum(dim=(1, 2, 3)), model_takes="frames"
    )
    with xr.open_dataset(path) as data:
        assert data.response.dims == ("image", "time")
    with pytest.raises(InputError, match="model_gives"):
        run(MADE, Data(), tmp_path, model=brightness, model_takes="frames", model_gives="images")


def test_steps_that_were_promised_and_are_not_there(tmp_path):
    with pytest.raises(DataError, match="every step"):
        run(MADE, Data(), tmp_path, model=lambda x: x[:, 1:, 0, 0, 0], model_gives="steps")


def test_without_a_model_the_stimuli_are_stored(tmp_path):
    (path, _) = run(MADE, Data(), tmp_path)
    with xr.open_dataset(path) as data:
        assert data.response.dims == ("image", "time", "channel", "height", "width")
        assert data.response.shape == (5, 8, 1, 4, 4)
        assert (data.response[:, 3, 0, 0, 0] == 0.25 * np.arange(1, 6)).all()


IN_MS = Experiment(
    name="ms",
    data_loader="StimulusDuration",
    data_args={"tsteps": 1000, "stim": 150, "intro": 100, "dt_ms": [10, 25]},
)


@pytest.mark.parametrize("given", [None, "own"])
def test_times_follow_the_milliseconds_of_the_condition(tmp_path, given):
    for condition in conditions(IN_MS):
        dt_ms = None if given is None else condition.dt_ms
        (path,) = run([condition], Data(), tmp_path, model=brightness, dt_ms=dt_ms)
        with xr.open_dataset(path) as data:
            assert data.time_ms.values[-1] == 1000 - condition.dt_ms
            assert data.attrs["dt_ms"] == condition.dt_ms
        with open(path.with_name(f"{path.stem}_events.tsv"), newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        shown = [row for row in rows if row["trial_type"] == "stimulus"]
        assert {(row["onset"], row["duration"]) for row in shown} == {("0.1", "0.15")}


def test_milliseconds_that_contradict_are_refused_before_anything_runs(tmp_path):
    calls = []
    with pytest.raises(InputError, match="contradicts that of condition 'dt_ms=25'"):
        run(conditions(IN_MS), Data(), tmp_path, model=calls.append, dt_ms=10)
    assert not calls
    with pytest.raises(InputError, match="not positive"):
        run(MADE, Data(), tmp_path, model=calls.append, dt_ms=0)


def test_a_folder_of_pictures_is_shown_around_its_grey(tmp_path):
    (tmp_path / "photos" / "grey").mkdir(parents=True)
    Image.new("RGB", (2, 2), (204, 204, 204)).save(tmp_path / "photos" / "grey" / "a.png")
    (path, _) = run(MADE, PictureFolder(tmp_path / "photos", size=2), tmp_path)
    with xr.open_dataset(path) as data:
        assert np.allclose(data.response[0, [0, 3], 0, 0, 0], [0.5, 0.5 + 0.25 * 0.3])


def test_results_of_another_picture_are_not_taken_for_done(tmp_path):
    picture = tmp_path / "a.png"
    answers = []
    for grey in (0, 255):
        Image.new("L", (4, 4), grey).save(picture)
        movie = MovingImage(frames=2, height=4, width=4, path=str(picture))
        condition = Condition("film", "all", {}, computed(movie))
        (path,) = run([condition], Data(), tmp_path, model=brightness)
        with xr.open_dataset(path) as data:
            answers.append(float(data.response[0, 0, 0]))
    assert answers == [0, 1]


def test_answers_that_have_no_time(tmp_path):
    (path, _) = run(MADE, Data(), tmp_path, model=lambda x: x.sum(dim=(1, 2, 3, 4)))
    with xr.open_dataset(path) as data:
        assert data.response.dims == ("image",)
        assert data.label.shape == (5, 8)


def test_random_trials_are_stored_as_they_were_shown(tmp_path):
    condition = Condition("match", "all", {}, delayed_match(6, 1, 2, 1))
    (path,) = run([condition], Data(), tmp_path, model=brightness, batch_size=2, seed=4)
    with xr.open_dataset(path) as data:
        answer, label = data.response.values[..., 0], data.label.values
    for image in range(5):
        match = condition.timeline.resolve(4, image).table().label_value[0, 0, 3] == 1
        assert (answer[image, 3] == answer[image, 0]) == match
        assert label[image].tolist() == [-1, -1, -1, int(match), -1, -1]


def test_answers_that_are_none(tmp_path):
    with pytest.raises(DataError, match="did not answer"):
        run(MADE, Data(), tmp_path, model=lambda x: x.sum())
    with pytest.raises(DataError, match="did not answer"):
        run(MADE, Data(), tmp_path, model=lambda _: "yes")
    with pytest.raises(InputError):
        run(MADE, Data(), tmp_path, model_takes="movies")
    assert not list(tmp_path.rglob("*.nc"))


def test_bins_of_time_average_by_the_part_that_lies_in_them():
    responses = np.random.Generator(np.random.PCG64(1)).random((3, 12, 4))
    fine = responses.repeat(10, axis=1)  # a millisecond each
    bins = [(0, 10), (5, 37), (90, 120)]
    expected = np.stack([fine[:, a:b].mean(1) for a, b in bins], axis=1)
    assert np.allclose(time_bins(responses, bins, dt_ms=10), expected)
    for wrong in [(5, 5), (-1, 5), (0, 121)]:
        with pytest.raises(InputError):
            time_bins(responses, [wrong], dt_ms=10)
