from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retina_data import Movie, Session, Stimulus
from retina_data.sta import spike_triggered_average


@given(st.integers(1, 4), st.lists(st.integers(1, 29), max_size=3, unique=True), st.integers(0, 9))
def test_against_a_plain_loop(lags, breaks, seed):
    random = np.random.default_rng(seed)
    movie = random.standard_normal((2, 30, 3, 4)).astype(np.float32)
    responses = random.standard_normal((2, 30)).astype(np.float32)
    session = Session(
        "s",
        Stimulus.whole(Movie(movie)),
        responses,
        {},
        np.arange(3),
        10,
        breaks=tuple(sorted(breaks)),
    )
    found = spike_triggered_average(session, lags=lags)
    z = (responses - responses.mean(1, keepdims=True)) / responses.std(1, keepdims=True)
    expected = np.zeros((2, 2, lags, 3, 4))
    for t in range(30):
        for lag in range(lags):
            if t - lag >= 0 and not any(t - lag < b <= t for b in breaks):
                expected[:, :, lag] += z[:, t, None, None, None] * movie[None, :, t - lag]
    np.testing.assert_allclose(found, expected / 30, atol=1e-5)
