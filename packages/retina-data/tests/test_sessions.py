from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuroai_core import InputError, ProblemsError
from retina_data import Movie, Stimulus, Test, session_loaders


def test_every_problem_of_a_session_is_listed(make_session):
    good = make_session()
    wrong = good.responses.copy()[:, :-1]
    wrong[1, 3] = np.nan
    test = Test(good.tests["test"].stimulus, np.zeros((3, 9)), np.zeros((2, 3)))
    with pytest.raises(ProblemsError) as error:
        replace(
            good,
            responses=wrong,
            tests={"test": test},
            breaks=(0, 99),
            neurons={"kind": np.zeros(5)},
            path="recording.h5",
        )
    text = str(error.value)
    for part in (
        "recording.h5",
        "23 values in time for 24 frames",
        "NaN or infinite values in 1 of 2 neurons (1)",
        "breaks: [0, 99]",
        "shape (3, 9), expected (2, 10)",
        "test 'test' trials",
        "neurons['kind']: 5 rows for 2 neurons",
    ):
        assert part in text


def test_a_stimulus_of_no_numbers_is_a_problem(make_session):
    session = make_session()
    frames = session.stimulus.movie.frames.numpy().copy()
    frames[0, 5, 1, 1] = np.nan
    spoilt = Stimulus(Movie(frames), session.stimulus.order)
    with pytest.raises(ProblemsError, match=r"stimulus: NaN or .* 1 of 24 frames \(5\)") as e:
        replace(session, stimulus=spoilt, path="recording.h5")
    assert "recording.h5" in str(e.value)
    shown = Stimulus.whole(Movie(np.full((1, 10, 2, 3), np.inf, np.float32)))
    test = replace(session.tests["test"], stimulus=shown)
    with pytest.raises(ProblemsError, match=r"test 'test' stimulus: NaN .* 10 of 10"):
        replace(session, tests={"test": test})


@pytest.mark.parametrize("name", ["train", "validation"])
def test_a_test_cannot_overwrite_a_split(make_session, name):
    """Upstream's loader of a test named "train" takes the place of the training loader."""
    with pytest.raises(InputError, match="another split"):
        session_loaders({"s": make_session(test=name)}, validation_clips=[0], chunk_size=2)


def test_every_session_is_shuffled(make_session):
    """Upstream's white-noise loader shuffles the first retina only."""
    sessions = {n: make_session(range(30), name=n) for n in "abc"}
    loaders = session_loaders(sessions, validation_clips=[0], chunk_size=6, batch_size=29)
    for loader in loaders["train"].values():
        times = next(iter(loader)).targets[:, 0, 0].tolist()
        assert times != sorted(times)


def test_a_constant_neuron_is_left_as_it_is(make_session):
    session = make_session()
    flat = np.ones_like(session.responses)
    loaders = session_loaders(
        {"s": replace(session, responses=flat)},
        validation_clips=[0],
        chunk_size=2,
        normalize_responses=True,
    )
    assert (loaders["train"]["s"].dataset.responses == 1).all()


def test_validation_clips_by_session(make_session):
    sessions = {n: make_session(name=n) for n in "ab"}
    loaders = session_loaders(sessions, validation_clips={"a": [0], "b": [1, 2]}, chunk_size=2)
    assert [len(loader.dataset) for loader in loaders["validation"].values()] == [1, 2]
    with pytest.raises(InputError, match="unknown session"):
        session_loaders(sessions, validation_clips={"a": [0]}, chunk_size=2)
    with pytest.raises(InputError, match="no sessions"):
        session_loaders({}, validation_clips=[0])
