"""Which stretches of a session a model may train on, and which clips validate it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from neuroai_core import rng
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
    shown = [session.starts[session.clips == clip] for clip in clips]
    return np.concatenate([np.zeros(0, np.int64), *shown]).astype(np.int64)


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
        cuts[session.starts] = cuts[session.starts + length] = True
    edges = np.flatnonzero(cuts)
    stretches = np.stack([edges[:-1], edges[1:]], axis=1)
    return stretches[~out[stretches[:, 0]]]


def draw_validation_clips(session: Session, *, fraction: float, seed: int = 0) -> list[int]:
    """Draw clips for validation, as a function of seed and session alone.

    Parameters
    ----------
    session
        The session.
    fraction
        Of its different clips; one at least.
    seed
        The seed.
    """
    if not 0 < fraction < 1:
        raise InputError(
            "this is no fraction", key="fraction", expected="between 0 and 1", found=fraction
        )
    return draw_clips(session, max(1, round(fraction * len(np.unique(session.clips)))), seed=seed)


def draw_clips(session: Session, count: int, *, seed: int = 0) -> list[int]:
    """Draw so many of a session's different clips, as a function of seed and session alone.

    Raises
    ------
    InputError
        If none would be left for training.
    """
    known = np.unique(session.clips)
    if not 1 <= count < len(known):
        raise InputError(
            f"so many validation clips cannot be drawn in session {session.name!r}",
            path=session.path,
            expected=f"1 to {len(known) - 1} of its {len(known)} clips",
            found=count,
        )
    drawn = rng.generator(seed, session.name, "validation").permutation(known)[:count]
    return sorted(int(clip) for clip in drawn)


def tile(blocks: Sequence[int], clip_length: int) -> tuple[Stretches, tuple[int, ...]]:
    """Part blocks of presentation into clips.

    What is left of a block after its last whole clip belongs to no clip; a
    model still trains on it.

    Parameters
    ----------
    blocks
        Frames of each block, shown with a pause between them.
    clip_length
        Frames of a clip.

    Returns
    -------
    When each clip begins, and when each block but the first does.

    Examples
    --------
    >>> starts, breaks = tile([7, 4], 3)
    >>> starts.tolist(), breaks
    ([0, 3, 7], (7,))
    """
    begins = np.cumsum([0, *blocks[:-1]])
    starts = [
        int(begin) + i * clip_length
        for begin, length in zip(begins, blocks, strict=True)
        for i in range(length // clip_length)
    ]
    return np.array(starts, dtype=np.int64), tuple(int(b) for b in begins[1:])
