from __future__ import annotations

import h5py
import numpy as np
import pytest

from neuroai_core import DataError, InputError, NotFoundError, ProblemsError
from retina_data import hdf5, lab
from retina_data.datasets import session_dataloaders


def test_receptive_fields_are_recovered_through_the_loaders(tmp_path, fit_ln, correlations):
    planted = lab.write_synthetic(tmp_path, seed=2)
    sessions = lab.read_sessions(tmp_path, test_names=["noise_test"])
    loaders = session_dataloaders(sessions, batch_size=16, normalize_responses=True)
    assert set(loaders) == {"train", "validation", "noise_test"}
    for name, cells in planted.items():
        found = fit_ln(loaders["train"][name], lags=12)
        assert correlations(found, cells.receptive_fields).min() >= 0.9
        assert sessions[name].breaks == (2000,)
        assert sessions[name].neurons["depth_um"].shape == (5,)


def test_a_shared_movie_is_held_once(tmp_path):
    lab.write_synthetic(tmp_path)
    a, b = lab.read_sessions(tmp_path, test_names=["noise_test"]).values()
    assert a.stimulus.movie is b.stimulus.movie
    test = a.tests["noise_test"].stimulus.movie
    assert test is b.tests["noise_test"].stimulus.movie


def test_a_session_may_have_a_stimulus_of_its_own(tmp_path):
    lab.write_synthetic(tmp_path)
    own = np.ones((1, 2000, 12, 10), np.float32)
    with h5py.File(tmp_path / "session_b.h5", "r+") as file:
        file["stimulus_noise_1"] = own
    a, b = lab.read_sessions(tmp_path, test_names=["noise_test"]).values()
    assert (b.stimulus.dense()[:, :2000] == 1).all()
    assert not (a.stimulus.dense()[:, :2000] == 1).any()


def test_a_stimulus_in_the_sessions_file_is_memory_mapped(tmp_path, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (1, 300, 4, 3)).astype(np.uint8)
    lab.write_session(tmp_path / "s.h5", {"a": np.ones((2, 300)), "t": np.zeros((2, 50))})
    with h5py.File(tmp_path / "s.h5", "r+") as file:
        file["stimulus_a"] = pixels
        file.create_dataset("stimulus_t", data=pixels[:, :50], compression="gzip")
    mapped = []
    plainly = hdf5.memory_map
    monkeypatch.setattr(hdf5, "memory_map", lambda item: mapped.append(plainly(item)) or mapped[-1])
    (session,) = lab.read_sessions(tmp_path, test_names=["t"], mean=0, sd=1).values()
    assert all(isinstance(array, np.memmap) for array in mapped)
    assert len(mapped) == 2
    assert np.shares_memory(session.stimulus.movie.frames.numpy(), mapped[0])
    np.testing.assert_array_equal(session.stimulus.dense(), pixels)
    np.testing.assert_array_equal(session.tests["t"].stimulus.dense(), pixels[:, :50])


def test_responses_that_are_no_numbers(tmp_path):
    lab.write_session(tmp_path / "s.h5", {"a": np.full((2, 30), b"x"), "t": np.zeros((2, 5))})
    with pytest.raises(ProblemsError, match=r"responses_a: \|S1 values, not numbers"):
        lab.read_sessions(tmp_path, test_names=["t"])


def test_pixels_are_normalized_as_they_come_out(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (1, 300, 4, 3)).astype(np.uint8)
    (tmp_path / "stimuli").mkdir()
    np.save(tmp_path / "stimuli/a.npy", pixels)
    np.save(tmp_path / "stimuli/t.npy", pixels[:, :50])
    lab.write_session(
        tmp_path / "s.h5", {"a": np.zeros((2, 300)), "t": np.zeros((2, 50))}, {"age": 3}
    )
    sessions = lab.read_sessions(tmp_path, test_names=["t"], mean=100, sd=20)
    loader = session_dataloaders(sessions, batch_size=2, stored=True)["train"]["s"]
    inputs, _ = next(iter(loader))
    assert inputs.numpy().dtype == np.uint8
    plain = session_dataloaders(sessions, batch_size=2)["train"]["s"]
    expected, _ = next(iter(plain))
    np.testing.assert_allclose(loader.normalize(inputs), expected, atol=1e-6)
    np.testing.assert_allclose(expected, (inputs.float() - 100) / 20, atol=1e-5)


def test_every_problem_of_every_session_is_listed(tmp_path):
    lab.write_synthetic(tmp_path)
    (tmp_path / "stimuli/noise_2.npy").unlink()
    lab.write_session(tmp_path / "session_b.h5", {"noise_1": np.zeros((5, 1999))})
    with pytest.raises(ProblemsError, match="3 problem") as error:
        lab.read_sessions(tmp_path, test_names=["noise_test"])
    for part in (
        "session_a.h5: noise_2: neither",
        "session_b.h5: noise_1: 1999 response values for 2000 frames",
        "session_b.h5: no responses_noise_test",
    ):
        assert part in str(error.value)


def test_what_cannot_be_read(tmp_path):
    with pytest.raises(NotFoundError, match="no session"):
        lab.read_sessions(tmp_path, test_names=[])
    (tmp_path / "s.h5").write_text("no HDF5")
    with pytest.raises(DataError, match="damaged"):
        lab.read_sessions(tmp_path, test_names=[])
    with pytest.raises(InputError, match="belong together"):
        lab.read_sessions(tmp_path, test_names=[], mean=1)


@pytest.mark.parametrize("own", [False, True])
def test_a_stimulus_with_nan_names_file_and_frame(tmp_path, own):
    frames = np.zeros((1, 300, 4, 3), np.float32)
    frames[0, 123, 2, 2] = np.nan
    lab.write_session(tmp_path / "s.h5", {"a": np.ones((2, 300)), "t": np.zeros((2, 50))})
    (tmp_path / "stimuli").mkdir()
    np.save(tmp_path / "stimuli/t.npy", frames[:, :50])
    np.save(tmp_path / "stimuli/unused.npy", frames)
    if own:
        with h5py.File(tmp_path / "s.h5", "r+") as file:
            file["stimulus_a"] = frames
    else:
        np.save(tmp_path / "stimuli/a.npy", frames)
    where = "s.h5: stimulus_a" if own else "stimuli/a.npy"
    with pytest.raises(ProblemsError, match="1 problem") as error:
        lab.read_sessions(tmp_path, test_names=["t"])
    assert f"{where}: NaN or infinite values in 1 of 300 frames (123)" in str(error.value)
    assert str(tmp_path) in str(error.value)


@pytest.mark.parametrize("part", [0.0, 0.01, 0.5])
def test_a_truncated_stimulus_is_one_error_with_its_path(tmp_path, part):
    lab.write_synthetic(tmp_path)
    file = tmp_path / "stimuli/noise_1.npy"
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(DataError, match="damaged") as error:
        lab.read_sessions(tmp_path, test_names=["noise_test"])
    assert str(file) in str(error.value)
