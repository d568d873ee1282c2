from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from neuroai_core import InputError, ProblemsError, UnknownArgumentError
from retina_data import LongCycler, MoviesTrainTestSplit, ResponsesTrainTestSplit
from retina_data.hoefling_2024 import (
    fingerprint_sessions,
    get_all_movies,
    get_all_responses,
    natmov_dataloaders_v2,
    natmov_sessions,
    read_traces,
)
from retina_data.hoefling_2024.constants import MOVIES, RESPONSES

CLIPS, LENGTH = 16, 150


@pytest.fixture(scope="module")
def data(hoefling):
    folder, planted = hoefling
    return get_all_responses(folder), get_all_movies(folder), planted


def test_the_example_of_the_documentation(data):
    responses, movies, _ = data
    dataloaders = natmov_dataloaders_v2(
        neuron_data_dictionary=responses,
        movies_dictionary=movies,
        validation_clip_indices=[0, 1],
        batch_size=32,
    )
    train_loaders = dataloaders["train"]
    validation_loaders = dataloaders["validation"]
    test_loaders = dataloaders["test"]
    assert list(train_loaders) == list(validation_loaders) == list(test_loaders) == list(responses)
    for name in responses:
        inputs, targets = next(iter(train_loaders[name]))
        assert inputs.shape == (32, 2, 50, 18, 16)
        assert targets.shape == (32, 50, 12)
        assert inputs.dtype == targets.dtype == torch.float32
        inputs, targets = next(iter(validation_loaders[name]))
        assert inputs.shape == (2, 2, LENGTH, 18, 16)
        inputs, targets = next(iter(test_loaders[name]))
        assert inputs.shape == (1, 2, 750, 18, 16)
        assert targets.shape == (1, 750, 12)
        assert test_loaders[name].dataset.test_responses_by_trial.shape == (3, 12, 750)


def numbered(clips=CLIPS, sequences=3):
    """Movies and responses in which every frame and value says where it stood."""
    rng = np.random.default_rng(0)
    order = np.stack([rng.permutation(clips) for _ in range(sequences)], axis=1).astype(np.uint8)
    frames = np.arange(clips * LENGTH, dtype=np.float32)
    movie = np.zeros((2, clips * LENGTH, 3, 4), np.float32)
    movie[..., 0, 0] = frames
    test = np.full((2, 750, 3, 4), -1, np.float32)
    movies = MoviesTrainTestSplit(train=movie, test=test, random_sequences=order)
    responses = {}
    for name, eye, index in [("r", "right", 0), ("l", "left", 2)]:
        shown = (order[:, index].astype(int)[:, None] * LENGTH + np.arange(LENGTH)).reshape(-1)
        both = np.stack([shown, np.arange(clips * LENGTH)]).astype(np.float32)
        responses[name] = ResponsesTrainTestSplit(
            train=both,
            test=np.zeros((2, 750), np.float32),
            stim_id="natural",
            session_kwargs={"eye": eye, "scan_sequence_idx": index},
        )
    return responses, movies, order


