"""Data sets by their names: where their files are, how they are read and made up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from neuroai_core.errors import check_known, strict_arguments
from retina_data import (
    goldin_2022,
    hoefling_2024,
    karamanlis_2024,
    lab,
    maheswaranathan_2023,
    sridhar_2025,
)
from retina_data.cards import CARDS
from retina_data.planted import Planted
from retina_data.repository import PathLike
from retina_data.sessions import Session


@dataclass(frozen=True)
class Named:
    """A data set that can be read and made up.

    Attributes
    ----------
    read
        From a folder, or None for the cache, to sessions.
    write
        A synthetic one into a folder, from a seed.
    prefixes
        Its files in the repository.
    """

    read: Callable[..., dict[str, Session]]
    write: Callable[..., dict[str, Planted]]
    prefixes: tuple[str, ...] = ()


def _hoefling(
    path: PathLike | None = None,
    *,
    stimulus: hoefling_2024.StimulusName = "natural",
    resolution: hoefling_2024.Resolution = "low",
) -> dict[str, Session]:
    if stimulus == "natural":
        return hoefling_2024.natmov_sessions(
            hoefling_2024.get_all_responses(path, download=False),
            hoefling_2024.get_all_movies(path, resolution=resolution, download=False),
        )
    traces = hoefling_2024.read_traces(path, stimulus=stimulus, download=False)
    kept, _ = hoefling_2024.filter_responses(traces)
    return hoefling_2024.fingerprint_sessions(kept, resolution=resolution)


def _lab(path: PathLike | None = None, **kwargs: Any) -> dict[str, Session]:
    return lab.read_sessions("." if path is None else path, **{"test_names": (), **kwargs})


DATA_SETS: Mapping[str, Named] = {
    "goldin_2022": Named(
        goldin_2022.read_sessions, goldin_2022.write_synthetic, (goldin_2022.FOLDER,)
    ),
    "hoefling_2024": Named(
        strict_arguments(_hoefling), hoefling_2024.write_synthetic, (CARDS["hoefling_2024"].folder,)
    ),
    "karamanlis_2024": Named(
        karamanlis_2024.read_sessions, karamanlis_2024.write_synthetic, (karamanlis_2024.FOLDER,)
    ),
    "lab": Named(_lab, lab.write_synthetic),
    "maheswaranathan_2023": Named(
        maheswaranathan_2023.read_sessions,
        maheswaranathan_2023.write_synthetic,
        (maheswaranathan_2023.ARCHIVE,),
    ),
    "sridhar_2025": Named(
        sridhar_2025.read_sessions, sridhar_2025.write_synthetic, (sridhar_2025.FOLDER,)
    ),
}


def named(name: str) -> Named:
    """Give a data set by its name.

    Examples
    --------
    >>> named("karamanlis_2024").prefixes
    ('gollisch_lab/karamanlis_2024/sessions',)
    """
    check_known("data set", [name], DATA_SETS)
    return DATA_SETS[name]
