"""The data sets that are read file by file: layout, loaders, planted fields, damage."""

from __future__ import annotations

import pickle
import shutil

import h5py
import numpy as np
import pytest

from neuroai_core import DataError, NotFoundError, ProblemsError, UnknownArgumentError
from neuroai_core.errors import UnknownNameError
from retina_data import goldin_2022, karamanlis_2024, maheswaranathan_2023, sridhar_2025
from retina_data.datasets import session_dataloaders

#: How each small data set is written, read and fitted.
SETS = {
    "goldin": {
        "module": goldin_2022,
        "load": goldin_2022.get_goldin_dataloaders,
        "write": {"n_images": 1500},
        "read": {},
        "lags": 1,
        "inputs": (1, 1, 108, 108),
    },
    "karamanlis": {
        "module": karamanlis_2024,
        "load": karamanlis_2024.get_karamanlis_dataloaders,
        "write": {"n_images": 12},
        "read": {},
        "lags": 20,
        "inputs": (1, 50, 60, 80),
    },
    "naturalscene": {
        "module": maheswaranathan_2023,
        "load": maheswaranathan_2023.get_maheswaranathan_dataloaders,
        "write": {"stimulus": "naturalscene", "n_frames": 6000},
        "read": {"stimulus": "naturalscene"},
        "lags": 25,
        "inputs": (1, 50, 50, 50),
    },
    "whitenoise": {
        "module": maheswaranathan_2023,
        "load": maheswaranathan_2023.get_maheswaranathan_dataloaders,
        "write": {"n_sessions": 2, "n_frames": 6000},
        "read": {"stimulus": "whitenoise"},
        "lags": 25,
        "inputs": (1, 50, 50, 50),
    },
}


