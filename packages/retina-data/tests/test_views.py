from __future__ import annotations

import numpy as np
import pytest

from neuroai_core import ProblemsError
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


def test_movies_of_any_length(tmp_path):
    random = np.random.default_rng(0)

    def movie(t):
        return random.standard_normal((2, t, 4, 3)).astype(np.float32)

    lengths = {"a": 400, "b": 330}
    movies = {n: MoviesTrainTestSplit(movie(t), {"x": movie(50)}) for n, t in lengths.items()}
    responses = {
        n: ResponsesTrainTestSplit(np.zeros((3, t)), {"x": np.zeros((3, 50))})
        for n, t in lengths.items()
    }
    loaders = multiple_movies_dataloaders(
        responses, movies, train_chunk_size=20, batch_size=4, clip_length=40, num_val_clips=2
    )
    assert set(loaders) == {"train", "validation", "x"}
    assert len(loaders["validation"]["a"].dataset) == 2
    assert next(iter(loaders["train"]["b"])).inputs.shape == (4, 2, 20, 4, 3)


def test_sessions_that_do_not_match():
    movies = {"a": MoviesTrainTestSplit(np.zeros((1, 9, 2, 2)), test=np.zeros((1, 4, 2, 2)))}
    responses = {"b": ResponsesTrainTestSplit(np.zeros((2, 9)), test=np.zeros((2, 4)))}
    with pytest.raises(ProblemsError, match="2 problem"):
        sessions_from_splits(responses, movies, clip_length=3)
