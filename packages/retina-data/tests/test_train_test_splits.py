from __future__ import annotations

import numpy as np
import pytest

from neuroai_core import InputError, NeuroAIError, ProblemsError
from retina_data import MoviesTrainTestSplit, ResponsesTrainTestSplit


def movie(t=10, size=(2, 3)):
    return np.zeros((1, t, *size), np.float32)


def test_one_test_or_several():
    one = MoviesTrainTestSplit(movie(), test=movie(4))
    assert one.test_movie.shape == one.test_shape == (1, 4, 2, 3)
    two = MoviesTrainTestSplit(movie(), {"a": movie(4), "b": movie(5)})
    assert two.test_shape == (1, 5, 2, 3)
    with pytest.raises(NeuroAIError, match="more than one"):
        _ = two.test_movie
    for wrong in ({}, {"test_dict": {"a": movie()}, "test": movie()}):
        with pytest.raises(InputError, match="one kind of test"):
            MoviesTrainTestSplit(movie(), **wrong)


def test_two_splits_do_not_share_their_tests():
    """A mutable default would leak from one into the next."""
    first = ResponsesTrainTestSplit(np.zeros((2, 10)), test=np.zeros((2, 4)))
    second = ResponsesTrainTestSplit(np.zeros((2, 10)), test=np.ones((2, 4)))
    assert first.test_response.max() == 0
    assert second.test_response.min() == 1


def test_trials_are_trials_neurons_time_whatever_their_sizes():
    """Upstream guesses the axes by their sizes: three trials of three neurons were mixed up."""
    trials = np.arange(3 * 3 * 3.0).reshape(3, 3, 3)
    split = ResponsesTrainTestSplit(
        np.zeros((3, 9)), test=trials.mean(axis=0), test_by_trial=trials
    )
    np.testing.assert_array_equal(split.get_test_by_trial(), trials)
    assert split.get_test_by_trial("other") is None


def test_problems_are_listed_together():
    with pytest.raises(ProblemsError, match="2 problem"):
        MoviesTrainTestSplit(movie(), {"a": movie(size=(3, 3)), "b": np.zeros((1, 2, 3))})
    with pytest.raises(ProblemsError, match="2 problem"):
        ResponsesTrainTestSplit(
            np.zeros((2, 10)),
            {"a": np.zeros((3, 4))},
            test_by_trial_dict={"b": np.zeros((1, 2, 4))},
        )
    responses = ResponsesTrainTestSplit(np.zeros((2, 9)), test=np.zeros((2, 4)), stim_id="x")
    with pytest.raises(ProblemsError, match="3 problem"):
        responses.check_matching_stimulus(MoviesTrainTestSplit(movie(), test=movie(5), stim_id="y"))
    responses.check_matching_stimulus(MoviesTrainTestSplit(movie(9), test=movie(4), stim_id="x"))
