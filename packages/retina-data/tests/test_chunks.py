from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from retina_data.chunks import Chunks
from retina_data.movies import Movie, Stimulus
from retina_data.orders import ChunkOrder


@given(seed=st.integers(0, 99), flip=st.booleans(), length=st.integers(1, 9), long=st.booleans())
def test_a_batch_is_what_was_shown_and_answered_from_each_start(seed, flip, length, long):
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (2, 12, 4, 3)).astype(np.uint8)
    shown, responses = random.integers(0, 12, 40), random.random((5, 40)).astype(np.float32)
    whole = ChunkOrder(np.array([[0, 40]]), chunk_size=length)
    chunks = Chunks(Stimulus(Movie(pixels, 10.0, 4.0, encoded=True), shown, flip), responses, whole)
    starts = random.integers(0, 41 - length, 3000 if long else 3)  # large ones use memory again
    inputs, targets = chunks[starts]
    for i, start in [(0, starts[0]), (len(starts) - 1, starts[-1])]:
        frames = pixels[:, shown[start : start + length]]
        expected = ((frames[..., ::-1] if flip else frames) - 10.0) / 4.0
        np.testing.assert_allclose(inputs[i], expected, rtol=1e-5)
        np.testing.assert_array_equal(targets[i], responses[:, start : start + length].T)
    one = chunks[1 % len(chunks)]
    assert torch.equal(one.inputs, chunks[whole.plain[[1 % len(chunks)]]].inputs[0])
