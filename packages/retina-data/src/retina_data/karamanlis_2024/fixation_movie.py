"""The fixation movie: natural images moved by eye movements."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import problems
from retina_data import hdf5
from retina_data.karamanlis_2024 import fixations, screen
from retina_data.karamanlis_2024.constants import SCREEN, SIZE
from retina_data.movies import Stimulus
from retina_data.recordings import assemble
from retina_data.repository import converted
from retina_data.sessions import Recording, Session, Test

#: Axes of each array in a file, as h5py reads them.
AXES = {
    "frozenbin": 3,  # (trials, time, neurons)
    "runningbin": 3,  # (blocks, time, neurons)
    "frozenImages": 3,  # (images, x, y)
    "runningImages": 3,
    "frozenfixations": 2,  # (time, 3): image from 1, x, y
    "runningfixations": 3,  # (blocks, time, 3)
}

Arrays = dict[str, npt.NDArray[Any]]


def session(name: str, path: Path, recording: Recording, clip_length: int) -> Session:
    """Read the fixation movie of a session; each different fixation is drawn and held once."""
    with hdf5.opened(path) as file:
        data = hdf5.read(file, AXES)
    found = _problems(data)
    if found:
        raise problems(f"session {name!r} does not fit together", found, path=path)
    blocks, time = data["runningfixations"].shape[:2]
    drawn = np.load(converted(path, "fixations-v2.npz", lambda _, target: _draw(data, target)))
    train, test = (
        Stimulus(screen.movie(frames, float(drawn["mean"]), float(drawn["sd"])), order)
        for frames, order in (
            (drawn["running"], drawn["running_order"]),
            (drawn["frozen"], drawn["frozen_order"]),
        )
    )
    trials = data["frozenbin"].transpose(0, 2, 1).astype(np.float32)
    return assemble(
        name,
        train=train,
        responses=data["runningbin"].transpose(2, 0, 1).reshape(-1, blocks * time),
        tests={"test": Test(test, trials.mean(axis=0), trials)},
        clip_length=clip_length,
        blocks=[time] * blocks,
        recording=recording,
        path=path,
    )


def _problems(data: Arrays) -> list[str]:
    found = []
    for part in ("running", "frozen"):
        shown, images = data[f"{part}fixations"], data[f"{part}Images"]
        if shown.shape[-1] != 3:
            found.append(f"{part}fixations: shape {shown.shape}, not (..., time, 3)")
        elif not 1 <= shown[..., 0].min() <= shown[..., 0].max() <= len(images):
            found.append(f"{part}fixations: images outside 1 to {len(images)}")
        if data[f"{part}bin"].shape[1] != shown.shape[-2]:
            found.append(
                f"{part}bin: shape {data[f'{part}bin'].shape}, {part}fixations {shown.shape}"
            )
    if data["runningbin"].shape[0] != data["runningfixations"].shape[0]:
        found.append(
            f"runningbin: {len(data['runningbin'])} blocks, "
            f"runningfixations {len(data['runningfixations'])}"
        )
    if data["runningbin"].shape[2] != data["frozenbin"].shape[2]:
        found.append(
            f"runningbin: {data['runningbin'].shape[2]} neurons, "
            f"frozenbin {data['frozenbin'].shape[2]}"
        )
    return found


def _draw(data: Arrays, target: Path) -> None:
    """Draw each different fixation once, normalised by what was shown in training."""
    arrays: Arrays = {}
    for part in ("running", "frozen"):
        shown = data[f"{part}fixations"].reshape(-1, 3).astype(np.int64)
        different, order = fixations.unique_frames(shown)
        images = data[f"{part}Images"].transpose(0, 2, 1)  # to (images, y, x)
        arrays[part] = fixations.show(images, different, size=SIZE, screen=SCREEN)
        arrays[f"{part}_order"] = order
    arrays["running"], mean, sd = screen.normalized(arrays["running"], arrays["running_order"])
    arrays["frozen"] = np.asarray((arrays["frozen"] - mean) / sd, np.float32)
    with open(target, "wb") as file:
        np.savez(file, mean=mean, sd=sd, **arrays)  # type: ignore[arg-type]  # all have names
