"""Synthetic recordings in the exact layout of Hoefling et al. 2024."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from neuroai_core import rng
from neuroai_core.errors import InputError, check_known, strict_arguments
from neuroai_core.files import atomic_path
from retina_data.hoefling_2024.constants import (
    BAR_DIRECTIONS_DEG,
    BAR_S,
    CHIRP_S,
    CLIP_LENGTH,
    CLIP_S,
    MOVIES,
    NUM_CLIPS,
    RESPONSES,
    SIZES,
    TEST_CLIPS,
    Resolution,
)
from retina_data.hoefling_2024.fingerprint import chirp, moving_bar
from retina_data.planted import Planted, noise_movie, plant
from retina_data.repository import PathLike

#: Imaging frames a second.
IMAGING_HZ = 7.8125
#: What the movies were normalised by, at both resolutions alike.
MEAN, SD = 36.8, 37.0

_Floats = npt.NDArray[np.floating]


@strict_arguments
def write_synthetic(
    path: PathLike,
    seed: int = 0,
    *,
    n_sessions: int = 2,
    n_neurons: int = 12,
    n_clips: int = NUM_CLIPS,
    resolution: Resolution = "low",
    noise: float = 0.3,
) -> dict[str, Planted]:
    """Write a small data set in the published layout, with known receptive fields.

    Parameters
    ----------
    path
        Folder to write to; `get_all_movies` and `get_all_responses` read it.
    seed
        It decides everything.
    n_sessions, n_neurons
        How many sessions, and good neurons in each; each session has two more
        that the filters of the paper remove. Every second session is of a
        left eye.
    n_clips
        Clips of the training movie, an even number; published are 108.
    resolution
        Of the movies: ``"low"`` or ``"high"``.
    noise
        Standard deviation of the noise of a trial, in those of the response.

    Returns
    -------
    What was planted, by session. The receptive fields are those on the frames
    as the eye saw them, so a left eye's are found through the loaders as they
    are.
    """
    check_known("resolution", [resolution], MOVIES)
    if n_clips < 2 or n_clips % 2:
        raise InputError("n_clips is not even", key="n_clips", expected="2, 4, ...", found=n_clips)
    size = SIZES[resolution]
    frames = (n_clips + TEST_CLIPS) * CLIP_LENGTH
    movie = noise_movie(frames, size=size, channels=2, seed=seed, name=f"hoefling {size}")
    train, test = np.split(movie, [n_clips * CLIP_LENGTH], axis=1)
    sequences = np.stack(
        [rng.generator(seed, "sequence", i).permutation(n_clips) for i in range(20)], axis=1
    ).astype(np.uint8)
    stats = {"dichromatic": {"mean": np.array([MEAN]), "sd": np.array([SD])}}
    content = {
        "train": train, "test": test, "random_sequences": sequences, "movie_stats": stats,
    }  # fmt: skip
    root = Path(path)
    name = MOVIES[resolution]
    _zip(root / name, Path(name).stem + ".pkl", pickle.dumps(content, protocol=4))
    told_apart = {"chirp": chirp(resolution), "mb": moving_bar(resolution)}
    planted = {}
    (root / RESPONSES).parent.mkdir(parents=True, exist_ok=True)
    unpacked = (root / RESPONSES).with_suffix(".h5")
    with atomic_path(unpacked) as partial, h5py.File(partial, "w") as file:
        for i in range(n_sessions):
            session = f"session_{i + 1}_ventral{i + 1}_202001{i + 1:02d}"
            cells = plant(
                n_neurons, size=size, channels=2, lags=20, peak=7, seed=seed, name=session
            )
            shown = _shown(train, test, sequences[:, i % 20])
            movies = {"natural": shown} | {k: v / 128.0 - 1 for k, v in told_apart.items()}
            if i % 2 == 1:  # a left eye
                movies = {name: movie[..., ::-1] for name, movie in movies.items()}
            rates = {name: cells.rates(movie) for name, movie in movies.items()}
            _write_session(file.create_group(session), rates, i, seed, noise)
            planted[session] = cells
    _zip(root / RESPONSES, unpacked.name, unpacked.read_bytes())
    unpacked.unlink()
    return planted


def _shown(train: _Floats, test: _Floats, sequence: npt.NDArray[np.uint8]) -> _Floats:
    """Lay out what was shown: test, half the clips, test, the other half, test."""
    c, _, h, w = train.shape
    clips = train.reshape(c, -1, CLIP_LENGTH, h, w)[:, sequence.astype(np.int64)]
    first, second = np.split(clips.reshape(c, -1, h, w), 2, axis=1)
    return np.concatenate([test, first, test, second, test], axis=1)


def _write_session(
    group: h5py.Group, rates: dict[str, _Floats], index: int, seed: int, noise: float
) -> None:
    random = rng.generator(seed, "session", index)
    good, frames = rates["natural"].shape
    all_cells = good + 2
    triggers = 1.0 + (CLIP_S + 1 / 30) * np.arange(frames // CLIP_LENGTH)
    delays = random.uniform(0, 0.01, (all_cells, 1))  # a line scan reaches each cell in its turn
    starts = 1 + np.arange(5) * (CHIRP_S + 1)
    chirps = (starts[:, np.newaxis] + [0, 5]).reshape(-1)
    passes = 1 + np.arange(3 * len(BAR_DIRECTIONS_DEG)) * (BAR_S + 0.05)
    recorded = {
        "natural": (rates["natural"], triggers, triggers, CLIP_S),
        "chirp": (np.tile(rates["chirp"], 5), starts, chirps, CHIRP_S),
        "mb": (np.tile(rates["mb"], 3), passes, passes, BAR_S),
    }
    for stimulus, (shown, begins, trigger, duration_s) in recorded.items():
        values, at = _traces(shown, begins, duration_s, random, noise)
        group[f"{stimulus}_inferred_spikes"] = values
        group[f"{stimulus}_raw_traces"] = values + 10
        group[f"{stimulus}_smoothed_traces"] = np.full_like(values, 10)
        group[f"{stimulus}_preprocessed_traces"] = values
        group[f"{stimulus}_traces_times"] = at + delays
        group[f"{stimulus}_trigger_times"] = trigger[np.newaxis]
    group["d_qi"] = np.append(random.uniform(0.7, 0.9, good), [0.1, 0.9])
    group["chirp_qi"] = np.append(random.uniform(0.4, 0.6, good), [0.1, 0.9])
    groups = random.integers(1, 33, all_cells)
    groups[-1] = 40  # an amacrine cell
    group["group_assignment"] = groups
    confidences = np.full((all_cells, 46), 0.01)
    confidences[np.arange(all_cells), groups - 1] = 0.55
    group["group_confidences"] = confidences
    group["roi_ids"] = np.arange(1, all_cells + 1)
    mask = np.ones((64, 64))
    for roi in range(1, all_cells + 1):
        y, x = random.integers(0, 61, 2)
        mask[y : y + 3, x : x + 3] = -roi
    group["roi_mask"] = mask
    group.attrs["eye"] = "left" if index % 2 else "right"
    group.attrs["scan_sequence_idx"] = index % 20


def _traces(
    rates: _Floats, starts: _Floats, duration_s: float, random: np.random.Generator, noise: float
) -> tuple[_Floats, _Floats]:
    """Image responses whose frames lie evenly after each start; two more cells see nothing.

    Returns
    -------
    ``(neurons + 2, samples)``, and when they were taken, ``(samples,)``.
    """
    frames = rates.shape[1] // len(starts)
    shown_at = np.linspace(starts, starts + duration_s, frames, axis=1).reshape(-1)
    times = np.arange(0, shown_at[-1] + 2, 1 / IMAGING_HZ)
    seen = np.stack([np.interp(times, shown_at, rate) for rate in rates])
    values = np.concatenate([seen, np.abs(random.standard_normal((2, len(times))))])
    spread = values.std(axis=1, keepdims=True)
    return values + noise * spread * random.standard_normal(values.shape), times


def _zip(target: Path, name: str, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(target) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as file:
        file.writestr(name, content)
