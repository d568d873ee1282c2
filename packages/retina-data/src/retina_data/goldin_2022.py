"""Goldin et al. 2022: flashed natural images to mouse and axolotl retina.

Multielectrode array. Doi:10.1038/s41467-022-33242-8, data
doi:10.5281/zenodo.6868362.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from neuroai_core.errors import NotFoundError, check_known, strict_arguments
from retina_data import hdf5
from retina_data.cards import CARDS
from retina_data.datasets import check_options, session_dataloaders
from retina_data.loaders import SessionLoader
from retina_data.movies import Stimulus
from retina_data.planted import Planted, noise_movie, plant, spikes
from retina_data.recordings import assemble, normalized
from retina_data.repository import PathLike, folder
from retina_data.sessions import Recording, Session, Test

__all__ = ["get_goldin_dataloaders", "read_sessions", "write_synthetic"]

Species = Literal["mouse", "axolotl"]
FOLDER = CARDS["goldin_2022"].folder
#: How long an image was shown, and its spikes were counted, in seconds.
DURATION_S = 0.3
SIZE = (108, 108)


def get_goldin_dataloaders(
    batch_size: int = 32,
    download: bool = True,
    *,
    path: PathLike | None = None,
    species: Species = "mouse",
    **options: Any,
) -> dict[str, dict[str, SessionLoader]]:
    """Make training, validation and test loaders.

    Parameters
    ----------
    batch_size
        Images in a batch.
    download
        Whether files that are not in the cache folder are fetched.
    path
        A folder with the published files, in place of the cache folder.
    species
        ``"mouse"`` or ``"axolotl"``.
    **options
        For `retina_data.datasets.session_dataloaders`.

    Returns
    -------
    ``{"train", "validation", "test"}``, each a dict from session to loader.
    Inputs are ``(batch, 1, 1, 108, 108)``, an image each; targets
    ``(batch, 1, neurons)``, spikes a second. A test batch is all test images
    along the time axis.
    """
    check_options(get_goldin_dataloaders, options)
    sessions = read_sessions(path, species=species, download=download)
    options = {"chunk_size": 1, "allow_over_boundaries": False, **options}
    return session_dataloaders(sessions, batch_size=batch_size, **options)


@strict_arguments
def read_sessions(
    path: PathLike | None = None, *, species: Species = "mouse", download: bool = False
) -> dict[str, Session]:
    """Read all sessions of a species.

    Parameters
    ----------
    path, species, download
        As in `get_goldin_dataloaders`.

    Returns
    -------
    Sessions whose time axis counts images; each image is a clip of its own.

    Raises
    ------
    NotFoundError, DataError, ProblemsError
        If files are not there, damaged, or do not fit together.
    """
    check_known("species", [species], ("mouse", "axolotl"))
    root = folder(FOLDER, path, fetch_as="goldin_2022", download=download)
    files = sorted(p for p in root.glob("*.h5") if species in p.name)
    if not files:
        raise NotFoundError(f"there is no session of {species}", path=root)
    return {file.stem: _session(file, species) for file in files}


def _session(path: Path, species: str) -> Session:
    with hdf5.opened(path) as file:
        data = hdf5.train_and_test(file, "response/binned")
        trials = hdf5.repeats_by_cell(file, "test/repeats")
    movie, tests = normalized(
        data["train"][np.newaxis], {"test": data["test"][np.newaxis]}, path=path
    )
    test = Test(
        Stimulus.whole(tests["test"]),
        data["test_responses"] / DURATION_S,
        None if trials is None else trials / DURATION_S,
    )
    return assemble(
        path.stem,
        train=Stimulus.whole(movie),
        responses=data["train_responses"] / DURATION_S,
        tests={"test": test},
        clip_length=1,
        blocks=[1] * movie.shape[1],  # images, not a movie: none follows another
        recording=Recording(
            species=species,
            method="multielectrode array",
            pixel_um=28.0,
            units="spikes a second",
            doi=CARDS["goldin_2022"].data_doi,
        ),
        path=path,
    )


@strict_arguments
def write_synthetic(
    path: PathLike,
    seed: int = 0,
    *,
    species: Species = "mouse",
    n_sessions: int = 1,
    n_neurons: int = 6,
    n_images: int = 2500,
    n_test_images: int = 30,
    n_repeats: int = 20,
) -> dict[str, Planted]:
    """Write a small data set in the published layout, with known receptive fields.

    Parameters
    ----------
    path
        Folder to write to.
    seed
        It decides everything.
    species
        In the files' names.
    n_sessions, n_neurons, n_images, n_test_images, n_repeats
        Sizes.

    Returns
    -------
    What was planted, by session; the time course is a single value.
    """
    check_known("species", [species], ("mouse", "axolotl"))
    planted = {}
    for i in range(n_sessions):
        name = f"{species}_session_{i + 1}"
        cells = plant(n_neurons, size=SIZE, lags=1, seed=seed, name=name)
        movie = noise_movie(n_images + n_test_images, size=SIZE, grain=12, seed=seed, name=name)[0]
        pixels = np.clip(128 + 40 * movie, 0, 255).astype(np.uint8)
        expected = 2 * cells.rates((pixels.astype(np.float32)[np.newaxis] - 128) / 40)
        train, test = np.split(expected, [n_images], axis=1)
        repeats = np.stack([spikes(test, seed, name, "test", r) for r in range(n_repeats)])
        with hdf5.created(Path(path) / FOLDER / f"{name}.h5") as file:
            file["train/stimulus"] = pixels[:n_images]
            file["test/stimulus"] = pixels[n_images:]
            file["train/response/binned"] = spikes(train, seed, name, "train").astype(float)
            file["test/response/binned"] = repeats.mean(axis=0)
            for cell in range(n_neurons):
                file[f"test/repeats/cell{cell}"] = repeats[:, cell].astype(float)
        planted[name] = cells
    return planted
