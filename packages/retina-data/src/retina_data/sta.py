"""Spike-triggered averages: what was shown before a neuron answered."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from retina_data.sessions import Session

Floats = npt.NDArray[np.float32]


def spike_triggered_average(
    session: Session, *, lags: int, neurons: Sequence[int] | None = None, max_frames: int = 20_000
) -> Floats:
    """Correlate the stimulus of a session with its responses at several lags.

    Parameters
    ----------
    session
        The session; breaks of the presentation are not averaged over.
    lags
        Frames from the response back, from 0.
    neurons
        Which; None: all.
    max_frames
        The most that are used, from the start.

    Returns
    -------
    ``(neurons, channels, lags, height, width)``, in standard deviations of
    the response a unit of the stimulus.
    """
    chosen = np.arange(session.n_neurons) if neurons is None else np.asarray(neurons)
    c, time, h, w = session.stimulus.shape
    time = min(time, max_frames)
    responses = session.responses[chosen, :time].astype(np.float64)
    sd = responses.std(axis=1, keepdims=True)
    responses -= responses.mean(axis=1, keepdims=True)
    responses = (responses / np.where(sd > 0, sd, 1)).astype(np.float32)
    total = np.zeros((lags, len(chosen), c * h * w), np.float64)
    edges = [0, *(b for b in session.breaks if b < time), time]
    used = 0
    for first, end in itertools.pairwise(edges):
        for start in range(first, end, 2000):  # a bounded piece of the movie at a time
            before = max(first, start - lags + 1)
            stop = min(start + 2000, end)
            piece = session.stimulus.chunks(np.array([before]), stop - before)
            movie = session.stimulus.movie.normalize(piece)[0].numpy()
            frames = movie.transpose(1, 0, 2, 3).reshape(stop - before, -1)
            for lag in range(lags):
                at = np.arange(max(start, first + lag), stop)
                total[lag] += responses[:, at] @ frames[at - lag - before]
            used += stop - start
    average = (total / used).reshape(lags, len(chosen), c, h, w)
    return average.transpose(1, 2, 0, 3, 4).astype(np.float32)
