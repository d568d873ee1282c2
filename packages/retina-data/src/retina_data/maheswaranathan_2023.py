"""Maheswaranathan et al. 2023: natural scenes and white noise to salamander retina.

Multielectrode array. Doi:10.1016/j.neuron.2023.06.007, data
doi:10.25740/rk663dm5577.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
import numpy.typing as npt

from neuroai_core.errors import (
    InputError,
    NotFoundError,
    check_known,
    problems,
    strict_arguments,
)
from retina_data import hdf5
from retina_data.cards import CARDS
from retina_data.datasets import check_options, session_dataloaders
from retina_data.loaders import SessionLoader
from retina_data.movies import Stimulus
from retina_data.planted import Planted, noise_movie, plant, spikes
from retina_data.recordings import assemble, normalized
from retina_data.repository import PathLike, folder, unpacked
from retina_data.sessions import Recording, Session, Test

__all__ = ["get_maheswaranathan_dataloaders", "read_sessions", "write_synthetic"]

StimulusName = Literal["naturalscene", "whitenoise"]
BIN_MS = (5, 10, 20)
CLIP_LENGTH = 90
RATE_HZ = 100
#: How far the rate of the times in a file may be from it, as a part of it.
RATE_ERROR = 0.05
ARCHIVE = f"{CARDS['maheswaranathan_2023'].folder}/neural_code_data.zip"
INSIDE = "ganglion_cell_data"

RECORDING = Recording(
    species="salamander",
    method="multielectrode array",
    rate_hz=RATE_HZ,
    pixel_um=50.0,
    units="spikes a second",
    doi="10.25740/rk663dm5577",
)


def get_maheswaranathan_dataloaders(
    batch_size: int = 32,
    download: bool = True,
    *,
    path: PathLike | None = None,
    stimulus: StimulusName = "naturalscene",
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
        A folder with the published files (the archive, or what it holds), in
        place of the cache folder.
    stimulus
        ``"naturalscene"`` or ``"whitenoise"``.
    **options
        For `retina_data.datasets.session_dataloaders`: ``chunk_size``,
        ``validation_fraction``, ``validation_clips``, ``seed``, ...

    Returns
    -------
    ``{"train", "validation", "test"}``, each a dict from session to loader.
    Inputs are ``(batch, 1, time, 50, 50)``, targets ``(batch, time, neurons)``.
    """
    check_options(get_maheswaranathan_dataloaders, options)
    sessions = read_sessions(path, stimulus=stimulus, download=download)
    return session_dataloaders(sessions, batch_size=batch_size, **options)


@strict_arguments
def read_sessions(
    path: PathLike | None = None,
    *,
    stimulus: StimulusName = "naturalscene",
    bin_ms: int = 10,
    clip_length: int = CLIP_LENGTH,
    download: bool = False,
) -> dict[str, Session]:
    """Read all sessions.

    Parameters
    ----------
    path, stimulus, download
        As in `get_maheswaranathan_dataloaders`.
    bin_ms
        Width of the window that rates were smoothed with: 5, 10 or 20 ms.
    clip_length
        Frames of the clips that validation is drawn from.

    Raises
    ------
    NotFoundError, DataError, ProblemsError
        If files are not there, damaged, or do not fit together.
    """
    check_known("stimulus", [stimulus], ("naturalscene", "whitenoise"))
    check_known("bin_ms", [bin_ms], BIN_MS)
    root = _root(path, download)
    files = sorted(root.glob(f"*/{stimulus}.h5"))
    if not files:
        raise NotFoundError(f"there is no session with {stimulus}.h5", path=root)
    return {file.parent.name: _session(file, bin_ms, clip_length) for file in files}


def _root(path: PathLike | None, download: bool) -> Path:
    """Find the folder of the sessions, inside the archive where it is not unpacked."""
    name = "maheswaranathan_2023"
    found = folder(CARDS[name].folder, path, fetch_as=name, download=download, prefix=ARCHIVE)
    archive = found / "neural_code_data.zip"
    if not any(found.rglob("*.h5")) and archive.is_file():
        found = unpacked(archive)
    return next((p for p in [found, *sorted(found.rglob(INSIDE))] if p.name == INSIDE), found)


def _session(path: Path, bin_ms: int, clip_length: int) -> Session:
    rate = f"firing_rate_{bin_ms}ms"
    with hdf5.opened(path) as file:
        data = hdf5.train_and_test(file, f"response/{rate}")
        repeats = _repeats(file, rate)
        found = [p for part in ("train", "test") for p in _time_problems(file, part)]
    if found:
        raise problems(f"session {path.parent.name!r} does not fit together", found, path=path)
    train, responses = hdf5.same_time(data["train"], data["train_responses"])
    test, test_responses = hdf5.same_time(data["test"], data["test_responses"])
    trials = None if repeats is None else hdf5.same_time(test, repeats)[1]
    movie, tests = normalized(train[np.newaxis], {"test": test[np.newaxis]}, path=path)
    return assemble(
        path.parent.name,
        train=Stimulus.whole(movie),
        responses=responses,
        tests={"test": Test(Stimulus.whole(tests["test"]), test_responses, trials)},
        clip_length=clip_length,
        recording=RECORDING,
        path=path,
    )


