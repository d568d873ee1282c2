from __future__ import annotations

import numpy as np
import pytest

from neuroai_core import InputError, ProblemsError
from retina_data import MoviesTrainTestSplit, ResponsesTrainTestSplit, lab
from retina_data.views import multiple_movies_dataloaders, sessions_from_splits, train_test_splits


def test_sessions_to_containers_and_back(tmp_path):
    lab.write_synthetic(tmp_path)
    sessions = lab.read_sessions(tmp_path, test_names=["noise_test"], clip_length=50)
    responses, movies = train_test_splits(sessions)
    for name in responses:
        responses[name].check_matching_stimulus(movies[name])
    again = sessions_from_splits(responses, movies, clip_length=50)
    for name, session in sessions.items():
        assert (again[name].stimulus.dense() == session.stimulus.dense()).all()
        np.testing.assert_array_equal(again[name].responses, session.responses)


def splits(lengths):
    random = np.random.default_rng(0)

    def movie(t):
        return random.standard_normal((2, t, 4, 3)).astype(np.float32)

    movies = {n: MoviesTrainTestSplit(movie(t), {"x": movie(50)}) for n, t in lengths.items()}
    responses = {
        n: ResponsesTrainTestSplit(np.zeros((3, t)), {"x": np.zeros((3, 50))})
        for n, t in lengths.items()
    }
    return responses, movies


def test_movies_of_any_length():
    responses, movies = splits({"a": 400, "b": 330})
    loaders = multiple_movies_dataloaders(
        responses, movies, train_chunk_size=20, batch_size=4, clip_length=40, num_val_clips=2
    )
    assert set(loaders) == {"train", "validation", "x"}
    assert len(loaders["validation"]["a"].dataset) == 2
    assert next(iter(loaders["train"]["b"])).inputs.shape == (4, 2, 20, 4, 3)


def test_an_error_names_the_file_of_the_responses(tmp_path):
    lab.write_synthetic(tmp_path)
    sessions = lab.read_sessions(tmp_path, test_names=["noise_test"])
    responses, movies = train_test_splits(sessions)
    for part in (np.nan, np.inf):
        responses["session_a"].train[0, 0] = part
        with pytest.raises(ProblemsError, match="NaN") as error:
            sessions_from_splits(responses, movies, clip_length=50)
        assert str(tmp_path / "session_a.h5") in str(error.value)


def test_every_session_has_exactly_so_many_validation_clips():
    """As upstream draws them: a number, whatever the session's length."""
    responses, movies = splits({"a": 2000, "b": 10000})
    loaders = multiple_movies_dataloaders(responses, movies, num_val_clips=10)["validation"]
    assert {name: len(loader.dataset) for name, loader in loaders.items()} == {"a": 10, "b": 10}
    with pytest.raises(InputError, match="'a'") as error:
        multiple_movies_dataloaders(responses, movies, num_val_clips=20)
    assert "1 to 19 of its 20 clips" in str(error.value)


def test_sessions_that_do_not_match():
    movies = {"a": MoviesTrainTestSplit(np.zeros((1, 9, 2, 2)), test=np.zeros((1, 4, 2, 2)))}
    responses = {"b": ResponsesTrainTestSplit(np.zeros((2, 9)), test=np.zeros((2, 4)))}
    with pytest.raises(ProblemsError, match="2 problem"):
        sessions_from_splits(responses, movies, clip_length=3)