@pytest.fixture(scope="module", params=SETS)
def written(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    how = SETS[request.param]
    return how, folder, how["module"].write_synthetic(folder, seed=1, **how["write"])


@pytest.fixture
def copy(written, tmp_path):
    how, folder, _ = written
    copied = shutil.copytree(folder, tmp_path / "copy")
    file = next(p for p in copied.rglob("*") if p.is_file() and p.name != "expdata.mat")
    return how, copied, file


def test_receptive_fields_are_recovered_through_the_loaders(written, fit_ln, correlations):
    how, folder, planted = written
    loaders = how["load"](16, False, path=folder, normalize_responses=True, **how["read"])
    assert set(loaders) == {"train", "validation", "test"}
    for name, cells in planted.items():
        batch = next(iter(loaders["train"][name]))
        assert batch.inputs.shape[1:] == how["inputs"]
        assert batch.targets.shape[1:] == (how["inputs"][1], len(cells.space))
        found = fit_ln(loaders["train"][name], lags=how["lags"])
        assert correlations(found, cells.receptive_fields).min() >= 0.9


def test_trials_are_kept_and_average_to_the_test(written):
    how, folder, _ = written
    for session in how["module"].read_sessions(folder, **how["read"]).values():
        test = session.tests["test"]
        np.testing.assert_allclose(test.trials.mean(axis=0), test.responses, atol=1e-4)


def test_misspelt_arguments_name_the_near_one(written):
    how, folder, _ = written
    with pytest.raises(UnknownArgumentError, match="chunk_size"):
        how["load"](16, False, path=folder, chunksize=3)
    with pytest.raises(UnknownArgumentError, match="download"):
        how["load"](16, downlaod=False, path=folder)


def test_what_is_not_there(written, tmp_path):
    how, _, _ = written
    with pytest.raises(NotFoundError):
        how["load"](16, False, path=tmp_path / "nowhere")
    with pytest.raises(NotFoundError, match="there is no session"):
        how["load"](16, False, path=tmp_path)


def test_a_truncated_file_is_one_error(copy):
    how, folder, file = copy
    content = file.read_bytes()
    for part in (0.2, 0.9):
        file.write_bytes(content[: int(len(content) * part)])
        with pytest.raises(DataError, match=file.name):
            how["module"].read_sessions(folder, **how["read"])


KEYS = {
    "goldin": ("train/response/binned", "test/stimulus"),
    "karamanlis": ("runningbin", "frozenImages"),
    "naturalscene": ("train/response/firing_rate_10ms", "test/stimulus"),
    "whitenoise": ("train/response/firing_rate_10ms", "test/stimulus"),
}


def test_every_missing_part_is_listed(copy, request):
    how, folder, file = copy
    keys = KEYS[request.node.callspec.params["written"]]
    with h5py.File(file, "r+") as opened:
        for key in keys:
            del opened[key]
    with pytest.raises(ProblemsError, match="2 problem") as error:
        how["module"].read_sessions(folder, **how["read"])
    assert all(f"{key}: missing" in str(error.value) for key in keys)
    assert str(file) in str(error.value)


def test_a_different_number_of_neurons_or_frames(copy, request):
    how, folder, file = copy
    key = KEYS[request.node.callspec.params["written"]][0]
    with h5py.File(file, "r+") as opened:
        whole = opened[key][...]
        del opened[key]
        axis = 2 if whole.ndim == 3 else 0
        opened[key] = np.delete(np.delete(whole, 0, axis=axis), [0, 1], axis=1)
    with pytest.raises(ProblemsError, match=r"does not fit together[\s\S]*[2-9] problem"):
        how["module"].read_sessions(folder, **how["read"])


def test_nan_is_an_error_at_once(copy, request):
    how, folder, file = copy
    key = KEYS[request.node.callspec.params["written"]][0]
    with h5py.File(file, "r+") as opened:
        opened[key][(0,) * opened[key].ndim] = np.nan
    with pytest.raises(ProblemsError, match="NaN"):
        how["module"].read_sessions(folder, **how["read"])


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_pixel_that_is_no_number_is_an_error(tmp_path, part):
    """Normalised by a mean that is NaN, the whole movie would be NaN."""
    goldin_2022.write_synthetic(tmp_path, n_neurons=2, n_images=40, n_test_images=9)
    (file,) = tmp_path.rglob("*.h5")
    with h5py.File(file, "r+") as opened:
        pixels = opened[f"{part}/stimulus"][...].astype(np.float32)
        pixels[7, 3, 3] = np.nan
        del opened[f"{part}/stimulus"]
        opened[f"{part}/stimulus"] = pixels
    with pytest.raises(ProblemsError, match=rf"{part} stimulus: .* frames \(7\)") as error:
        goldin_2022.read_sessions(tmp_path)
    assert str(file) in str(error.value)


def test_unknown_choices():
    with pytest.raises(UnknownNameError, match="mouse"):
        karamanlis_2024.read_sessions(".", species="mose")
    with pytest.raises(UnknownNameError, match="axolotl"):
        goldin_2022.read_sessions(".", species="axolot")
    with pytest.raises(UnknownNameError, match="whitenoise"):
        maheswaranathan_2023.read_sessions(".", stimulus="noise")


def test_one_surplus_bin_is_cut_alike(tmp_path):
    maheswaranathan_2023.write_synthetic(tmp_path, n_neurons=2, n_frames=200, n_test_frames=40)
    (session,) = maheswaranathan_2023.read_sessions(tmp_path, stimulus="whitenoise").values()
    with h5py.File(session.path) as file:
        assert file["test/response/firing_rate_10ms"].shape == (2, 41)
        assert file["test/stimulus"].shape == (40, 50, 50)
    test = session.tests["test"]
    assert test.trials.shape[2] == test.responses.shape[1] == len(test.stimulus) == 40


@pytest.mark.parametrize(
    ("time", "message"),
    [
        (np.arange(200) / 50, "train/time: 50.0 frames a second, not 100"),
        (np.arange(100) / 100, r"train/time: float64 of shape \(100,\) for 200 frames"),
        (np.zeros(200), "train/time: does not rise"),
        (np.array([*range(199), np.nan]), "train/time: does not rise"),
    ],
)
def test_times_of_the_frames_are_looked_at(tmp_path, time, message):
    maheswaranathan_2023.write_synthetic(tmp_path, n_neurons=2, n_frames=200, n_test_frames=40)
    (file,) = tmp_path.rglob("*.h5")
    with h5py.File(file, "r+") as opened:
        del opened["train/time"]
        opened["train/time"] = time
    with pytest.raises(ProblemsError, match=message) as error:
        maheswaranathan_2023.read_sessions(tmp_path, stimulus="whitenoise")
    assert str(file) in str(error.value)
    with h5py.File(file, "r+") as opened:
        del opened["train/time"]
    assert maheswaranathan_2023.read_sessions(tmp_path, stimulus="whitenoise")


def test_sessions_may_lie_in_archives(tmp_path):
    karamanlis_2024.write_synthetic(tmp_path, 2, n_blocks=2, n_frames=80, n_images=2, n_neurons=2)
    root = tmp_path / karamanlis_2024.FOLDER
    (plain,) = root.iterdir()
    expected = karamanlis_2024.read_sessions(tmp_path)
    shutil.make_archive(str(plain), "zip", root_dir=root, base_dir=plain.name)
    shutil.rmtree(plain)
    found = karamanlis_2024.read_sessions(tmp_path)
    assert list(found) == list(expected)
    for name in found:
        np.testing.assert_array_equal(found[name].responses, expected[name].responses)
        assert found[name].breaks == (80,)


def test_two_recordings_of_a_stimulus_in_a_session_are_an_error(tmp_path):
    """As upstream; which of the two is meant, the layout does not say."""
    karamanlis_2024.write_synthetic(tmp_path, 2, n_blocks=2, n_frames=80, n_images=2, n_neurons=2)
    (file,) = tmp_path.rglob("*fixationmovie_data.mat")
    second = shutil.copy(file, file.with_name("9_fixationmovie_data.mat"))
    with pytest.raises(ProblemsError, match="several recordings of fixationmovie") as error:
        karamanlis_2024.read_sessions(tmp_path)
    assert file.name in str(error.value)
    assert second.name in str(error.value)


def test_trials_that_show_the_same_stay_together(tmp_path):
    """Frames of trial 9 show again what trial 0 did: both validate, or both train."""
    sridhar_2025.write_synthetic(tmp_path, n_neurons=2, n_frames=60, n_test_frames=60, n_images=4)
    (session,) = sridhar_2025.read_sessions(tmp_path, clip_length=20).values()
    shown = session.stimulus
    np.testing.assert_array_equal(
        shown.chunks(np.array([0]), 60)[0], shown.chunks(np.array([540]), 60)[0]
    )
    for seed in range(30):
        loaders = session_dataloaders(
            {"01": session}, chunk_size=20, batch_size=4, validation_fraction=0.3, seed=seed
        )
        train, validation = (
            {int(s) // 60 for s in loader["01"].dataset.order.plain}
            for loader in (loaders["train"], loaders["validation"])
        )
        assert not train & validation
        assert len({0, 9} & validation) in (0, 2)
        assert train | validation == set(range(11))


def test_a_fixation_line_that_is_none(tmp_path):
    sridhar_2025.write_synthetic(tmp_path, n_neurons=2, n_frames=60, n_test_frames=60, n_images=4)
    (file,) = tmp_path.rglob("complete_fixations*")
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:7], "no fixation", *lines[8:]]))
    with pytest.raises(DataError, match="no fixation") as error:
        sridhar_2025.read_sessions(tmp_path)
    assert "index: 8" in str(error.value)
    file.write_text("\n".join(lines[:-5]))
    with pytest.raises(DataError, match="fewer fixations"):
        sridhar_2025.read_sessions(tmp_path)
    file.write_text("\n".join(["9 0 0 1 1 1", *lines[1:]]))
    with pytest.raises(DataError, match="frame that is not there"):
        sridhar_2025.read_sessions(tmp_path)


