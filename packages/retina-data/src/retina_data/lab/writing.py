"""Writing recordings as a lab keeps them, and synthetic ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from neuroai_core import rng
from neuroai_core.errors import strict_arguments
from neuroai_core.files import atomic_path
from retina_data import hdf5
from retina_data.lab.layout import INFO, RESPONSES
from retina_data.planted import Planted, noise_movie, plant
from retina_data.repository import PathLike


def write_session(
    path: PathLike,
    responses: Mapping[str, npt.NDArray[np.floating]],
    info: Mapping[str, npt.ArrayLike] | None = None,
) -> None:
    """Write one session's file.

    Parameters
    ----------
    path
        The file, ``<session>.h5``.
    responses
        ``(neurons, time)`` by the name of the stimulus.
    info
        What else is known; a column with a row a neuron joins the table of
        neurons when it is read.
    """
    with hdf5.created(Path(path)) as file:
        for name, values in responses.items():
            file[f"{RESPONSES}{name}"] = values
        for key, value in (info or {}).items():
            file[f"{INFO}/{key}"] = value


@strict_arguments
def write_synthetic(
    path: PathLike, seed: int = 0, *, n_neurons: int = 5, n_frames: int = 2000
) -> dict[str, Planted]:
    """Write two sessions that were shown the same noise, with known receptive fields.

    Parameters
    ----------
    path
        Folder to write to.
    seed
        It decides everything.
    n_neurons, n_frames
        Sizes; there are two training stimuli of `n_frames` and a test of 200.

    Returns
    -------
    What was planted, by session.
    """
    root, size = Path(path), (12, 10)
    (root / "stimuli").mkdir(parents=True, exist_ok=True)
    lengths = {"noise_1": n_frames, "noise_2": n_frames, "noise_test": 200}
    movies = {n: noise_movie(t, size=size, seed=seed, name=n) for n, t in lengths.items()}
    for name, movie in movies.items():
        with atomic_path(root / "stimuli" / f"{name}.npy") as partial, open(partial, "wb") as file:
            np.save(file, movie)
    planted = {}
    for session in ("session_a", "session_b"):
        cells = plant(n_neurons, size=size, seed=seed, name=session)
        random = rng.generator(seed, session, "noise")
        responses = {}
        for name, movie in movies.items():
            rates = cells.rates(movie)
            responses[name] = rates + 0.3 * random.standard_normal(rates.shape, np.float32)
        depth = random.uniform(0, 50, n_neurons)
        write_session(root / f"{session}.h5", responses, {"depth_um": depth})
        planted[session] = cells
    return planted
