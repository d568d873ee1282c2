"""The responses of Hoefling et al. 2024 on the frames of the stimulus."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import problems, strict_arguments
from retina_data.hoefling_2024.constants import (
    BAR_DIRECTIONS_DEG,
    BAR_FRAMES,
    BAR_S,
    CHIRP_FRAMES,
    CHIRP_S,
    CHIRP_TRIGGERS,
    CLIP_LENGTH,
    CLIP_S,
    REPEATS,
    TEST_CLIPS,
    Trace,
    test_blocks,
)
from retina_data.hoefling_2024.filters import Filters, filter_responses
from retina_data.hoefling_2024.traces import Traces, read_traces
from retina_data.repository import PathLike
from retina_data.train_test_splits import ResponsesTrainTestSplit

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.floating]


@strict_arguments
def get_all_responses(
    path: PathLike | None = None,
    *,
    trace: Trace = "spikes",
    filters: Filters | None = None,
    download: bool = True,
) -> dict[str, ResponsesTrainTestSplit]:
    """Read, filter and interpolate the responses to the natural movie.

    Parameters
    ----------
    path
        A folder with the files as published, or the file itself. None: the
        cache folder.
    trace
        ``"spikes"`` (inferred), ``"raw"``, ``"preprocessed"`` or
        ``"detrended"``.
    filters
        Which neurons are kept; by default as in the paper. What each
        criterion removed is logged.
    download
        Whether the file is fetched if it is not in the cache folder.

    Returns
    -------
    By session: ``train`` ``(neurons, 16200)`` in the order shown, ``test``
    ``(neurons, 750)``, single trials ``(3, neurons, 750)``, at 30 Hz, in
    units of the trace; the loaders divide by the training part's standard
    deviation. ``session_kwargs`` holds the eye, the sequence that was shown,
    and the neurons' types and places.

    Raises
    ------
    NotFoundError, ProblemsError, DataError
        If the file is not there, does not fit together, or is damaged.

    Examples
    --------
    >>> from retina_data.hoefling_2024 import write_synthetic
    >>> _ = write_synthetic("data", seed=0, n_clips=8, n_sessions=1)
    >>> responses = get_all_responses("data")
    >>> {name: split.train.shape for name, split in responses.items()}
    {'session_1_ventral1_20200101': (12, 1200)}
    """
    traces = read_traces(path, stimulus="natural", trace=trace, download=download)
    kept, report = filter_responses(traces, filters)
    for removed in report:
        log.info("%s: removed %d neurons", removed.criterion, removed.cells)
    return make_final_responses(kept)


def make_final_responses(sessions: Mapping[str, Traces]) -> dict[str, ResponsesTrainTestSplit]:
    """Interpolate traces to the frames of the natural movie, and part training and test.

    Parameters
    ----------
    sessions
        Traces recorded during the natural movie.

    Raises
    ------
    ProblemsError
        If a session does not have a trigger for each clip.
    """
    found = []
    for name, session in sessions.items():
        clips = len(session.triggers_s) - REPEATS * TEST_CLIPS
        if session.stimulus != "natural":
            found.append(f"{name}: these are responses to {session.stimulus!r}, not 'natural'")
        elif clips < 2 or clips % 2:
            found.append(
                f"{name}: {len(session.triggers_s)} triggers, 15 more than an even number "
                f"of training clips expected"
            )
    if found:
        where = next(iter(sessions.values())).path
        raise problems("these are no responses to the natural movie", found, path=where)
    return {name: _split(session) for name, session in sessions.items()}


def repeated_responses(session: Traces) -> Floats:
    """Give the responses to the repetitions of chirp or moving bar, at 30 Hz.

    Parameters
    ----------
    session
        Traces recorded during ``"chirp"`` or ``"mb"``.

    Returns
    -------
    ``(trials, neurons, time)``, as `retina_data.reliability` takes them: 990
    frames of a chirp; 8 times 123 of the bar, its directions in the order of
    `BAR_DIRECTIONS_DEG`.

    Raises
    ------
    ProblemsError
        If the triggers are not those of whole repetitions.
    """
    chirp = session.stimulus == "chirp"
    triggers = CHIRP_TRIGGERS if chirp else len(BAR_DIRECTIONS_DEG)
    count = len(session.triggers_s)
    if session.stimulus == "natural" or not count or count % triggers:
        raise problems(
            "these are no whole repetitions of chirp or moving bar",
            [f"stimulus {session.stimulus!r} with {count} triggers, {triggers} to a repetition"],
            path=session.path,
        )
    if chirp:
        starts = replace(session, triggers_s=session.triggers_s[::CHIRP_TRIGGERS])
        responses = interpolate(starts, duration_s=CHIRP_S, frames=CHIRP_FRAMES)
    else:
        responses = interpolate(session, duration_s=BAR_S, frames=BAR_FRAMES)
    neurons = len(responses)
    return responses.reshape(neurons, count // triggers, -1).transpose(1, 0, 2)


def interpolate(session: Traces, *, duration_s: float, frames: int) -> Floats:
    """Give the traces at the frames after each trigger, ``(neurons, triggers * frames)``."""
    at = np.linspace(session.triggers_s, session.triggers_s + duration_s, frames, axis=1).reshape(
        -1
    )
    return np.stack(
        [
            np.interp(at, times, trace)
            for times, trace in zip(session.times_s, session.traces, strict=True)
        ]
    )


def _split(session: Traces) -> ResponsesTrainTestSplit:
    responses = interpolate(session, duration_s=CLIP_S, frames=CLIP_LENGTH)
    neurons, clips = len(responses), len(session.triggers_s)
    by_clip = responses.reshape(neurons, clips, CLIP_LENGTH)
    blocks = np.array(test_blocks(clips - REPEATS * TEST_CLIPS))
    test_clips = blocks[:, np.newaxis] + np.arange(TEST_CLIPS)
    trials = by_clip[:, test_clips].reshape(neurons, REPEATS, -1).transpose(1, 0, 2)
    train = np.delete(by_clip, test_clips.reshape(-1), axis=1).reshape(neurons, -1)
    return ResponsesTrainTestSplit(
        train=train,
        test=trials.mean(axis=0),
        test_by_trial=trials,
        stim_id="natural",
        session_kwargs={
            "eye": session.eye,
            "scan_sequence_idx": session.sequence,
            "roi_mask": session.roi_mask,
            **session.neurons,
        },
        path=session.path,
    )
