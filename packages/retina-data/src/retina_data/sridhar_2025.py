"""Sridhar et al. 2025: a natural movie with eye movements, and white noise, to marmoset retina.

Multielectrode array, 85 Hz. Doi:10.1101/2024.03.05.583449, data
doi:10.12751/g-node.3dfiti.
"""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from neuroai_core import rng
from neuroai_core.errors import DataError, NotFoundError, check_known, problems, strict_arguments
from neuroai_core.files import atomic_write
from retina_data import pickles
from retina_data.cards import CARDS
from retina_data.crops import Crops
from retina_data.datasets import check_options, session_dataloaders
from retina_data.fetching import fetch
from retina_data.loaders import SessionLoader
from retina_data.movies import Movie, Stimulus
from retina_data.planted import Planted, noise_movie, plant, spikes
from retina_data.recordings import assemble, normalized
from retina_data.repository import PathLike, converted, folder, unpacked
from retina_data.sessions import Recording, Session, Test

__all__ = ["get_sridhar_dataloaders", "read_sessions", "write_synthetic"]

StimulusName = Literal["natural_movie", "whitenoise"]
FOLDER = f"{CARDS['sridhar_2025'].folder}/marmoset"
SESSIONS: dict[StimulusName, tuple[str, ...]] = {
    "natural_movie": ("01", "02", "03", "04"),
    "whitenoise": ("01", "02", "04"),
}
RESPONSES: dict[StimulusName, str] = {"natural_movie": "fixation_movie", "whitenoise": "wn"}
FIXATIONS = {
    "01": "complete_fixations_seed_2022and2023_s4_fixed.txt",
    "02": "complete_fixations_seed2022_s4.txt",
    "03": "complete_fixations_seed_2022and2023_s4_fixed.txt",
    "04": "complete_fixations_seed_2022and2023_s4_fixed.txt",
}
NOISE = {"01": 1, "02": 1, "04": 2}
#: Height and width of a source frame, of the window around a fixation, and of what is used.
SOURCE, WINDOW, SIZE = (300, 350), (150, 200), (80, 90)
#: Pixels that source frames have around the movie, and that windows lose above and left.
PADDING, CROP = 50, (35, 55)
#: Trials of which the second shows again what the first did; they stay in one split.
SAME = {9: 0, 19: 10}
#: Only these test trials of session 01 were shown the same.
TEST_TRIALS_01 = 10
CLIP_LENGTH = 300

RECORDING = Recording(
    species="marmoset",
    method="multielectrode array",
    rate_hz=85.0,
    pixel_um=30.0,
    units="spikes a frame",
    doi=CARDS["sridhar_2025"].data_doi,
)

Arrays = dict[str, npt.NDArray[Any]]


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
    if path is None and download:
        fetch([f"{FOLDER}/{stimulus}"])
    root = folder(f"{FOLDER}/{stimulus}", path, fetch_as="sridhar_2025")
    sessions = {}
    for name in SESSIONS[stimulus]:
        file = _find(root, f"cell_responses_{name}_{RESPONSES[stimulus]}.pkl")
        if file is not None:
            data = _responses(name, file)
            make = _movie_session if stimulus == "natural_movie" else _noise_session
            sessions[name] = make(name, root, file, data, clip_length)
    if not sessions:
        raise NotFoundError(f"there is no session with {stimulus}", path=root)
    return sessions


def _find(root: Path, pattern: str) -> Path | None:
    """Find a file or folder, inside the archives too where it is not beside them."""
    for place in (root, *(unpacked(a) for a in sorted(root.glob("*.zip")))):
        if found := next(iter(sorted(place.rglob(pattern))), None):
            return found
    return None


def _need(root: Path, pattern: str) -> Path:
    found = _find(root, pattern)
    if found is None:
        raise NotFoundError("a file of the data set is not there", path=root, key=pattern)
    return found


def _responses(name: str, path: Path) -> Arrays:
    """Read ``train_responses`` and ``test_responses``, ``(neurons, time, trials)``."""
    with open(path, "rb") as file:
        content = pickles.load(file, path=path)
    keys = ("train_responses", "test_responses")
    found = [f"{k}: missing" for k in keys if not isinstance(content, dict) or k not in content]
    if not found:
        found = [
            f"{k}: shape {np.shape(content[k])}, not (neurons, time, trials)"
            for k in keys
            if np.ndim(content[k]) != 3
        ]
    if not found and len({len(content[k]) for k in keys}) > 1:
        found = [f"{k}: {len(content[k])} neurons" for k in keys]
    if found:
        raise problems(f"session {name!r} does not fit together", found, path=path)
    arrays = {k: np.asarray(content[k], np.float32) for k in keys}
    if name == "01" and "seeds" in content:
        arrays["test_responses"] = arrays["test_responses"][:, :, :TEST_TRIALS_01]
    return arrays


