"""Putting a recording together: movies normalised, blocks parted into clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from neuroai_core.errors import problems
from retina_data.movies import Movie, Stimulus, not_finite
from retina_data.sessions import Recording, Session, Test
from retina_data.splits import tile

Pixels = npt.NDArray[Any]


def normalized(
    train: Pixels, tests: Mapping[str, Pixels], *, path: object = None
) -> tuple[Movie, dict[str, Movie]]:
    """Make movies that come out normalised by the training movie's mean and deviation.

    Pixels of 8 bits stay so in memory and are normalised batch by batch;
    others are normalised once, as float32.

    Parameters
    ----------
    train
        ``(channels, frames, height, width)``.
    tests
        Test movies by name, of the same axes.
    path
        The file they came from, for messages.

    Raises
    ------
    ProblemsError
        If there are NaN or infinite values: of one in the training movie all
        would become NaN.
    """
    found = [
        f"{name} stimulus: {problem}"
        for name, movie in {"train": train, **tests}.items()
        for problem in not_finite(movie)
    ]
    if found:
        raise problems("a stimulus holds values that are no numbers", found, path=path)
    mean, sd = _moments(train)
    if train.dtype == np.uint8 and all(test.dtype == np.uint8 for test in tests.values()):
        movie = Movie(_tensor(train), mean, sd, encoded=True)
        return movie, {k: Movie(_tensor(v), mean, sd, encoded=True) for k, v in tests.items()}

    def normal(movie: Pixels) -> Movie:
        return Movie(_tensor((movie.astype(np.float32) - mean) / sd), mean, sd, finite=True)

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
    groups: Sequence[int] | None = None,
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
    groups
        A number a block: all clips of the blocks with the same one have it,
        and are drawn for validation together. None: each clip by itself.

    Raises
    ------
    ProblemsError
        If the clips are longer than every block, or anything does not fit.
    """
    lengths = [len(train)] if blocks is None else blocks
    starts, breaks = tile(lengths, clip_length)
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
        clips=_clips(lengths, clip_length, groups),
        clip_length=clip_length,
        clip_starts=starts,
        breaks=breaks,
        neurons=neurons or {},
        recording=recording,
        path=path,
    )


def _clips(
    blocks: Sequence[int], clip_length: int, groups: Sequence[int] | None
) -> npt.NDArray[np.int64]:
    counts = np.asarray(blocks) // clip_length
    return np.arange(counts.sum()) if groups is None else np.repeat(np.asarray(groups), counts)


def _tensor(array: Pixels) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))


def _moments(movie: Pixels) -> tuple[float, float]:
    """Give mean and standard deviation of all values, a slice of the movie at a time."""
    if movie.dtype == np.uint8:
        counts = np.zeros(256, np.int64)
        for first in range(0, movie.shape[1], 4096):
            part = np.ascontiguousarray(movie[:, first : first + 4096])
            counts += np.bincount(part.reshape(-1), minlength=256)
        values = np.arange(256)
        mean = float(values @ counts / counts.sum())
        return mean, float(np.sqrt((values - mean) ** 2 @ counts / counts.sum())) or 1.0
    total = squares = 0.0
    for first in range(0, movie.shape[1], 4096):
        part = movie[:, first : first + 4096].astype(np.float64)
        total += float(part.sum())
        squares += float((part**2).sum())
    mean = total / movie.size
    variance = squares / movie.size - mean**2
    return mean, float(np.sqrt(variance)) if variance > 1e-12 * max(mean**2, 1) else 1.0
