"""Which stretches of a session a model may train on, and which clips validate it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import InputError
from retina_data.sessions import Session

Stretches = npt.NDArray[np.int64]


def check_validation_clips(clips: Sequence[int], known: Iterable[int]) -> None:
    """Raise `InputError` if a validation clip is listed twice or does not exist."""
    names = {int(k) for k in known}
    strange = [c for c in clips if int(c) not in names]
    if strange or len(set(clips)) < len(clips) or not names - set(map(int, clips)):
        raise InputError(
            "these clips cannot be for validation",
            key="validation_clip_indices",
            expected=f"different ones of the {len(names)} clips from {min(names)} to "
            f"{max(names)}, not all of them",
            found=list(clips),
        )


def validation_starts(session: Session, clips: Sequence[int]) -> npt.NDArray[np.int64]:
    """Give the times at which the validation clips were shown, in the order of `clips`.

    A clip that was shown more than once gives all its times.
    """
    shown = [np.flatnonzero(session.clips == clip) for clip in clips]
    where = np.concatenate([np.zeros(0, np.int64), *shown])
    return (where * session.clip_length).astype(np.int64)


def training_stretches(
    session: Session, validation: Sequence[int], *, over_boundaries: bool
) -> Stretches:
    """Give the longest stretches of what was really shown without a break.

    A stretch ends where a validation clip begins and where the presentation
    was interrupted, so a chunk from inside one shows history that was.

    Parameters
    ----------
    session
        The session.
    validation
        Clips that are left out, wherever they were shown.
    over_boundaries
        Whether a stretch may go on from one clip to the next.

    Returns
    -------
    int64 array of shape ``(stretches, 2)``: first frame, and the one after the last.
    """
    time, length = len(session.stimulus), session.clip_length
    out = np.zeros(time, dtype=bool)
    for start in validation_starts(session, validation):
        out[start : start + length] = True
    cuts = np.zeros(time + 1, dtype=bool)
    cuts[[0, time, *session.breaks]] = True
    cuts[1:time] |= out[1:] != out[:-1]
    if not over_boundaries:
        cuts[: len(session.clips) * length + 1 : length] = True
    edges = np.flatnonzero(cuts)
    stretches = np.stack([edges[:-1], edges[1:]], axis=1)
    return stretches[~out[stretches[:, 0]]]
