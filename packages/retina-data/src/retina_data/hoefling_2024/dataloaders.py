"""Loaders for the natural movie of Hoefling et al. 2024."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neuroai_core.errors import problems, strict_arguments
from retina_data.hoefling_2024.constants import (
    CLIP_LENGTH,
    PIXELS_UM,
    RECORDING,
    SIZES,
    VALIDATION_CLIPS,
)
from retina_data.loaders import SessionLoader, session_loaders
from retina_data.movies import Movie, Stimulus
from retina_data.sessions import Session, Test

NOT_NEURONS = ("eye", "scan_sequence_idx", "roi_mask")


@strict_arguments
def natmov_dataloaders_v2(
    neuron_data_dictionary: Mapping[str, Any],
    movies_dictionary: Any,
    validation_clip_indices: Sequence[int] = VALIDATION_CLIPS,
    train_chunk_size: int = 50,
    batch_size: int = 32,
    num_clips: int | None = None,
    clip_length: int = CLIP_LENGTH,
    allow_over_boundaries: bool = True,
    *,
    seed: int = 0,
    normalize_responses: bool = True,
    num_workers: int = 0,
) -> dict[str, dict[str, SessionLoader]]:
    """Make training, validation and test loaders for the natural movie.

    Parameters
    ----------
    neuron_data_dictionary
        Responses by session, as `get_all_responses` gives them.
    movies_dictionary
        The movies, as `get_all_movies` gives them.
    validation_clip_indices
        Clips for validation, wherever they were shown.
    train_chunk_size
        Frames of a training chunk.
    batch_size
        Chunks in a batch.
    num_clips
        Clips of the training movie; by default as many as it has.
    clip_length
        Frames of a clip.
    allow_over_boundaries
        Whether a chunk may go on into the next clip that was really shown
        after it. None ever crosses where a validation or test clip stood.
    seed
        With epoch and session it decides offsets and order of the chunks.
    normalize_responses
        Divide each neuron's responses by their standard deviation over the
        training frames.
    num_workers
        Worker processes of each loader.

    Returns
    -------
    ``{"train", "validation", "test"}``, each a dict from session to loader.
    Batches unpack as ``inputs`` ``(batch, 2, time, height, width)`` and
    ``targets`` ``(batch, time, neurons)``.

    Examples
    --------
    >>> from retina_data.hoefling_2024 import *
    >>> _ = write_synthetic("data", seed=0, n_clips=8, n_sessions=1)
    >>> loaders = natmov_dataloaders_v2(
    ...     neuron_data_dictionary=get_all_responses("data"),
    ...     movies_dictionary=get_all_movies("data"),
    ...     validation_clip_indices=[0, 1], batch_size=4)
    >>> inputs, targets = next(iter(loaders["train"]["session_1_ventral1_20200101"]))
    >>> tuple(inputs.shape), tuple(targets.shape)
    ((4, 2, 50, 18, 16), (4, 50, 12))
    """
    sessions = natmov_sessions(
        neuron_data_dictionary, movies_dictionary, num_clips=num_clips, clip_length=clip_length
    )
    return session_loaders(
        sessions,
        validation_clips=validation_clip_indices,
        chunk_size=train_chunk_size,
        batch_size=batch_size,
        seed=seed,
        allow_over_boundaries=allow_over_boundaries,
        normalize_responses=normalize_responses,
        num_workers=num_workers,
    )


def natmov_sessions(
    responses: Mapping[str, Any],
    movies: Any,
    *,
    num_clips: int | None = None,
    clip_length: int = CLIP_LENGTH,
) -> dict[str, Session]:
    """Put responses and movies together: every session shows the same unique clips.

    Parameters
    ----------
    responses, movies
        As `get_all_responses` and `get_all_movies` give them.
    num_clips
        Clips of the training movie; by default as many as it has.
    clip_length
        Frames of a clip.
    """
    clips = movies.train.shape[1] // clip_length if num_clips is None else num_clips
    sequences = movies.random_sequences
    if sequences is None:
        sequences = np.arange(clips)[:, np.newaxis]
    sequences = np.asarray(sequences).astype(np.int64)
    found = _problems(responses, movies, sequences, clips, clip_length)
    if found:
        paths = [getattr(split, "path", None) for split in responses.values()]
        where = next((path for path in paths if path is not None), None)
        raise problems("responses and movies do not fit together", found, path=where)
    train, test = (
        Movie(frames, mean=movies.norm_mean, sd=movies.norm_std)
        for frames in (movies.train, movies.test_movie)
    )
    size = movies.train.shape[2:]
    pixels = {SIZES[r]: PIXELS_UM[r] for r in SIZES}
    recording = replace(RECORDING, pixel_um=pixels.get(size))
    return {
        name: _session(name, split, train, test, sequences, clip_length, recording)
        for name, split in responses.items()
    }


def _problems(
    responses: Mapping[str, Any],
    movies: Any,
    sequences: np.ndarray[Any, Any],
    clips: int,
    clip_length: int,
) -> list[str]:
    frames = movies.train.shape[1]
    found = []
    if clips * clip_length != frames or len(sequences) != clips:
        found.append(
            f"movie: {frames} frames, {len(sequences)} clips in the sequences; expected {clips} "
            f"clips of {clip_length} frames"
        )
    for name, split in responses.items():
        if split.stim_id not in (None, "natural"):
            found.append(f"{name}: responses to {split.stim_id!r}, not 'natural'")
        if split.train.shape[1] != frames:
            found.append(f"{name}: {split.train.shape[1]} training values for {frames} frames")
        index = split.session_kwargs.get("scan_sequence_idx")
        if index is not None and not 0 <= index < sequences.shape[1]:
            found.append(f"{name}: sequence {index} of {sequences.shape[1]}")
    return found


def _session(
    name: str,
    split: Any,
    train: Movie,
    test: Movie,
    sequences: np.ndarray[Any, Any],
    clip_length: int,
    recording: Any,
) -> Session:
    about = split.session_kwargs
    flip = about.get("eye") == "left"
    index = about.get("scan_sequence_idx")
    shown = np.arange(len(sequences)) if index is None else sequences[:, int(index)]
    order = (shown[:, np.newaxis] * clip_length + np.arange(clip_length)).reshape(-1)
    order = order.astype(np.int32)
    trials = split.test_by_trial
    return Session(
        name=name,
        stimulus=Stimulus(train, order, flip),
        responses=split.train,
        tests={"test": Test(Stimulus.whole(test, flip), split.test_response, trials)},
        clips=shown,
        clip_length=clip_length,
        # The second showing of the test movie stands in the middle.
        breaks=(len(order) // 2,),
        neurons={k: np.asarray(v) for k, v in about.items() if k not in NOT_NEURONS},
        recording=recording,
        path=getattr(split, "path", None),  # openretina's containers have none
    )