def _assemble(
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


def _movie_session(name: str, root: Path, path: Path, data: Arrays, clip_length: int) -> Session:
    listed = _need(root, FIXATIONS[name])
    shown = _fixations(listed)
    time = data["test_responses"].shape[1]
    needed = time + data["train_responses"].shape[1] * data["train_responses"].shape[2]
    if len(shown) < needed:
        raise DataError(
            "there are fewer fixations than frames",
            path=listed,
            expected=f"{needed} lines",
            found=len(shown),
        )
    source = _need(root, "*_img_*.npy").parent
    frames = np.load(converted(source, "frames-v1.npy", _pack_frames), mmap_mode="c")
    sample = frames[:, :: max(1, frames.shape[1] // 500)].astype(np.float64)
    movie = Movie(torch.from_numpy(frames), float(sample.mean()), float(sample.std()) or 1.0, True)
    if shown[:, 0].max() >= frames.shape[1]:
        raise DataError(
            "a fixation is on a frame that is not there",
            path=listed,
            expected=f"0 to {frames.shape[1] - 1}",
            found=int(shown[:, 0].max()),
        )

    train, test = (_crops(movie, part) for part in (shown[time:needed], shown[:time]))
    return _assemble(name, train, test, data, clip_length, path)


def _crops(movie: Movie, shown: npt.NDArray[np.int64]) -> Crops:
    """Cut the window around each (x, y), less what is cropped."""
    return Crops(
        movie,
        shown[:, 0].astype(np.int32),
        corners=shown[:, [2, 1]] + PADDING - np.array(WINDOW) // 2 + np.array(CROP),
        upside_down=shown[:, 3] == 0,
        size=SIZE,
    )


def _fixations(path: Path) -> npt.NDArray[np.int64]:
    """Read ``(frames, 4)``: source frame, x, y, and 0 where it was shown upside down."""
    rows = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        parts = line.split()
        try:
            rows.append([int(float(parts[i])) for i in (0, 3, 4)] + [int(parts[-1][0])])
        except (ValueError, IndexError):
            raise DataError(
                "a line is no fixation", path=path, index=number, found=line[:80]
            ) from None
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


def _pack_frames(source: Path, target: Path) -> None:
    """Put the source frames, one file of ``(width, height)`` each, into one array."""
    files = sorted(source.glob("*_img_*.npy"))
    packed = np.empty((1, len(files), *SOURCE), np.uint8)
    for i, file in enumerate(files):
        frame = _load(file)
        if frame.shape != SOURCE[::-1]:
            raise DataError(
                "a frame has the wrong shape", path=file, expected=SOURCE[::-1], found=frame.shape
            )
        packed[0, i] = frame.T
    _save(target, packed)


def _noise_session(name: str, root: Path, path: Path, data: Arrays, clip_length: int) -> Session:
    count = data["train_responses"].shape[2]
    train_folder = _need(root, f"non_repeating_stimuli_{NOISE[name]}")
    test_file = _need(root, f"repeating_stimuli_{NOISE[name]}/all_images.npy")
    files = {
        int(m[1]): p for p in train_folder.iterdir() if (m := re.match(r"trial_(\d+)", p.name))
    }
    missing = [f"trial_{i:03d}/all_images.npy: missing" for i in range(count) if i not in files]
    if missing:
        raise problems(f"session {name!r} does not fit together", missing, path=train_folder)

    def pack(_: Path, target: Path) -> None:
        _save(target, np.concatenate([_noise(files[i] / "all_images.npy") for i in range(count)]))

    packed = np.load(converted(train_folder, f"noise-v1-{count}.npy", pack), mmap_mode="c")
    test = _noise(test_file)[: data["test_responses"].shape[1]]
    movie, tests = normalized(packed[np.newaxis], {"test": test[np.newaxis]})
    return _assemble(
        name, Stimulus.whole(movie), Stimulus.whole(tests["test"]), data, clip_length, path
    )


def _noise(path: Path) -> npt.NDArray[Any]:
    """Read images ``(height, width, time)`` and give ``(time, height, width)``, cropped."""
    images = _load(path)
    if images.ndim != 3 or images.shape[:2] != WINDOW:
        raise DataError(
            "noise has the wrong shape", path=path, expected=(*WINDOW, "time"), found=images.shape
        )
    rows, columns = (slice(c, c + n) for c, n in zip(CROP, SIZE, strict=True))
    return np.ascontiguousarray(images[rows, columns].transpose(2, 0, 1))


def _load(path: Path) -> npt.NDArray[Any]:
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (ValueError, EOFError, OSError) as error:
        raise DataError("an array file is damaged", path=path, found=str(error)) from error


def _save(target: Path, array: npt.NDArray[Any]) -> None:
    with open(target, "wb") as file:
        np.save(file, array)


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
            _save(root / "stimuli_padded_4" / f"{i:05d}_img_0.npy", frame.T)
    planted = {}
    for name in SESSIONS[stimulus][:n_sessions]:
        cells = plant(n_neurons, size=SIZE, lags=20, peak=5, seed=seed, name=name)
        if stimulus == "natural_movie":
            shown = _write_fixations(
                root, name, seed, (n_trials, n_frames, n_test_frames, n_images)
            )
            movie = Movie(torch.from_numpy(pixels[np.newaxis]))
            seen = _crops(movie, shown).dense().numpy()
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
        _save(target, pixels.transpose(1, 2, 0))
        rows, columns = (slice(c, c + n) for c, n in zip(CROP, SIZE, strict=True))
        parts.append(pixels[:, rows, columns])
    return np.concatenate(parts)[np.newaxis].astype(np.float32)
