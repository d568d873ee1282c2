"""Sessions and loaders of Sridhar et al. 2025."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neuroai_core.errors import NotFoundError, check_known, strict_arguments
from retina_data.datasets import check_options, session_dataloaders
from retina_data.loaders import SessionLoader
from retina_data.movies import Stimulus
from retina_data.recordings import assemble
from retina_data.repository import PathLike, folder
from retina_data.sessions import Session, Test
from retina_data.sridhar_2025 import files, natural_movie, white_noise
from retina_data.sridhar_2025.constants import (
    CLIP_LENGTH,
    FOLDER,
    RECORDING,
    RESPONSES,
    SAME,
    SESSIONS,
    StimulusName,
)
from retina_data.sridhar_2025.files import Arrays


def get_sridhar_dataloaders(
    batch_size: int = 32,
    download: bool = True,
    *,
    path: PathLike | None = None,
    stimulus: StimulusName = "natural_movie",
    **options: Any,
) -> dict[str, dict[str, SessionLoader]]:
    """Make training, validation and test loaders.

    Parameters
    ----------
    batch_size
        Chunks in a batch.
    download
        Whether files that are not in the cache folder are fetched.
    path
        A folder with the published files (archives, or what they hold), in
        place of the cache folder.
    stimulus
        ``"natural_movie"`` or ``"whitenoise"``.
    **options
        For `retina_data.datasets.session_dataloaders`. Validation is drawn by
        whole trials; trials that show the same stay together.

    Returns
    -------
    ``{"train", "validation", "test"}``, each a dict from session to loader.
    Inputs are ``(batch, 1, time, 80, 90)``, targets ``(batch, time, neurons)``,
    spikes a frame.
    """
    check_options(get_sridhar_dataloaders, options)
    sessions = read_sessions(path, stimulus=stimulus, download=download)
    options = {"validation_fraction": 0.2, **options}
    return session_dataloaders(sessions, batch_size=batch_size, **options)


@strict_arguments
def read_sessions(
    path: PathLike | None = None,
    *,
    stimulus: StimulusName = "natural_movie",
    clip_length: int = CLIP_LENGTH,
    download: bool = False,
) -> dict[str, Session]:
    """Read all sessions.

    The clips of a trial, and of the trial that repeats it, have one number:
    they are in one split.

    Parameters
    ----------
    path, stimulus, download
        As in `get_sridhar_dataloaders`.
    clip_length
        Frames of a validation sample.

    Raises
    ------
    NotFoundError, DataError, ProblemsError
        If files are not there, damaged, or do not fit together.
    """
    check_known("stimulus", [stimulus], SESSIONS)
    root = folder(f"{FOLDER}/{stimulus}", path, fetch_as="sridhar_2025", download=download)
    sessions = {}
    for name in SESSIONS[stimulus]:
        file = files.find(root, f"cell_responses_{name}_{RESPONSES[stimulus]}.pkl")
        if file is not None:
            data = files.responses(name, file)
            of = natural_movie if stimulus == "natural_movie" else white_noise
            train, test = of.shown(name, root, data)
            sessions[name] = _session(name, train, test, data, clip_length, file)
    if not sessions:
        raise NotFoundError(f"there is no session with {stimulus}", path=root)
    return sessions


def _session(
    name: str, train: Stimulus, test: Stimulus, data: Arrays, clip_length: int, path: Path
) -> Session:
    trials = data["test_responses"].transpose(2, 0, 1)
    neurons, time, count = data["train_responses"].shape
    return assemble(
        name,
        train=train,
        responses=data["train_responses"].transpose(0, 2, 1).reshape(neurons, -1),
        tests={"test": Test(test, trials.mean(axis=0), trials)},
        clip_length=min(clip_length, time),
        blocks=[time] * count,
        groups=[SAME.get(i, i) for i in range(count)],
        recording=RECORDING,
        path=path,
    )
