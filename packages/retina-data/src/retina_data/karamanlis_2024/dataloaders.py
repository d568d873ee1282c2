"""Sessions and loaders of Karamanlis et al. 2024, for each of its stimuli."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from neuroai_core.errors import NotFoundError, check_known, problems, strict_arguments
from retina_data import hdf5, matlab
from retina_data.cards import CARDS
from retina_data.datasets import check_options, session_dataloaders
from retina_data.karamanlis_2024 import checker_flicker, fixation_movie, flashes, grating_flicker
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
from retina_data.loaders import SessionLoader
from retina_data.repository import PathLike, folder, unpacked
from retina_data.sessions import Recording, Session

#: Stimuli of single images, which are no movie.
FLASHED = ("imagesequence", "gratingflashes")


def get_karamanlis_dataloaders(
    batch_size: int = 32,
    download: bool = True,
    *,
    path: PathLike | None = None,
    species: Species = "mouse",
    stimulus: StimulusName = "fixationmovie",
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
        A folder with the published files (sessions as folders or archives),
        in place of the cache folder.
    species
        ``"mouse"`` or ``"marmoset"``.
    stimulus
        ``"fixationmovie"``, ``"gratingflicker"``, ``"imagesequence"``,
        ``"frozencheckerflicker"`` or ``"gratingflashes"``; see `read_sessions`.
    **options
        For `retina_data.datasets.session_dataloaders`: ``chunk_size``,
        ``validation_fraction``, ``validation_clips``, ``seed``, ...

    Returns
    -------
    ``{"train", "validation", "test"}``, each a dict from session to loader.
    Inputs are ``(batch, 1, time, 60, 80)``, of checkers as high and wide as
    the board; targets ``(batch, time, neurons)``, spikes a frame. Of flashed
    stimuli a sample is one presentation, its time 1.
    """
    check_options(get_karamanlis_dataloaders, options)
    sessions = read_sessions(path, species=species, stimulus=stimulus, download=download)
    if stimulus in FLASHED:
        options = {"chunk_size": 1, "allow_over_boundaries": False, **options}
    return session_dataloaders(sessions, batch_size=batch_size, **options)


@strict_arguments
def read_sessions(
    path: PathLike | None = None,
    *,
    species: Species = "mouse",
    stimulus: StimulusName = "fixationmovie",
    clip_length: int = CLIP_LENGTH,
    download: bool = False,
) -> dict[str, Session]:
    """Read all sessions of a species in which a stimulus was shown.

    Of the movies, the running stretches are for training and the mean of the
    frozen trials, which are kept, is the test:

    - ``"fixationmovie"``: natural images moved by eye movements;
    - ``"gratingflicker"``: another grating in each frame;
    - ``"frozencheckerflicker"``: binary white noise.

    Of what was flashed, a fifth of the images, in all their presentations, is
    the test, and each presentation of the others a training sample:

    - ``"imagesequence"``: natural (and some artificial) images;
    - ``"gratingflashes"``: gratings.

    Each different frame is drawn and held once; checkers are drawn from their
    seed into the cache folder the first time, and memory mapped.

    Parameters
    ----------
    path, species, stimulus, download
        As in `get_karamanlis_dataloaders`.
    clip_length
        Frames of the clips that validation is drawn from.

    Raises
    ------
    NotFoundError, DataError, ProblemsError
        If files are not there, damaged, or do not fit together.
    """
    check_known("species", [species], RATES_HZ)
    check_known("stimulus", [stimulus], get_args(StimulusName))
    root = folder(FOLDER, path, fetch_as="karamanlis_2024", download=download)
    names = {p.name.removesuffix(".zip"): p for p in sorted(root.iterdir()) if species in p.name}
    sessions = {}
    for name, place in names.items():
        inside = unpacked(place) if place.suffix == ".zip" else place
        found = inside.rglob(f"*{stimulus}_data.mat")
        files = sorted(p for p in found if not p.name.startswith("."))
        if not files:
            continue
        if len(files) > 1:
            raise problems(
                f"session {name!r} has several recordings of {stimulus}, keep one in its folder",
                [file.relative_to(inside).as_posix() for file in files],
                path=place,
            )
        recording = _recording(files[0], species)
        if stimulus in FLASHED:
            sessions[name] = flashes.session(name, files[0], recording, stimulus)
        else:
            sessions[name] = MOVIES[stimulus](name, files[0], recording, clip_length)
    if not sessions:
        raise NotFoundError(f"there is no session of {species} with {stimulus}_data.mat", path=root)
    return sessions


MOVIES = {
    "fixationmovie": fixation_movie.session,
    "gratingflicker": grating_flicker.session,
    "frozencheckerflicker": checker_flicker.session,
}


def _recording(file: Path, species: Species) -> Recording:
    """Say how a session was recorded, from ``expdata.mat`` where that is beside the stimulus."""
    rate, pixel_um = RATES_HZ[species], PIXEL_UM
    beside = next(iter(sorted(file.parent.glob("*expdata.mat"))), None)
    if beside is not None:
        with hdf5.opened(beside) as data:
            projector = data.get("projector")
            rate = matlab.number(projector, "refreshrate") or rate
            pixel_um = 1e6 * (matlab.number(projector, "pixelsize") or pixel_um / 1e6)
    return Recording(
        species=species,
        method="multielectrode array",
        rate_hz=rate,
        pixel_um=pixel_um * SCREEN[0] / SIZE[0],
        units="spikes a frame",
        doi=CARDS["karamanlis_2024"].data_doi,
    )