@pytest.mark.parametrize("over", [True, False])
def test_sequence_eye_and_seams(over):
    responses, movies, _ = numbered()
    validation = [3, 7, 8]
    loaders = natmov_dataloaders_v2(
        responses,
        movies,
        validation,
        batch_size=16,
        allow_over_boundaries=over,
        normalize_responses=False,
    )
    for name, corner in [("r", 0), ("l", -1)]:
        for _ in range(3):
            for inputs, targets in loaders["train"][name]:
                frames = inputs[:, 1, :, 0, corner].numpy()
                np.testing.assert_array_equal(frames, targets[..., 0])
                times = targets[..., 1].numpy()
                assert (np.diff(times) == 1).all()
                middle = CLIPS * LENGTH // 2  # the test movie was shown in between
                assert not ((times[:, 0] < middle) & (times[:, -1] >= middle)).any()
                assert not np.isin(frames // LENGTH, validation).any()
                if not over:
                    assert (times[:, 0] // LENGTH == times[:, -1] // LENGTH).all()
        inputs, targets = next(iter(loaders["validation"][name]))
        assert (inputs[:, 0, 0, 0, corner] // LENGTH).tolist() == validation
        np.testing.assert_array_equal(inputs[:, 0, :, 0, corner], targets[..., 0])
        assert (next(iter(loaders["test"][name])).inputs == -1).all()


def test_sessions_share_one_movie():
    responses, movies, _ = numbered()
    sessions = natmov_sessions(responses, movies)
    assert sessions["l"].stimulus.movie is sessions["r"].stimulus.movie
    held = sessions["r"].stimulus.movie.frames
    assert held.data_ptr() == movies.train.ctypes.data  # and nothing was copied


def test_responses_are_divided_by_the_training_parts_deviation(data):
    responses, movies, _ = data
    validation = [2, 5]
    loaders = natmov_dataloaders_v2(responses, movies, validation)
    name = next(iter(responses))
    shown = natmov_sessions(responses, movies)[name].clips
    train = np.repeat(~np.isin(shown, validation), LENGTH)
    raw = responses[name].train
    expected = raw / raw[:, train].std(axis=1, keepdims=True)
    found = loaders["train"][name].dataset.responses.numpy().T
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    whole = raw / raw.std(axis=1, keepdims=True)  # upstream takes all, validation too
    assert np.abs(found - whole).max() > 1e-4
    test = loaders["test"][name].dataset
    np.testing.assert_allclose(
        test.test_responses_by_trial.mean(0).numpy().T, test.responses.numpy(), atol=1e-5
    )


def test_receptive_fields_are_recovered_through_the_loaders(tmp_path, fit_ln, correlations):
    from retina_data.hoefling_2024 import write_synthetic

    planted = write_synthetic(tmp_path, seed=1, n_neurons=11)
    loaders = natmov_dataloaders_v2(
        get_all_responses(tmp_path), get_all_movies(tmp_path), [0, 1], batch_size=16
    )
    for name, cells in planted.items():  # a right and a left eye
        found = fit_ln(loaders["train"][name], lags=20)
        assert correlations(found, cells.receptive_fields).min() >= 0.9


def test_the_high_resolution(tmp_path):
    from retina_data.hoefling_2024 import write_synthetic

    planted = write_synthetic(
        tmp_path, n_clips=4, n_sessions=2, n_neurons=11, resolution="high", noise=0.1
    )
    responses, movies = get_all_responses(tmp_path), get_all_movies(tmp_path, resolution="high")
    assert isinstance(movies.train.base, np.memmap)
    loaders = natmov_dataloaders_v2(responses, movies, [0], batch_size=2)
    sessions = natmov_sessions(responses, movies)
    for name, cells in planted.items():  # a right and a left eye
        assert next(iter(loaders["train"][name])).inputs.shape == (2, 2, 50, 72, 64)
        session = sessions[name]
        assert session.recording.pixel_um == 12.5
        half = session.breaks[0]
        expected = cells.rates(session.stimulus.dense().numpy()[:, :half])[:, 20:]
        pairs = zip(session.responses[:, 20:half], expected, strict=True)
        assert min(np.corrcoef(a, b)[0, 1] for a, b in pairs) > 0.8  # imaged at 7.8 Hz


def test_the_long_cycler_over_the_loaders(data):
    responses, movies, _ = data
    loaders = natmov_dataloaders_v2(responses, movies, [0, 1], batch_size=8)
    cycler = LongCycler(loaders["train"], shuffle=True)
    pairs = list(cycler)
    assert len(pairs) == len(cycler)
    assert {key for key, _ in pairs} == set(responses)


def test_arguments_and_data_that_do_not_fit(data):
    responses, movies, _ = data
    with pytest.raises(UnknownArgumentError, match="batch_size"):
        natmov_dataloaders_v2(responses, movies, [0], batchsize=2)
    with pytest.raises(InputError, match="validation"):
        natmov_dataloaders_v2(responses, movies, [CLIPS])
    with pytest.raises(InputError, match="as long as a chunk"):
        natmov_dataloaders_v2(
            responses, movies, [0], train_chunk_size=151, allow_over_boundaries=False
        )
    shorter = MoviesTrainTestSplit(
        train=movies.train[:, :-LENGTH], test=movies.test_movie, random_sequences=None
    )
    with pytest.raises(ProblemsError, match="3 problem") as error:
        natmov_dataloaders_v2(responses, shorter, [0])
    assert all(name in str(error.value) for name in responses)


def test_a_session_with_nan_is_an_error_at_once():
    """Upstream makes it None, which fails in the middle of the training."""
    responses, movies, _ = numbered()
    responses["r"].train[1, 5] = np.nan
    with pytest.raises(ProblemsError, match="NaN") as error:
        natmov_dataloaders_v2(responses, movies, [0])
    assert "'r'" in str(error.value)


def test_an_error_in_a_session_names_the_file(hoefling):
    """However it came there: the file of the responses is what to look at."""
    folder, _ = hoefling
    movies = get_all_movies(folder)
    responses = get_all_responses(folder)
    name, split = next(iter(responses.items()))
    spoilt = split.train.copy()
    spoilt[0, 0] = np.nan
    with pytest.raises(ProblemsError, match="NaN") as error:
        natmov_sessions({name: replace(split, train=spoilt)}, movies)
    assert f"path: {folder / RESPONSES}" in str(error.value)
    with pytest.raises(ProblemsError, match="training values") as error:
        natmov_sessions({name: replace(split, train=spoilt[:, 1:])}, movies)
    assert f"path: {folder / RESPONSES}" in str(error.value)
    assert str(movies.path) == str(folder / MOVIES["low"])
    traces = next(iter(read_traces(folder, stimulus="chirp").values()))
    traces.traces[2, :] = np.inf
    with np.errstate(invalid="ignore"), pytest.raises(ProblemsError, match="infinite") as error:
        fingerprint_sessions({"s": traces})
    assert f"path: {folder / RESPONSES}" in str(error.value)
