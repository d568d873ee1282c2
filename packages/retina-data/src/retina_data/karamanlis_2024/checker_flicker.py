"""The frozen checker flicker: black and white checkers, each redrawn in each frame by ``ran1``.

The file holds the counts of the running stretches, for which the stream of random numbers goes
on from trial to trial, and of the frozen ones, which are the same in every trial; the checkers
themselves follow from the seeds and the size of the board in ``stimPara``. In a frame, checkers
are drawn column by column, each from the top down.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from rich.progress import track

from neuroai_core.errors import problems
from retina_data import hdf5, matlab
from retina_data.karamanlis_2024.constants import SCREEN, SIZE
from retina_data.movies import Movie, Stimulus
from retina_data.ran1 import Ran1
from retina_data.recordings import assemble
from retina_data.repository import converted
from retina_data.sessions import Recording, Session, Test

FIELDS = ("Nx", "Ny", "RunningFrames", "FrozenFrames", "seed", "secondseed")
#: Axes of the counts, as h5py reads them: (trials, time, neurons).
AXES = {"runningbin": 3, "frozenbin": 3}
#: Boards that are drawn at once.
PIECE = 100


def session(name: str, path: Path, recording: Recording, clip_length: int) -> Session:
    """Read the frozen checker flicker of a session."""
    with hdf5.opened(path) as file:
        data = hdf5.read(file, AXES)
        about, found = matlab.numbers(file.get("stimPara"), FIELDS, "stimPara")
        coloured = matlab.number(file.get("stimPara"), "color")
        width = matlab.number(file.get("stimPara"), "stixelwidth")
    running, frozen = (data[key].transpose(0, 2, 1).astype(np.float32) for key in AXES)
    if coloured:
        found.append("stimPara/color: coloured checkers are not supported")
    for trials, key, field in (
        (running, "runningbin", "RunningFrames"),
        (frozen, "frozenbin", "FrozenFrames"),
    ):
        if trials.shape[2] != about.get(field, trials.shape[2]):
            found.append(f"{key}: {trials.shape[2]} frames, stimPara/{field} {about[field]}")
    if running.shape[1] != frozen.shape[1]:
        found.append(f"runningbin: {running.shape[1]} neurons, frozenbin {frozen.shape[1]}")
    if found:
        raise problems(f"session {name!r} does not fit together", found, path=path)
    blocks, neurons, time = running.shape
    pixel_um = recording.pixel_um and width and recording.pixel_um * SIZE[0] / SCREEN[0] * width
    board = about["Ny"], about["Nx"]

    def draw(_: Path, target: Path) -> None:
        write_boards(target, about["seed"], blocks * time, board)

    drawn = np.load(converted(path, "checkers-v1.npy", draw), mmap_mode="c")
    test = boards(Ran1(about["secondseed"]), frozen.shape[2], board)
    return assemble(
        name,
        train=Stimulus.whole(_movie(drawn)),
        responses=running.transpose(1, 0, 2).reshape(neurons, blocks * time),
        tests={"test": Test(Stimulus.whole(_movie(test)), frozen.mean(axis=0), frozen)},
        clip_length=clip_length,
        blocks=[time] * blocks,
        recording=replace(recording, pixel_um=pixel_um),
        path=path,
    )


def boards(stream: Ran1, frames: int, board: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Draw the next boards of a stream.

    Returns
    -------
    uint8 array of shape ``(frames, height, width)``, 1 where a checker is white.
    """
    height, width = board
    drawn = stream.bits(frames * height * width).reshape(frames, width, height)
    return np.ascontiguousarray(drawn.transpose(0, 2, 1)).astype(np.uint8)


def write_boards(target: Path, seed: int, frames: int, board: tuple[int, int]) -> None:
    """Write the boards of a seed as ``.npy``, a piece at a time.

    Each random number chooses where the next one comes from, so they cannot be
    drawn at once, and a long recording takes minutes: a terminal shows how far.
    """
    stream = Ran1(seed)
    packed = np.lib.format.open_memmap(target, mode="w+", dtype=np.uint8, shape=(frames, *board))
    console = Console(stderr=True)
    pieces = track(
        range(0, frames, PIECE),
        f"drawing {frames} checker boards, once",
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    for first in pieces:
        packed[first : first + PIECE] = boards(stream, min(PIECE, frames - first), board)
    packed.flush()


def _movie(drawn: npt.NDArray[np.uint8]) -> Movie:
    """Hold boards of 0 and 1 that come out as -1 and 1."""
    return Movie(torch.from_numpy(drawn[np.newaxis]), mean=0.5, sd=0.5, encoded=True)
