"""Synthetic recordings in the layout of Sridhar et al. 2025."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from neuroai_core import rng
from neuroai_core.errors import check_known, strict_arguments
from neuroai_core.files import atomic_write
from retina_data.movies import Movie
from retina_data.planted import Planted, noise_movie, plant, spikes
from retina_data.repository import PathLike
from retina_data.sridhar_2025 import files
from retina_data.sridhar_2025.constants import (
    CROP,
    FIXATIONS,
    FOLDER,
    NOISE,
    PADDING,
    RESPONSES,
    SESSIONS,
    SIZE,
    SOURCE,
    WINDOW,
    StimulusName,
)
from retina_data.sridhar_2025.natural_movie import crops


@strict_arguments
def write_synthetic(
    path: PathLike,
    seed: int = 0,
    *,
    stimulus: StimulusName = "natural_movie",
    n_sessions: int = 1,
    n_neurons: int = 4,
    n_trials: int = 11,
    n_frames: int = 500,
    n_test_frames: int = 300,
    n_test_trials: int = 6,
    n_images: int = 60,
) -> dict[str, Planted]:
    """Write a small data set in the published layout, with known receptive fields.

    Parameters
    ----------
    path
        Folder to write to.
    seed
        It decides everything.
    stimulus
        Which is written.
    n_sessions, n_neurons, n_trials, n_frames, n_test_frames, n_test_trials, n_images
        Sizes; trial 9 shows again what trial 0 did.

    Returns
    -------
    What was planted, by session, on frames of 80 x 90 pixels.
    """
    check_known("stimulus", [stimulus], SESSIONS)
    root = Path(path) / FOLDER / stimulus
    if stimulus == "natural_movie":
        frames = noise_movie(n_images, size=SOURCE, grain=12, seed=seed, name="sridhar")[0]
        pixels = np.clip(128 + 50 * frames, 0, 255).astype(np.uint8)
        (root / "stimuli_padded_4").mkdir(parents=True, exist_ok=True)
        for i, frame in enumerate(pixels):
            files.save(root / "stimuli_padded_4" / f"{i:05d}_img_0.npy", frame.T)
    planted = {}
    for name in SESSIONS[stimulus][:n_sessions]:
        cells = plant(n_neurons, size=SIZE, lags=20, peak=5, seed=seed, name=name)
        if stimulus == "natural_movie":
            shown = _write_fixations(
                root, name, seed, (n_trials, n_frames, n_test_frames, n_images)
            )
            movie = Movie(torch.from_numpy(pixels[np.newaxis]))
            seen = crops(movie, shown).dense().numpy()
        else:
            seen = _write_noise(root, name, seed, (n_trials, n_frames, n_test_frames))
        seen = (seen - 128) / 50
        test, train = np.split(seen, [n_test_frames], axis=1)
        rates = [2 * cells.rates(trial) for trial in np.split(train, n_trials, axis=1)]
        expected = 2 * cells.rates(test)
        repeats = [spikes(expected, seed, name, "test", i) for i in range(n_test_trials)]
        content = {
            "train_responses": np.stack(
                [spikes(r, seed, name, "train", i) for i, r in enumerate(rates)], axis=-1
            ).astype(float),
            "test_responses": np.stack(repeats, axis=-1).astype(float),
        }
        target = root / "responses" / f"cell_responses_{name}_{RESPONSES[stimulus]}.pkl"
        target.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(target, pickle.dumps(content, protocol=4))
        planted[name] = cells
    return planted


def _write_fixations(
    root: Path, name: str, seed: int, sizes: tuple[int, int, int, int]
) -> npt.NDArray[np.int64]:
    trials, frames, test, images = sizes
    random = rng.generator(seed, name, "fixations")
    time = test + trials * frames
    # Windows stay inside the source frames.
    x, y = (
        random.integers(WINDOW[i] // 2 - PADDING, SOURCE[i] - PADDING - WINDOW[i] // 2 + 1, time)
        for i in (1, 0)
    )
    shown = np.stack([random.integers(0, images, time), x, y, random.integers(0, 2, time)], axis=1)
    if trials > 9:
        shown[test + 9 * frames : test + 10 * frames] = shown[test : test + frames]
    lines = [f"{frame} 0 0 {x:.1f} {y:.1f} {up}" for frame, x, y, up in shown]
    (root / "fixations").mkdir(parents=True, exist_ok=True)
    atomic_write(root / "fixations" / FIXATIONS[name], "\n".join(lines) + "\n")
    return shown


def _write_noise(
    root: Path, name: str, seed: int, sizes: tuple[int, int, int]
) -> npt.NDArray[np.float32]:
    trials, frames, test = sizes
    parts = []
    for trial in range(-1, trials):
        length = test if trial < 0 else frames
        noise = noise_movie(length, size=WINDOW, grain=10, seed=seed, name=f"{name} {trial}")[0]
        pixels = np.clip(128 + 50 * noise, 0, 255).astype(np.uint8)
        inside = "" if trial < 0 else f"trial_{trial:03d}/"
        kind = "repeating" if trial < 0 else "non_repeating"
        target = root / f"{kind}_stimuli_{NOISE[name]}" / f"{inside}all_images.npy"
        target.parent.mkdir(parents=True, exist_ok=True)
        files.save(target, pixels.transpose(1, 2, 0))
        rows, columns = (slice(c, c + n) for c, n in zip(CROP, SIZE, strict=True))
        parts.append(pixels[:, rows, columns])
    return np.concatenate(parts)[np.newaxis].astype(np.float32)