def _time_problems(file: h5py.File, part: str) -> list[str]:
    """List what is wrong with the times of the frames, where the file has them."""
    if f"{part}/time" not in file:
        return []
    time = np.asarray(file[f"{part}/time"])
    frames = len(file[f"{part}/stimulus"])
    if time.ndim != 1 or time.dtype.kind not in "iuf" or abs(len(time) - frames) > 1:
        return [f"{part}/time: {time.dtype} of shape {time.shape} for {frames} frames"]
    steps = np.diff(time)
    if not np.isfinite(time).all() or (steps <= 0).any():
        return [f"{part}/time: does not rise"]
    rate = 1 / np.median(steps) if len(steps) else RATE_HZ
    if abs(rate - RATE_HZ) > RATE_ERROR * RATE_HZ:
        return [f"{part}/time: {rate:.1f} frames a second, not {RATE_HZ}"]
    return []


def _repeats(file: h5py.File, rate: str) -> npt.NDArray[np.floating] | None:
    """Read the single trials ``(repeats, neurons, time)``, in either of the layouts."""
    if f"test/repeats/{rate}" in file:
        return np.asarray(file[f"test/repeats/{rate}"], np.float32)
    return hdf5.repeats_by_cell(file, "test/repeats")


@strict_arguments
def write_synthetic(
    path: PathLike,
    seed: int = 0,
    *,
    stimulus: StimulusName = "whitenoise",
    n_sessions: int = 1,
    n_neurons: int = 6,
    n_frames: int = 12000,
    n_test_frames: int = 600,
    n_repeats: int = 6,
) -> dict[str, Planted]:
    """Write a small data set in the published layout, with known receptive fields.

    Parameters
    ----------
    path
        Folder to write to.
    seed
        It decides everything.
    stimulus
        Which stimulus is written.
    n_sessions, n_neurons, n_frames, n_test_frames, n_repeats
        Sizes. The first session keeps its repeats by smoothing window, the
        others by cell, as the published ones do.

    Returns
    -------
    What was planted, by session.
    """
    check_known("stimulus", [stimulus], ("naturalscene", "whitenoise"))
    if n_sessions < 1:
        raise InputError("there is no session to write", key="n_sessions", found=n_sessions)
    root = Path(path) / CARDS["maheswaranathan_2023"].folder / "neural_code_data" / INSIDE
    size = (50, 50)
    planted = {}
    for i in range(n_sessions):
        name = f"15-{10 + i}-07"
        cells = plant(n_neurons, size=size, lags=25, peak=6, seed=seed, name=name)
        frames = n_frames + n_test_frames
        movie = noise_movie(frames, size=size, grain=5, seed=seed, name=f"{name} {stimulus}")
        pixels = np.clip(128 + 45 * movie[0], 0, 255).astype(np.uint8)
        expected = cells.rates((pixels.astype(np.float32)[np.newaxis] - 128) / 45)
        train, test = np.split(expected, [n_frames], axis=1)
        counts = spikes(train, seed, name, "train")
        repeats = np.stack([spikes(test, seed, name, "test", r) for r in range(n_repeats)])
        with hdf5.created(root / name / f"{stimulus}.h5") as file:
            file["train/stimulus"] = pixels[:n_frames]
            file["test/stimulus"] = pixels[n_frames:]
            file["train/time"] = np.arange(n_frames) / RATE_HZ
            file["test/time"] = np.arange(n_test_frames) / RATE_HZ
            # The published test responses have one bin more than the stimulus.
            longer = np.concatenate([repeats, repeats[..., -1:]], axis=-1)
            for ms in BIN_MS:
                file[f"train/response/firing_rate_{ms}ms"] = _smooth(counts, ms)
                file[f"test/response/firing_rate_{ms}ms"] = _smooth(longer.mean(axis=0), ms)
                if i == 0:
                    file[f"test/repeats/firing_rate_{ms}ms"] = _smooth(longer, ms)
            for cell in range(n_neurons):
                if i > 0:
                    file[f"test/repeats/cell{cell}"] = _smooth(longer[:, cell], 10)
                file[f"spikes/cell{cell}"] = np.repeat(np.arange(n_frames), counts[cell]) / RATE_HZ
        planted[name] = cells
    return planted


def _smooth(counts: npt.NDArray[Any], ms: int) -> npt.NDArray[np.float32]:
    """Turn counts into rates, smoothed by a Gaussian of that standard deviation."""
    at = np.arange(-4, 5)
    kernel = np.exp(-0.5 * (at * 10 / ms) ** 2)
    padded = np.pad(counts.astype(np.float32), [(0, 0)] * (counts.ndim - 1) + [(4, 4)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, 9, axis=-1)
    return np.asarray(windows @ (kernel / kernel.sum()) * RATE_HZ, np.float32)
