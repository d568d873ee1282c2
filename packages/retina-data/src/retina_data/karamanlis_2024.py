"""Karamanlis et al. 2024: natural images moved by eye movements, to mouse and marmoset retina.

Multielectrode array. Doi:10.1038/s41586-024-08212-3, data
doi:10.12751/g-node.ejk8kx.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
import numpy.typing as npt
import torch

from neuroai_core import rng
from neuroai_core.errors import InputError, NotFoundError, check_known, problems, strict_arguments
from retina_data import fixations, hdf5
from retina_data.cards import CARDS
from retina_data.datasets import check_options, session_dataloaders
from retina_data.fetching import fetch
from retina_data.loaders import SessionLoader
from retina_data.movies import Movie, Stimulus
from retina_data.planted import Planted, noise_movie, plant, spikes
from retina_data.recordings import assemble
from retina_data.repository import PathLike, converted, folder, unpacked
from retina_data.sessions import Recording, Session, Test

__all__ = ["get_karamanlis_dataloaders", "read_sessions", "write_synthetic"]

Species = Literal["mouse", "marmoset"]
FOLDER = f"{CARDS['karamanlis_2024'].folder}/sessions"
FILE = "fixationmovie_data.mat"
RATES_HZ: dict[Species, float] = {"mouse": 75.0, "marmoset": 85.0}
#: Height and width of a frame here, and the frames of a clip that validation is drawn from.
SIZE, CLIP_LENGTH = (60, 80), 75
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


def get_karamanlis_dataloaders(
    batch_size: int = 32,
    download: bool = True,
    *,
    path: PathLike | None = None,
    species: Species = "mouse",
    **options: Any,
) -> dict[str, dict[str, SessionLoader]]:
    """Make training, validation and test loaders for the fixation movie.

    Parameters
    ----------
    batch_size
        Chunks in a batch.
    download
        Whether files that are not in the cache folder are fetched.
    path
        A folder with the published files (sessions as folders or archives),
        in place of the cache folder.
    species
        ``"mouse"`` or ``"marmoset"``.
    **options
        For `retina_data.datasets.session_dataloaders`: ``chunk_size``,
        ``validation_fraction``, ``validation_clips``, ``seed``, ...

    Returns
    -------
    ``{"train", "validation", "test"}``, each a dict from session to loader.
    Inputs are ``(batch, 1, time, 60, 80)``, targets ``(batch, time, neurons)``,
    spikes a frame.
    """
    check_options(get_karamanlis_dataloaders, options)
    sessions = read_sessions(path, species=species, download=download)
    return session_dataloaders(sessions, batch_size=batch_size, **options)


@strict_arguments
def read_sessions(
    path: PathLike | None = None,
    *,
    species: Species = "mouse",
    clip_length: int = CLIP_LENGTH,
    download: bool = False,
) -> dict[str, Session]:
    """Read the fixation movie of all sessions of a species.

    Training are the running blocks, test the mean of the frozen trials, which
    are kept. Each different fixation is drawn and held once.

    Parameters
    ----------
    path, species, download
        As in `get_karamanlis_dataloaders`.
    clip_length
        Frames of the clips that validation is drawn from.

    Raises
    ------
    NotFoundError, DataError, ProblemsError
        If files are not there, damaged, or do not fit together.
    """
    check_known("species", [species], RATES_HZ)
    if path is None and download:
        fetch([FOLDER])
    root = folder(FOLDER, path, fetch_as="karamanlis_2024")
    names = {p.name.removesuffix(".zip"): p for p in sorted(root.iterdir()) if species in p.name}
    sessions = {}
    for name, place in names.items():
        inside = unpacked(place) if place.suffix == ".zip" else place
        for file in sorted(inside.rglob(f"*{FILE}")):
            sessions[name] = _session(name, file, species, clip_length)
    if not sessions:
        raise NotFoundError(f"there is no session of {species} with a fixation movie", path=root)
    return sessions


def _session(name: str, path: Path, species: Species, clip_length: int) -> Session:
    with hdf5.opened(path) as file:
        data = hdf5.read(file, AXES)
    found = _problems(data)
    if found:
        raise problems(f"session {name!r} does not fit together", found, path=path)
    blocks, time = data["runningfixations"].shape[:2]
    drawn = np.load(converted(path, "frames-v1.npz", lambda _, target: _draw(data, target)))
    train, test = (
        Stimulus(Movie(torch.from_numpy(frames), float(drawn["mean"]), float(drawn["sd"])), order)
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
        recording=Recording(
            species=species,
            method="multielectrode array",
            rate_hz=RATES_HZ[species],
            pixel_um=75.0,  # ten screen pixels of 7.5 um (of 2.5 um in a few recordings)
            units="spikes a frame",
            doi=CARDS["karamanlis_2024"].data_doi,
        ),
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
        arrays[part] = fixations.show(images, different, size=SIZE, screen=fixations.SCREEN)
        arrays[f"{part}_order"] = order
    counts = np.bincount(arrays["running_order"], minlength=len(arrays["running"]))
    means = arrays["running"].mean(axis=(1, 2), dtype=np.float64)
    squares = (arrays["running"].astype(np.float64) ** 2).mean(axis=(1, 2))
    mean = (means * counts).sum() / counts.sum()
    sd = np.sqrt((squares * counts).sum() / counts.sum() - mean**2) or 1.0
    for part in ("running", "frozen"):
        arrays[part] = ((arrays[part] - mean) / sd).astype(np.float32)[np.newaxis]
    with open(target, "wb") as file:
        np.savez(file, mean=mean, sd=sd, **arrays)  # type: ignore[arg-type]


@strict_arguments
def write_synthetic(
    path: PathLike,
    seed: int = 0,
    *,
    species: Species = "mouse",
    n_sessions: int = 1,
    n_neurons: int = 6,
    n_blocks: int = 20,
    n_frames: int = 300,
    n_trials: int = 8,
    n_images: int = 20,
) -> dict[str, Planted]:
    """Write a small data set in the published layout, with known receptive fields.

    Parameters
    ----------
    path
        Folder to write to.
    seed
        It decides everything.
    species
        In the folders' names.
    n_sessions, n_neurons, n_blocks, n_frames, n_trials, n_images
        Sizes; a block and a frozen trial have `n_frames`.

    Returns
    -------
    What was planted, by session, on frames of 60 x 80 pixels.
    """
    check_known("species", [species], RATES_HZ)
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
        target = Path(path) / FOLDER / name / f"{i + 1}_{FILE}"
        target.parent.mkdir(parents=True, exist_ok=True)
        cells = plant(n_neurons, size=SIZE, lags=20, peak=5, seed=seed, name=name)
        data = _synthetic(cells, seed, name, (n_blocks, n_frames, n_trials, n_images))
        with h5py.File(target, "w") as file:
            for key, array in data.items():
                file[key] = array
        planted[name] = cells
    return planted


def _synthetic(cells: Planted, seed: int, name: str, sizes: tuple[int, int, int, int]) -> Arrays:
    n_blocks, n_frames, n_trials, n_images = sizes
    random = rng.generator(seed, name, "fixations")
    data: Arrays = {}
    movies = {}
    for part, blocks in (("running", n_blocks), ("frozen", 1)):
        noise = noise_movie(n_images, size=(900, 1100), grain=90, seed=seed, name=name + part)
        images = np.clip(128 + 50 * noise[0], 0, 255).astype(np.uint8)
        # Another fixation in every frame: slow ones would hide the time courses.
        image = random.integers(1, n_images + 1, (blocks, n_frames, 1))
        centre = random.integers([420, 320], [680, 580], (blocks, n_frames, 2))
        shown = np.concatenate([image, centre], axis=2)
        frames = fixations.show(images, shown.reshape(-1, 3), size=SIZE, screen=fixations.SCREEN)
        movies[part] = ((frames - 128) / 50).reshape(blocks, n_frames, *SIZE)
        data[f"{part}Images"] = images.transpose(0, 2, 1)
        data[f"{part}fixations"] = (shown if part == "running" else shown[0]).astype(float)
    expected = np.stack([2 * cells.rates(block[np.newaxis]) for block in movies["running"]])
    frozen = 2 * cells.rates(movies["frozen"])
    trials = [spikes(frozen, seed, name, "frozen", trial) for trial in range(n_trials)]
    data["runningbin"] = spikes(expected, seed, name, "running").transpose(0, 2, 1).astype(float)
    data["frozenbin"] = np.stack(trials).transpose(0, 2, 1).astype(float)
    return data
