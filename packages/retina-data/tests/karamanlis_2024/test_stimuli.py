"""Stimuli besides the fixation movie: what was on the screen, what was counted, damage."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from neuroai_core import DataError, NotFoundError, ProblemsError, UnknownNameError
from retina_data import matlab
from retina_data.karamanlis_2024 import (
    get_karamanlis_dataloaders,
    read_sessions,
    screen,
    write_synthetic,
)
from retina_data.ran1 import Ran1

STIMULI = ("gratingflicker", "frozencheckerflicker", "imagesequence", "gratingflashes")
SMALL = {"n_neurons": 3, "n_blocks": 3, "n_frames": 80, "n_trials": 4, "n_images": 20}


def the_file(folder, stimulus):
    return next(folder.rglob(f"*{stimulus}_data.mat"))


@pytest.fixture(params=STIMULI)
def small(request, tmp_path):
    write_synthetic(tmp_path, 3, stimulus=request.param, **SMALL)
    return request.param, tmp_path, the_file(tmp_path, request.param)


@pytest.fixture
def one(tmp_path):
    """Write one small data set of a stimulus; give its session and its file."""

    def make(stimulus, **sizes):
        write_synthetic(tmp_path, 3, stimulus=stimulus, **{**SMALL, **sizes})
        (session,) = read_sessions(tmp_path, stimulus=stimulus).values()
        return session, the_file(tmp_path, stimulus)

    return make


@pytest.mark.parametrize(
    ("stimulus", "sizes", "inputs"),
    [
        ("gratingflicker", {}, (1, 50, 60, 80)),
        ("frozencheckerflicker", {}, (1, 50, 30, 40)),
        ("imagesequence", {}, (1, 1, 60, 80)),
        ("gratingflashes", {}, (1, 1, 60, 80)),
    ],
)
def test_receptive_fields_are_recovered_through_the_loaders(
    tmp_path, stimulus, sizes, inputs, fit_ln, correlations
):
    planted = write_synthetic(tmp_path, 1, stimulus=stimulus, n_neurons=4, **sizes)
    loaders = get_karamanlis_dataloaders(
        16, False, path=tmp_path, stimulus=stimulus, normalize_responses=True
    )
    assert set(loaders) == {"train", "validation", "test"}
    for name, cells in planted.items():
        assert next(iter(loaders["train"][name])).inputs.shape[1:] == inputs
        found = fit_ln(loaders["train"][name], lags=cells.time.shape[1])
        assert correlations(found, cells.receptive_fields).min() >= 0.9


def test_gratings_are_means_over_the_screen():
    random = np.random.default_rng(0)
    table = np.stack([random.uniform(0, 0.05, 5), *random.uniform(0, 7, (2, 5))], axis=1)
    x, y = np.arange(640) + 0.5, np.arange(480) + 0.5
    found = screen.gratings(table, x, y, margins=(90, 40))
    for frame, (cycles, angle, phase) in zip(found, table, strict=True):
        whole = np.zeros((600, 800))
        shown = np.sin(
            2 * np.pi * cycles * (x * np.cos(angle) + y[:, None] * np.sin(angle)) + phase
        )
        whole[40:520, 90:730] = shown  # from the bottom, as gratings count
        expected = whole[::-1].reshape(60, 10, 80, 10).mean(axis=(1, 3))
        np.testing.assert_allclose(frame, expected, atol=1e-6)


def test_an_image_stands_in_the_middle_of_the_screen():
    image = np.zeros((1, 400, 600), np.uint8)
    image[:, :10, :10] = 255  # its upper left corner
    (frame,) = screen.centred(image, background=127.5)
    assert frame[10, 10] == 1
    assert frame[9, 10] == frame[10, 9] == 0
    assert frame[11, 11] == -1
    larger = np.full((1, 700, 900), 255, np.uint8)
    assert (screen.centred(larger, background=0) == 1).all()


def test_the_layout_is_the_published_one(small):
    stimulus, _, file = small
    with h5py.File(file) as data:
        if stimulus == "gratingflicker":
            assert data["stiminfo"].shape == (3, 20)
            (part,) = matlab.structs(data, "rawdata")
            assert part["spikesbin"].shape == (3 * 160, 3)
            assert matlab.number(part["stimPara"], "RunningFrames") == 80
            assert data["orderfit"].shape == (61, 20)
        elif stimulus == "frozencheckerflicker":
            assert data["runningbin"].shape == (3, 80, 3)
            assert data["frozenbin"].shape == (4, 80, 3)
            assert data["stimPara/Nx"][0, 0] == 40
            assert data["spaceVecY"].shape == (1, 30)
        else:
            assert data["presentOrder"].shape == (1, 60)
            assert data["trialCounts"].shape == (60, 3)
    if stimulus == "imagesequence":
        with h5py.File(file) as data:
            assert data["imageEnsemble"].shape == (20, 640, 480)


def test_checkers_follow_from_their_seeds(one):
    session, _ = one("frozencheckerflicker")
    drawn = np.where(Ran1(-10000).bits(240 * 1200), 1, -1).reshape(240, 40, 30)
    shown = session.stimulus.dense().numpy()[0]
    np.testing.assert_array_equal(shown, drawn.transpose(0, 2, 1))
    frozen = np.where(Ran1(-20000).bits(80 * 1200), 1, -1).reshape(80, 40, 30)
    test = session.tests["test"]
    np.testing.assert_array_equal(test.stimulus.dense().numpy()[0], frozen.transpose(0, 2, 1))
    assert session.breaks == (80, 160)
    assert session.stimulus.movie.frames.dtype.itemsize == 1
    assert session.recording.pixel_um == pytest.approx(20 * 7.5)
    np.testing.assert_allclose(test.trials.mean(axis=0), test.responses)


def test_gratings_follow_from_their_seeds_and_a_broken_off_trial_counts(one):
    session, file = one("gratingflicker")
    stream = Ran1(-10000)
    expected = np.concatenate([stream.integers(80, 20) for _ in range(3)])
    np.testing.assert_array_equal(session.stimulus.order, expected)
    np.testing.assert_array_equal(
        session.tests["test"].stimulus.order, Ran1(-20000).integers(80, 20)
    )
    with h5py.File(file, "r+") as data:
        spikes = data[data["rawdata/spikesbin"][0, 0]]
        whole = spikes[...]
        name = spikes.name
        del data[name]
        data[name] = whole[:-100]  # all of the last frozen stretch, and 20 frames before
        data["rawdata/spikesbin"][0, 0] = data[name].ref
    (shorter,) = read_sessions(file.parent.parent, stimulus="gratingflicker").values()
    np.testing.assert_array_equal(shorter.stimulus.order, expected[:220])
    np.testing.assert_array_equal(shorter.responses, session.responses[:, :220])
    assert len(shorter.tests["test"].trials) == 2


def test_an_order_that_does_not_follow_from_the_seed_is_refused(one):
    _, file = one("gratingflicker")
    with h5py.File(file, "r+") as data:
        data["orderfit"][0] = data["orderfit"][0][::-1]
    with pytest.raises(ProblemsError, match="orderfit: begins with"):
        read_sessions(file.parent.parent, stimulus="gratingflicker")


@pytest.mark.parametrize("stimulus", ["imagesequence", "gratingflashes"])
def test_no_image_of_the_test_is_trained_on(one, stimulus):
    session, file = one(stimulus)
    assert session.recording.rate_hz is None  # the time axis counts images
    test = session.tests["test"]
    images = set(test.stimulus.order.tolist())
    assert len(images) == 4
    assert not images & set(session.stimulus.order.tolist())
    assert test.trials.shape == (3, 3, 4)
    with h5py.File(file) as data:
        order, counts = data["presentOrder"][0] - 1, data["trialCounts"][...]
    for i, image in enumerate(test.stimulus.order):
        np.testing.assert_array_equal(test.trials[:, :, i], counts[order == image])
    loaders = get_karamanlis_dataloaders(
        4, False, path=file.parent.parent, stimulus=stimulus, validation_fraction=0.3
    )
    train, validation = (
        {int(session.stimulus.order[s]) for s in loaders[k][session.name].dataset.order.plain}
        for k in ("train", "validation")
    )
    assert validation
    assert not train & validation
    assert train | validation | images == set(range(20))


def test_an_image_that_was_shown_less_often_leaves_gaps(one):
    session, file = one("imagesequence")
    (image, *_) = session.tests["test"].stimulus.order
    with h5py.File(file, "r+") as data:
        order, counts = data["presentOrder"][...], data["trialCounts"][...]
        kept = np.arange(60) != np.flatnonzero(order[0] - 1 == image)[0]
        for name, values in (("presentOrder", order[:, kept]), ("trialCounts", counts[kept])):
            del data[name]
            data[name] = values
    (session,) = read_sessions(file.parent.parent, stimulus="imagesequence").values()
    trials = session.tests["test"].trials
    assert np.isnan(trials[2, :, 0]).all()
    assert np.isfinite(np.delete(trials[2], 0, axis=1)).all()
    assert np.isfinite(session.tests["test"].responses).all()


KEYS = {
    "gratingflicker": ("spX", "stiminfo"),
    "frozencheckerflicker": ("stimPara/seed", "stimPara/Nx"),
    "imagesequence": ("presentOrder", "trialCounts"),
    "gratingflashes": ("presentOrder", "trialCounts"),
}


def test_every_missing_part_is_listed(small):
    stimulus, folder, file = small
    with h5py.File(file, "r+") as data:
        for key in KEYS[stimulus]:
            del data[key]
    with pytest.raises(ProblemsError, match="2 problem") as error:
        read_sessions(folder, stimulus=stimulus)
    assert all(key in str(error.value) for key in KEYS[stimulus])
    assert str(file) in str(error.value)


def test_a_truncated_file_is_one_error(small):
    stimulus, folder, file = small
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=file.name):
        read_sessions(folder, stimulus=stimulus)


def test_parts_that_do_not_fit(one):
    _, file = one("frozencheckerflicker")
    with h5py.File(file, "r+") as data:
        data["stimPara/RunningFrames"][...] = 81
        whole = data["frozenbin"][...]
        del data["frozenbin"]
        data["frozenbin"] = whole[:, :70, :2]
    with pytest.raises(ProblemsError, match="3 problem") as error:
        read_sessions(file.parent.parent, stimulus="frozencheckerflicker")
    assert "runningbin: 80 frames, stimPara/RunningFrames 81" in str(error.value)


def test_presentations_that_are_not_there(one):
    _, file = one("imagesequence")
    with h5py.File(file, "r+") as data:
        data["presentOrder"][0, :3] = 21
        counts = data["trialCounts"][...]
        del data["trialCounts"]
        data["trialCounts"] = counts[1:]
    with pytest.raises(ProblemsError, match="2 problem"):
        read_sessions(file.parent.parent, stimulus="imagesequence")


def test_what_the_projector_did_is_read_where_it_is_known(tmp_path):
    write_synthetic(tmp_path, stimulus="gratingflicker", species="marmoset", **SMALL)
    read = {"species": "marmoset", "stimulus": "gratingflicker"}
    (session,) = read_sessions(tmp_path, **read).values()
    assert session.recording.rate_hz == 85
    assert session.recording.pixel_um == pytest.approx(75)
    (about,) = tmp_path.rglob("expdata.mat")
    with h5py.File(about, "r+") as file:
        file["projector/pixelsize"][...] = 2.5e-6
        file["projector/refreshrate"][...] = 84.5
    (session,) = read_sessions(tmp_path, **read).values()
    assert session.recording.rate_hz == 84.5
    assert session.recording.pixel_um == pytest.approx(25)
    about.unlink()
    (session,) = read_sessions(tmp_path, **read).values()
    assert session.recording.rate_hz == 85


def test_a_stimulus_that_is_not_there(tmp_path):
    write_synthetic(tmp_path, stimulus="gratingflashes", **SMALL)
    with pytest.raises(NotFoundError, match="imagesequence_data"):
        read_sessions(tmp_path, stimulus="imagesequence")
    with pytest.raises(UnknownNameError, match="gratingflicker"):
        read_sessions(tmp_path, stimulus="gratingflickr")
