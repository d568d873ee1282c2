"""openretina's functions over these loaders: its arguments, its containers, our batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from neuroai_core.errors import problems, strict_arguments
from retina_data.loaders import SessionLoader, session_loaders
from retina_data.movies import Movie, Stimulus
from retina_data.recordings import assemble
from retina_data.sessions import Recording, Session, Test
from retina_data.splits import draw_clips
from retina_data.train_test_splits import MoviesTrainTestSplit, ResponsesTrainTestSplit


@strict_arguments
def multiple_movies_dataloaders(
    neuron_data_dictionary: Mapping[str, Any],
    movies_dictionary: Mapping[str, Any],
    train_chunk_size: int = 50,
    batch_size: int = 32,
    seed: int = 42,
    clip_length: int = 100,
    num_val_clips: int = 10,
    val_clip_indices: Sequence[int] | None = None,
    allow_over_boundaries: bool = True,
) -> dict[str, dict[str, SessionLoader]]:
    """Make loaders for sessions with movies of their own.

    Parameters
    ----------
    neuron_data_dictionary
        `ResponsesTrainTestSplit` by session, ours or openretina's.
    movies_dictionary
        `MoviesTrainTestSplit` by session, ours or openretina's.
    train_chunk_size, batch_size, seed, clip_length, allow_over_boundaries
        As in `retina_data.session_loaders`.
    num_val_clips
        Clips for validation: exactly so many, drawn for each session.
    val_clip_indices
        Clips for validation, in place of drawing them.

    Returns
    -------
    ``{"train", "validation", <each test>}``, each a dict from session to loader.

    Raises
    ------
    InputError
        If a session does not have more clips than that.
    """
    sessions = sessions_from_splits(
        neuron_data_dictionary, movies_dictionary, clip_length=clip_length
    )
    clips: Any = val_clip_indices
    if clips is None:
        clips = {k: draw_clips(s, num_val_clips, seed=seed) for k, s in sessions.items()}
    return session_loaders(
        sessions,
        validation_clips=clips,
        batch_size=batch_size,
        chunk_size=train_chunk_size,
        seed=seed,
        allow_over_boundaries=allow_over_boundaries,
    )


def sessions_from_splits(
    responses: Mapping[str, Any], movies: Mapping[str, Any], *, clip_length: int
) -> dict[str, Session]:
    """Make sessions from openretina's containers, ours or its own.

    Raises
    ------
    ProblemsError
        Listing every session whose responses and movies do not match.
    """
    found = [f"{name}: only in the responses" for name in responses if name not in movies]
    found += [f"{name}: only in the movies" for name in movies if name not in responses]
    if found:
        raise problems("responses and movies are not of the same sessions", found)
    held: dict[int, Movie] = {}

    def shown(frames: Any, split: Any) -> Stimulus:
        if id(frames) not in held:
            tensor = frames if isinstance(frames, torch.Tensor) else np.asarray(frames)
            held[id(frames)] = Movie(tensor, split.norm_mean, split.norm_std)  # type: ignore[arg-type]
        return Stimulus.whole(held[id(frames)])

    sessions = {}
    for name, split in responses.items():
        movie = movies[name]
        split.check_matching_stimulus(movie)
        trials = split.test_by_trial_dict
        sessions[name] = assemble(
            name,
            train=shown(movie.train, movie),
            responses=np.asarray(split.train),
            tests={
                test: Test(shown(frames, movie), split.test_dict[test], trials.get(test))
                for test, frames in movie.test_dict.items()
            },
            clip_length=clip_length,
            recording=Recording(),
            path=getattr(split, "path", None),  # openretina's containers have none
        )
    return sessions


def train_test_splits(
    sessions: Mapping[str, Session],
) -> tuple[dict[str, ResponsesTrainTestSplit], dict[str, MoviesTrainTestSplit]]:
    """Give sessions as openretina's containers, responses and movies.

    Movies are laid out as they were shown, which takes the memory that the
    sessions save.
    """
    responses, movies = {}, {}
    for name, session in sessions.items():
        responses[name] = ResponsesTrainTestSplit(
            train=session.responses,
            test_dict={k: np.asarray(t.responses) for k, t in session.tests.items()},
            test_by_trial_dict={
                k: np.asarray(t.trials) for k, t in session.tests.items() if t.trials is not None
            },
            session_kwargs=dict(session.neurons),
            path=session.path,
        )
        movies[name] = MoviesTrainTestSplit(
            train=session.stimulus.dense().numpy(),
            test_dict={k: t.stimulus.dense().numpy() for k, t in session.tests.items()},
            norm_mean=session.stimulus.movie.mean,
            norm_std=session.stimulus.movie.sd,
            path=session.path,
        )
    return responses, movies
