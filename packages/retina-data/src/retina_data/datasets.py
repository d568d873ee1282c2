"""Loaders for sessions whose validation clips are drawn."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from neuroai_core.errors import InputError, reject_unknown, strict_arguments
from retina_data.loaders import SessionLoader, session_loaders
from retina_data.sessions import Session
from retina_data.splits import draw_validation_clips


@strict_arguments
def session_dataloaders(
    sessions: Mapping[str, Session],
    *,
    batch_size: int = 32,
    chunk_size: int = 50,
    validation_fraction: float = 0.1,
    validation_clips: Sequence[int] | None = None,
    seed: int = 0,
    allow_over_boundaries: bool = True,
    normalize_responses: bool = False,
    drop_last: bool = True,
    num_workers: int = 0,
    stored: bool = False,
) -> dict[str, dict[str, SessionLoader]]:
    """Make loaders, with validation clips drawn for each session.

    Parameters
    ----------
    sessions
        By their names.
    batch_size, chunk_size, seed, allow_over_boundaries, normalize_responses, drop_last
        As in `retina_data.session_loaders`.
    num_workers, stored
        As there.
    validation_fraction
        Of each session's clips.
    validation_clips
        Clips for validation, the same in all sessions, in place of drawing.
    """
    if not sessions:
        raise InputError("there are no sessions", key="sessions")
    clips: Any = validation_clips
    if clips is None:
        clips = {
            name: draw_validation_clips(session, fraction=validation_fraction, seed=seed)
            for name, session in sessions.items()
        }
    return session_loaders(
        sessions,
        validation_clips=clips,
        chunk_size=chunk_size,
        batch_size=batch_size,
        seed=seed,
        allow_over_boundaries=allow_over_boundaries,
        normalize_responses=normalize_responses,
        drop_last=drop_last,
        num_workers=num_workers,
        stored=stored,
    )


def check_options(function: Callable[..., Any], options: Mapping[str, object]) -> None:
    """Raise for an option that neither `function` nor `session_dataloaders` takes.

    Raises
    ------
    UnknownArgumentError
        With the name that was meant.
    """
    known = {
        name: parameter
        for of in (function, session_dataloaders)
        for name, parameter in inspect.signature(of).parameters.items()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD and name != "sessions"
    }
    reject_unknown(function.__qualname__, options, known)
