"""Synthetic recordings in the layout of Karamanlis et al. 2024."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from neuroai_core import rng
from neuroai_core.errors import InputError, check_known, strict_arguments
from retina_data import hdf5, matlab
from retina_data.karamanlis_2024 import checker_flicker, fixations, screen
from retina_data.karamanlis_2024.constants import (
    CLIP_LENGTH,
    FOLDER,
    PIXEL_UM,
    RATES_HZ,
    SCREEN,
    SIZE,
    Species,
    StimulusName,
)
from retina_data.planted import Planted, noise_movie, plant, spikes
from retina_data.ran1 import Ran1
from retina_data.repository import PathLike

#: Checkers of the board, their pixels, and the seeds of running and frozen stretches.
BOARD, CHECKER_PX, SEEDS = (30, 40), 20, (-10000, -20000)
#: Presentations of each flashed image.
PRESENTATIONS = 3

Arrays = dict[str, Any]


@strict_arguments
def write_synthetic(
    path: PathLike,
    seed: int = 0,
    *,
    species: Species = "mouse",
    stimulus: StimulusName = "fixationmovie",
    n_sessions: int = 1,
    n_neurons: int = 6,
    n_blocks: int = 20,
    n_frames: int = 300,
    n_trials: int = 8,
    n_images: int | None = None,
) -> dict[str, Planted]:
    """Write a small data set in the published layout, with known receptive fields.

    Parameters
    ----------
    path
        Folder to write to.
    seed
        It decides everything but the checkers and the order of gratings, which
        follow from the seeds in the files.
    species
        In the folders' names.
    stimulus
        Which is written; see `read_sessions`.
    n_sessions, n_neurons
        Sizes.
    n_blocks, n_frames, n_trials
        Sizes of a movie; a running stretch and a frozen one have `n_frames`.
    n_images
        Images of the fixation movie (20), gratings (600), flashed images
        (400) or gratings (1500).

    Returns
    -------
    What was planted, by session, on the frames that the loaders give.
    """
    check_known("species", [species], RATES_HZ)
    check_known("stimulus", [stimulus], get_args(StimulusName))
    if n_frames < CLIP_LENGTH:
        raise InputError(
            "a block is shorter than a clip",
            key="n_frames",
            expected=f"{CLIP_LENGTH} or more",
            found=n_frames,
        )
    planted = {}
    for i in range(n_sessions):
        name = f"2022030{i + 1}_252MEA_{species}_left_s{i + 1}"
        target = Path(path) / FOLDER / name / f"{i + 1}_{stimulus}_data.mat"
        flashed = stimulus in ("imagesequence", "gratingflashes")
        size = BOARD if stimulus == "frozencheckerflicker" else SIZE
        cells = plant(n_neurons, size=size, lags=1 if flashed else 20, peak=5, seed=seed, name=name)
        sizes = (n_blocks, n_frames, n_trials, n_images or IMAGES.get(stimulus, 0))
        data = WRITERS[stimulus](cells, seed, name, sizes)
        with hdf5.created(target) as file:
            matlab.write(file, data)
        with hdf5.created(target.parent / "expdata.mat") as file:
            projector = {"refreshrate": RATES_HZ[species], "pixelsize": PIXEL_UM * 1e-6}
            matlab.write(file, {"projector": projector})
        planted[name] = cells
    return planted


Sizes = tuple[int, int, int, int]


def _fixation_movie(cells: Planted, seed: int, name: str, sizes: Sizes) -> Arrays:
    n_blocks, n_frames, n_trials, n_images = sizes
    random = rng.generator(seed, name, "fixations")
    data: Arrays = {}
    movies = {}
    for part, blocks in (("running", n_blocks), ("frozen", 1)):
        noise = noise_movie(n_images, size=(900, 1100), grain=45, seed=seed, name=name + part)
        images = np.clip(128 + 50 * noise[0], 0, 255).astype(np.uint8)
        # Another fixation in every frame: slow ones would hide the time courses.
        image = random.integers(1, n_images + 1, (blocks, n_frames, 1))
        centre = random.integers([420, 320], [680, 580], (blocks, n_frames, 2))
        shown = np.concatenate([image, centre], axis=2)
        frames = fixations.show(images, shown.reshape(-1, 3), size=SIZE, screen=SCREEN)
        movies[part] = ((frames - 128) / 50).reshape(blocks, n_frames, *SIZE)
        data[f"{part}Images"] = images.transpose(1, 2, 0)
        data[f"{part}fixations"] = (shown if part == "running" else shown[0]).astype(float).T
    return data | _counts(cells, movies["running"], movies["frozen"][0], n_trials, seed, name)


def _counts(
    cells: Planted,
    running: npt.NDArray[np.floating],
    frozen: npt.NDArray[np.floating],
    trials: int,
    seed: int,
    name: str,
) -> Arrays:
    """Draw responses to blocks ``(blocks, time, height, width)``: (cells, frames, blocks)."""
    rates = np.stack([2 * cells.rates(block[np.newaxis]) for block in running], axis=-1)
    expected = 2 * cells.rates(frozen[np.newaxis])
    repeats = [spikes(expected, seed, name, "frozen", trial) for trial in range(trials)]
    return {
        "runningbin": spikes(rates, seed, name, "running").astype(float),
        "frozenbin": np.stack(repeats, axis=-1).astype(float),
    }


def _checker_flicker(cells: Planted, seed: int, name: str, sizes: Sizes) -> Arrays:
    n_blocks, n_frames, n_trials, _ = sizes
    running = checker_flicker.boards(Ran1(SEEDS[0]), n_blocks * n_frames, BOARD)
    frozen = checker_flicker.boards(Ran1(SEEDS[1]), n_frames, BOARD)
    blocks = running.reshape(n_blocks, n_frames, *BOARD) * 2.0 - 1
    centres = [(np.arange(n) + 0.5) * CHECKER_PX + 0.5 for n in BOARD]
    return {
        **_counts(cells, blocks, frozen * 2.0 - 1, n_trials, seed, name),
        "stimPara": {
            "Nx": BOARD[1], "Ny": BOARD[0], "RunningFrames": n_frames, "FrozenFrames": n_frames,
            "seed": SEEDS[0], "secondseed": SEEDS[1],
            "stixelwidth": CHECKER_PX, "stixelheight": CHECKER_PX,
        },
        "spaceVecX": centres[1],
        "spaceVecY": centres[0],
    }  # fmt: skip


def _table(seed: int, name: str, count: int) -> npt.NDArray[np.float64]:
    """Draw gratings ``(count, 3)`` of all frequencies that the fields see, and all phases."""
    random = rng.generator(seed, name, "gratings")
    cycles = 0.012 * np.sqrt(random.uniform(0.001, 1, count))
    return np.stack([cycles, *random.uniform(0, 2 * np.pi, (2, count))], axis=1)


def _grating_flicker(cells: Planted, seed: int, name: str, sizes: Sizes) -> Arrays:
    n_blocks, n_frames, _, n_gratings = sizes  # a frozen stretch after each running one
    table = _table(seed, name, n_gratings)
    frames = np.sqrt(2) * screen.gratings(table)
    stream = Ran1(SEEDS[0])
    orders = [stream.integers(n_frames, n_gratings) for _ in range(n_blocks)]
    frozen = frames[Ran1(SEEDS[1]).integers(n_frames, n_gratings)]
    counts = _counts(cells, frames[np.stack(orders)], frozen, n_blocks, seed, name)
    # One recording: a running stretch and a frozen one in turn.
    both = np.concatenate([counts["runningbin"], counts["frozenbin"]], axis=1)
    lags = cells.time.shape[1]
    windows = np.lib.stride_tricks.sliding_window_view(orders[0] + 1, lags)
    return {
        "stiminfo": table,
        "spX": np.arange(SCREEN[1]) + 0.5,
        "spY": np.arange(SCREEN[0]) + 0.5,
        "orderfit": windows.T.astype(np.uint16),
        "rawdata": [
            {
                "spikesbin": both.transpose(0, 2, 1).reshape(len(both), -1),
                "stimPara": {
                    "RunningFrames": n_frames, "FrozenFrames": n_frames, "seed": SEEDS[0],
                    "secondseed": SEEDS[1], "lmargin": 0, "bmargin": 0,
                },
            }
        ],
    }  # fmt: skip


def _presented(cells: Planted, seed: int, name: str, frames: npt.NDArray[np.floating]) -> Arrays:
    order = np.concatenate(
        [
            rng.generator(seed, name, "order", i).permutation(len(frames))
            for i in range(PRESENTATIONS)
        ]
    )
    rates = 12 * cells.rates(frames[np.newaxis])[:, order]  # a flash lasts many frames
    return {
        "presentOrder": order + 1.0,
        "trialCounts": spikes(rates, seed, name, "flashes").astype(float),
    }


def _image_sequence(cells: Planted, seed: int, name: str, sizes: Sizes) -> Arrays:
    images = _smooth_images(sizes[3], seed, name)
    return {
        **_presented(cells, seed, name, screen.centred(images, 127.5)),
        "imageEnsemble": images.transpose(1, 2, 0),
        "isartificial": np.zeros(len(images), np.uint8),
        "rawdata": {"stimPara": {"backgroundIntensity": 0.5}},
    }


def _smooth_images(count: int, seed: int, name: str) -> npt.NDArray[np.uint8]:
    """Draw images of slow waves in all directions, ``(count, 480, 640)``."""
    waves = rng.generator(seed, name, "images").standard_normal((count, 8, 10), np.float32)
    rows, columns = (
        np.cos(np.pi * np.outer(np.arange(n), np.arange(k)) / n).astype(np.float32)
        for n, k in ((480, 8), (640, 10))
    )
    images = np.empty((count, 480, 640), np.uint8)
    for image, wave in zip(images, waves, strict=True):
        image[:] = np.clip(128 + 9 * (rows @ wave @ columns.T), 0, 255)
    return images


def _grating_flashes(cells: Planted, seed: int, name: str, sizes: Sizes) -> Arrays:
    table = _table(seed, name, sizes[3])
    return {**_presented(cells, seed, name, screen.gratings(table)), "stiminfo": table}


IMAGES = {"fixationmovie": 20, "gratingflicker": 600, "imagesequence": 400, "gratingflashes": 1500}
WRITERS: dict[str, Callable[[Planted, int, str, Sizes], Arrays]] = {
    "fixationmovie": _fixation_movie,
    "frozencheckerflicker": _checker_flicker,
    "gratingflicker": _grating_flicker,
    "imagesequence": _image_sequence,
    "gratingflashes": _grating_flashes,
}
