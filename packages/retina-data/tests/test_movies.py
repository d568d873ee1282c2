from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core import InputError
from retina_data import Movie, Stimulus, movies


@st.composite
def shown(draw):
    c, t, h, w = (draw(st.integers(1, n)) for n in (3, 40, 4, 5))
    kind = draw(st.sampled_from([np.float32, np.uint8, np.float16]))
    frames = np.arange(c * t * h * w).reshape(c, t, h, w).astype(kind)
    pieces = draw(st.lists(st.tuples(st.integers(0, t - 1), st.integers(1, t)), min_size=1))
    order = np.concatenate([np.arange(a, min(a + n, t)) for a, n in pieces])
    length = draw(st.integers(1, len(order)))
    starts = draw(st.lists(st.integers(0, len(order) - length), min_size=1, max_size=6))
    return frames, order, draw(st.booleans()), np.array(starts), length


@given(shown())
def test_chunks_are_the_frames_shown(case):
    frames, order, flip, starts, length = case
    found = Stimulus(Movie(frames.copy()), order, flip).chunks(starts, length)
    laid_out = frames[:, order][..., :: -1 if flip else 1]  # what openretina stacks
    expected = np.stack([laid_out[:, s : s + length] for s in starts])
    assert found.is_contiguous()
    np.testing.assert_array_equal(found.numpy(), expected)


def test_batches_do_not_share_memory():
    stimulus = Stimulus.whole(Movie(torch.rand(2, 200, 18, 16)))
    batches = [stimulus.chunks(np.arange(64), 50) for _ in range(3)]
    assert len({b.data_ptr() for b in batches}) == 3


def test_the_movie_is_not_copied():
    frames = torch.rand(1, 5, 2, 2)
    assert Movie(frames).frames.data_ptr() == frames.data_ptr()
    assert Movie(frames).seen(flip=False).data_ptr() == frames.data_ptr()


@pytest.mark.parametrize("order", [[0, 5], [-1], [[0]], [0.5]])
def test_a_frame_that_is_not_there(order):
    with pytest.raises(InputError):
        Stimulus(Movie(np.zeros((1, 5, 2, 2), np.float32)), np.array(order))


def test_a_stretch_beyond_the_end():
    stimulus = Stimulus.whole(Movie(np.zeros((1, 5, 2, 2), np.float32)))
    with pytest.raises(InputError, match="beyond"):
        stimulus.chunks(np.array([3]), 3)


def test_a_movie_needs_four_axes():
    with pytest.raises(InputError, match="axes"):
        Movie(np.zeros((5, 2, 2), np.float32))


@given(st.sampled_from([np.float16, np.float32, np.float64]), st.data())
def test_frames_that_hold_no_numbers_are_named(dtype, data):
    shape = (2, 30, 3, 2)
    frames = np.full(shape, np.finfo(dtype).max / 4, dtype)  # their sum is infinite
    at = data.draw(st.lists(st.integers(0, 29), max_size=4, unique=True))
    for frame in at:
        value = data.draw(st.sampled_from([np.nan, np.inf, -np.inf]))
        frames[data.draw(st.integers(0, 1)), frame, 2, 1] = value
    expected = f"{len(at)} of 30 frames ({', '.join(map(str, sorted(at)))})"
    for looked_at in (1, 100, 1 << 26):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(movies, "LOOKED_AT", looked_at)
            found = Movie(frames).problems()
        assert found == ([f"NaN or infinite values in {expected}"] if at else [])


def test_a_movie_is_looked_through_once_and_pixels_never(monkeypatch):
    looked = []
    monkeypatch.setattr(movies, "not_finite", lambda frames: looked.append(1) or [])
    movie = Movie(np.zeros((1, 5, 2, 2), np.float32))
    assert movie.problems() == movie.problems() == []
    assert len(looked) == 1
    monkeypatch.undo()
    monkeypatch.setattr(np, "isfinite", None)
    assert Movie(np.zeros((1, 5, 2, 2), np.uint8)).problems() == []
