"""What series a recording holds, and which of them a name means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from neural_shards.nwb.stored import shape_of
from neuroai_core import DataError
from neuroai_core.extras import require

#: Types that hold behaviour wherever they stand.
BEHAVIOUR = {
    "BehavioralEvents",
    "BehavioralTimeSeries",
    "CompassDirection",
    "EyeTracking",
    "Position",
    "PupilTracking",
}


def series_in(file: Any) -> dict[str, Any]:
    """Give every ``TimeSeries`` of an ``NWBFile`` by its path, in the order of the paths.

    Paths read as in the file, without the names of links:
    ``acquisition/ElectricalSeries``, ``processing/behavior/Position/xy``,
    ``stimulus/presentation/movie``.
    """
    places: dict[str, Mapping[str, Any]] = {
        "acquisition": file.acquisition,
        "analysis": file.analysis,
        "processing": file.processing,
        "scratch": file.scratch or {},
        "stimulus/presentation": file.stimulus,
        "stimulus/templates": file.stimulus_template,
    }
    found: dict[str, Any] = {}
    for place, things in places.items():
        for name, thing in things.items():
            found.update(_inside(thing, f"{place}/{name}"))
    return dict(sorted(found.items()))


def _inside(thing: Any, path: str) -> Iterator[tuple[str, Any]]:
    pynwb = require("pynwb", package="neural-shards", extra="nwb")
    if isinstance(thing, pynwb.TimeSeries):
        yield path, thing
        return
    for child in getattr(thing, "children", ()):
        yield from _inside(child, f"{path}/{child.name}")


def _types(series: Any) -> set[str]:
    """Give the type of a series and those of what it stands in."""
    kinds, thing = set(), series
    while thing is not None:
        kinds |= {kind.__name__ for kind in type(thing).__mro__}
        thing = thing.parent
    return kinds


def _behaviour(path: str, series: Any) -> bool:
    kinds = _types(series)
    return path.lower().startswith(("processing/behav",)) or bool(
        kinds & (BEHAVIOUR | {"SpatialSeries"})
    )


def _lfp(path: str, series: Any) -> bool:
    kinds = _types(series)
    return "ElectricalSeries" in kinds and ("LFP" in kinds or "lfp" in path.lower())


def _eeg(path: str, series: Any) -> bool:
    return "ElectricalSeries" in _types(series) and "eeg" in path.lower()


def _roi(path: str, series: Any) -> bool:
    return "RoiResponseSeries" in _types(series)


def _video(path: str, series: Any) -> bool:
    return "ImageSeries" in _types(series) and path.startswith("acquisition/")


def _stimulus(path: str, series: Any) -> bool:
    return path.startswith("stimulus/presentation/")


def _fmri(path: str, series: Any) -> bool:
    return any(word in path.lower() for word in ("fmri", "bold"))


#: Which series a modality of the documentation means where none is named.
KINDS: dict[str, Callable[[str, Any], bool]] = {
    "behavior": _behaviour,
    "behaviour": _behaviour,
    "eeg": _eeg,
    "fluorescence": _roi,
    "fmri": _fmri,
    "lfp": _lfp,
    "ophys": _roi,
    "stimulus": _stimulus,
    "video": _video,
}


#: What is taken of a recording where nothing is said, if it is there.
USUAL = ("spikes", "lfp", "eeg", "behavior", "ophys", "fmri", "stimulus")


def _of_kind(name: str, series: Mapping[str, Any]) -> dict[str, Any]:
    return {path: thing for path, thing in series.items() if KINDS[name](path, thing)}


def ambiguous(series: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Give the usual modalities that several series are, which cannot lie side by side.

    Images and volumes cannot: which of two movies is meant must be said.

    Returns
    -------
    The paths of the series, by modality.
    """
    found = {}
    for name in KINDS:
        things = _of_kind(name, series)
        if len(things) > 1 and any(len(shape_of(t.data)) > 2 for t in things.values()):
            found[name] = tuple(things)
    return found


def usual(file: Any) -> tuple[str, ...]:
    """Give the usual modalities that a recording has, but those that are `ambiguous`."""
    series = series_in(file)
    found = {name for name in KINDS if _of_kind(name, series)} - set(ambiguous(series))
    if file.units is not None and "spike_times" in file.units.colnames and len(file.units.id):
        found.add("spikes")
    return tuple(name for name in USUAL if name in found)


def find(
    series: Mapping[str, Any], modality: str, wanted: tuple[str, ...] = (), *, source: object = None
) -> dict[str, Any]:
    """Choose the series of a modality.

    Parameters
    ----------
    series
        All of them by path, see `series_in`.
    modality
        The name of the modality; see `KINDS`.
    wanted
        Paths, ends of paths, neurodata types, or patterns such as
        ``"processing/behavior/*"``. None: what the name of the modality means, or series
        of that name.

    Raises
    ------
    DataError
        If there is none, with what there is.
    """
    if not wanted and modality in KINDS:
        return _of_kind(modality, series) or _missing(modality, series, source)
    found: dict[str, Any] = {}
    for name in wanted or (modality,):
        matching = {path: s for path, s in series.items() if _matches(path, s, name)}
        found |= matching or _missing(name, series, source)
    return found


def _matches(path: str, series: Any, wanted: str) -> bool:
    path, lower = path.lower(), wanted.lower().strip("/")
    return (
        path == lower
        or path.endswith("/" + lower)
        or fnmatchcase(path, lower)
        or fnmatchcase(path, "*/" + lower)
        or type(series).__name__ == wanted
    )


def _missing(name: str, series: Mapping[str, Any], source: object) -> dict[str, Any]:
    listed = [f"{path} ({type(s).__name__})" for path, s in series.items()]
    raise DataError(
        f"the recording has no {name!r}",
        path=source,
        key=name,
        found="series " + ", ".join(listed) if listed else "no series at all",
        hint="name the series to take, or leave the modality out",
    )
