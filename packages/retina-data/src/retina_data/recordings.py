"""Putting a recording together: movies normalised, blocks parted into clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from neuroai_core.errors import problems
from retina_data.movies import Movie, Stimulus
from retina_data.sessions import Recording, Session, Test
from retina_data.splits import tile

Pixels = npt.NDArray[Any]


def normalized(train: Pixels, tests: Mapping[str, Pixels]) -> tuple[Movie, dict[str, Movie]]:
    """Make movies that come out normalised by the training movie's mean and deviation.

    Pixels of 8 bits stay so in memory and are normalised batch by batch;
    others are normalised once, as float32.

    Parameters
    ----------
    train
        ``(channels, frames, height, width)``.
    tests
        Test movies by name, of the same axes.
    """
    mean, sd = _moments(train)
    if train.dtype == np.uint8 and all(test.dtype == np.uint8 for test in tests.values()):
        movie = Movie(_tensor(train), mean, sd, encoded=True)
        return movie, {k: Movie(_tensor(v), mean, sd, encoded=True) for k, v in tests.items()}

    def normal(movie: Pixels) -> Movie:
        return Movie(_tensor((movie.astype(np.float32) - mean) / sd), mean, sd)

    return normal(train), {name: normal(test) for name, test in tests.items()}


def assemble(
    name: str,
    *,
    train: Stimulus,
    responses: npt.NDArray[np.floating],
    tests: Mapping[str, Test],
    clip_length: int,
    recording: Recording,
    blocks: Sequence[int] | None = None,
    neurons: Mapping[str, npt.NDArray[np.generic]] | None = None,
    path: object = None,
) -> Session:
    """Make a session whose training blocks are parted into clips of one length.

    Parameters
    ----------
    name, train, responses, tests, clip_length, recording, neurons, path
        As in `Session`.
    blocks
        Frames of the blocks of presentation; None: there was one.

    Raises
    ------
    ProblemsError
        If the clips are longer than every block, or anything does not fit.
    """
    starts, breaks = tile([len(train)] if blocks is None else blocks, clip_length)
    if not len(starts):
        raise problems(
            f"session {name!r} does not fit together",
            [f"clips: {clip_length} frames, longer than every block"],
            path=path,
        )
    return Session(
        name=name,
        stimulus=train,
        responses=np.asarray(responses, np.float32),
        tests=tests,
        clips=np.arange(len(starts)),
        clip_length=clip_length,
        clip_starts=starts,
        breaks=breaks,
        neurons=neurons or {},
        recording=recording,
        path=path,
    )


def _tensor(array: Pixels) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))


def _moments(movie: Pixels) -> tuple[float, float]:
    """Give mean and standard deviation of all values, a slice of the movie at a time."""
    total = squares = 0.0
    for first in range(0, movie.shape[1], 4096):
        part = movie[:, first : first + 4096].astype(np.float64)
        total += float(part.sum())
        squares += float((part**2).sum())
    mean = total / movie.size
    variance = squares / movie.size - mean**2
    return mean, float(np.sqrt(variance)) if variance > 1e-12 * max(mean**2, 1) else 1.0