@pytest.mark.parametrize(
    ("stimulus", "pattern"),
    [("natural_movie", "*_img_*.npy"), ("whitenoise", "trial_000/all_images.npy")],
)
def test_files_that_are_written_anew_are_read_anew(tmp_path, stimulus, pattern):
    """The folder's own time stays when a file inside is written again."""
    sridhar_2025.write_synthetic(
        tmp_path, stimulus=stimulus, n_neurons=2, n_frames=60, n_test_frames=60, n_images=4
    )

    def shown():
        (session,) = sridhar_2025.read_sessions(
            tmp_path, stimulus=stimulus, clip_length=20
        ).values()
        return session.stimulus.chunks(np.array([0]), 60).numpy()

    before = shown()
    assert (shown() == before).all()
    for file in tmp_path.rglob(pattern):
        np.save(file, 255 - np.load(file))
    after = shown()
    assert (after == 255 - before).all() if after.dtype == np.uint8 else (after != before).any()


def test_a_pickle_of_sridhar_that_asks_for_more(tmp_path):
    sridhar_2025.write_synthetic(tmp_path, n_neurons=2, n_frames=60, n_test_frames=60, n_images=4)
    (file,) = tmp_path.rglob("*.pkl")
    file.write_bytes(pickle.dumps({"train_responses": print}))
    with pytest.raises(DataError, match="nothing was run"):
        sridhar_2025.read_sessions(tmp_path)


@pytest.mark.parametrize("stimulus", ["natural_movie", "whitenoise"])
def test_the_planted_fields_of_sridhar(tmp_path, stimulus, fit_ln, correlations):
    planted = sridhar_2025.write_synthetic(tmp_path, 1, stimulus=stimulus)
    loaders = sridhar_2025.get_sridhar_dataloaders(
        16, False, path=tmp_path, stimulus=stimulus, normalize_responses=True
    )
    for name, cells in planted.items():
        assert next(iter(loaders["train"][name])).inputs.shape == (16, 1, 50, 80, 90)
        found = fit_ln(loaders["train"][name], lags=20)
        assert correlations(found, cells.receptive_fields).min() >= 0.9
