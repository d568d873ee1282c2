"""The natural movie of Hoefling et al. 2024."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import check_known, problems, strict_arguments
from retina_data import hdf5
from retina_data.hoefling_2024.constants import CLIP_LENGTH, MOVIES, Resolution
from retina_data.movies import not_finite
from retina_data.repository import PathLike, locate, unpickled
from retina_data.train_test_splits import MoviesTrainTestSplit

#: What the file holds, and where among it what the movies were normalised by.
KEYS = ("train", "test", "random_sequences", "movie_stats")
STATS = "movie_stats/dichromatic"


@strict_arguments
def get_all_movies(
    path: PathLike | None = None, *, resolution: Resolution = "low", download: bool = True
) -> MoviesTrainTestSplit:
    """Read the movies that were shown.

    Parameters
    ----------
    path
        A folder with the files as published, or the file itself. None: the
        cache folder.
    resolution
        ``"low"``: 18 x 16 pixels of 50 um; ``"high"``: 72 x 64 of 12.5 um.
    download
        Whether the file is fetched if it is not in the cache folder.

    Returns
    -------
    MoviesTrainTestSplit
        ``train`` ``(2, 16200, 18, 16)``, the clips by their numbers, channels
        green and UV, normalised; ``test`` ``(2, 750, 18, 16)``;
        ``random_sequences`` ``(108, 20)``, the orders they were shown in.

    Raises
    ------
    NotFoundError
        If the file is not there.
    DataError
        If it is damaged or holds anything else.

    Examples
    --------
    >>> from retina_data.hoefling_2024 import write_synthetic
    >>> _ = write_synthetic("data", seed=0, n_clips=8, n_sessions=1)
    >>> get_all_movies("data").train.shape
    (2, 1200, 18, 16)
    """
    check_known("resolution", [resolution], MOVIES)
    source = locate(MOVIES[resolution], path, fetch_as="hoefling_2024", download=download)
    with hdf5.opened(unpickled(source)) as content:
        missing = [f"{key}: missing" for key in KEYS if key not in content]
        if missing:
            raise problems("this is no movie file", missing, path=source)
        arrays = {key: hdf5.memory_map(content[key]) for key in KEYS[:3]}
        about = content.get(STATS, {})
        stats = {key: float(about[key][...].item()) for key in ("mean", "sd") if key in about}
    return _movies(arrays, stats, source)


def _movies(
    arrays: Mapping[str, npt.NDArray[Any]], stats: Mapping[str, float], source: Path
) -> MoviesTrainTestSplit:
    train, test = arrays["train"], arrays["test"]
    sequences = arrays["random_sequences"].astype(np.int64)  # uint8: 108 clips wrap
    found = []
    for name, movie in (("train", train), ("test", test)):
        if np.ndim(movie) != 4 or np.shape(movie)[1] % CLIP_LENGTH:
            found.append(f"{name}: shape {np.shape(movie)}, not (2, n * {CLIP_LENGTH}, H, W)")
        else:
            found += [f"{name}: {problem}" for problem in not_finite(movie)]
    clips = len(sequences)
    if not found and clips * CLIP_LENGTH != train.shape[1]:
        found.append(f"random_sequences: {clips} clips for {train.shape[1] // CLIP_LENGTH}")
    if (np.sort(sequences, axis=0) != np.arange(clips)[:, np.newaxis]).any():
        found.append("random_sequences: not every sequence shows every clip once")
    if found:
        raise problems("the movies do not fit together", found, path=source)
    return MoviesTrainTestSplit(
        train=np.asarray(train, np.float32),
        test=np.asarray(test, np.float32),
        stim_id="natural",
        random_sequences=sequences,
        norm_mean=stats.get("mean"),
        norm_std=stats.get("sd"),
        path=source,
    )
