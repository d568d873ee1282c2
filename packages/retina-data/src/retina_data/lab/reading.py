"""Reading a lab's recordings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from neuroai_core.errors import InputError, NotFoundError, problems, strict_arguments
from retina_data import arrays, hdf5
from retina_data.lab.layout import INFO, RESPONSES, STIMULUS
from retina_data.movies import Movie, Stimulus, not_finite
from retina_data.recordings import assemble
from retina_data.repository import PathLike
from retina_data.sessions import Recording, Session, Test

Arrays = dict[str, npt.NDArray[Any]]


@dataclass
class _File:
    path: Path
    responses: Arrays
    stimuli: Arrays
    info: Arrays


@strict_arguments
def read_sessions(
    path: PathLike,
    *,
    test_names: Collection[str],
    clip_length: int = 100,
    mean: float | None = None,
    sd: float | None = None,
    recording: Recording | None = None,
) -> dict[str, Session]:
    """Read all sessions of a folder.

    Every stimulus that is in no test is for training: one after the other, in
    the order of their names, with a break in between. Stimuli from the folder
    are held once for all sessions; all are memory mapped where a single one is
    shown.

    Parameters
    ----------
    path
        The folder.
    test_names
        Stimuli that are for testing, each a test of its own.
    clip_length
        Frames of the clips that validation is drawn from.
    mean, sd
        What frames are normalised by; None: they are normalised already.
    recording
        How it was recorded.

    Returns
    -------
    Sessions by the names of their files.

    Raises
    ------
    NotFoundError
        If there is no session.
    DataError
        If a file is damaged.
    ProblemsError
        Listing what is missing or does not fit, of all sessions.

    Examples
    --------
    >>> from retina_data import lab
    >>> planted = lab.write_synthetic("lab", seed=0)
    >>> sessions = read_sessions("lab", test_names=["noise_test"])
    >>> {name: (s.n_neurons, s.stimulus.shape) for name, s in sessions.items()}
    {'session_a': (5, (1, 4000, 12, 10)), 'session_b': (5, (1, 4000, 12, 10))}
    """
    root = Path(path)
    if (mean is None) != (sd is None):
        raise InputError("mean and sd belong together", found=f"mean={mean}, sd={sd}")
    shared = {p.stem: p for p in sorted(root.glob("stimuli/*.npy"))}
    files = [_read(p) for p in sorted([*root.glob("*.h5"), *root.glob("*.hdf5")])]
    if not files:
        raise NotFoundError("there is no session (*.h5) in this folder", path=root)
    movies = {name: arrays.load(p, mapped=True) for name, p in shared.items()}
    found = [f"{f.path.name}: {p}" for f in files for p in _problems(f, movies, test_names)]
    found += _not_finite(files, movies)
    if found:
        raise problems("the recordings do not fit together", found, path=root)
    held: dict[tuple[str, ...], Movie] = {}

    def movie(file: _File, names: tuple[str, ...]) -> Movie:
        own = any(name in file.stimuli for name in names)
        key = (*names, str(file.path)) if own else names
        if key not in held:
            parts = [file.stimuli.get(name, movies.get(name)) for name in names]
            frames = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)  # type: ignore[arg-type]
            encoded = mean is not None
            held[key] = Movie(frames, mean, sd, encoded=encoded, finite=True)  # type: ignore[arg-type]
        return held[key]

    return {
        f.path.stem: _session(f, test_names, movie, clip_length, recording or Recording())
        for f in files
    }


def _read(path: Path) -> _File:
    with hdf5.opened(path) as file:
        kept = {k: file[k] for k in sorted(file) if isinstance(file[k], h5py.Dataset)}
        kinds = {
            prefix: {
                k.removeprefix(prefix): take(v) for k, v in kept.items() if k.startswith(prefix)
            }
            for prefix, take in ((RESPONSES, _values), (STIMULUS, hdf5.memory_map))
        }
        info = {k: np.asarray(v[()]) for k, v in file.get(INFO, {}).items()}
    return _File(path, kinds[RESPONSES], kinds[STIMULUS], info)


def _values(item: h5py.Dataset) -> npt.NDArray[Any]:
    """Read responses: numbers as float32 at once, whatever they are kept as."""
    return np.asarray(item.astype(np.float32)[...] if item.dtype.kind in "biuf" else item[...])


def _problems(file: _File, movies: Mapping[str, Any], tests: Collection[str]) -> list[str]:
    found = [f"no {RESPONSES}{name} for this test" for name in tests if name not in file.responses]
    train = [name for name in file.responses if name not in tests]
    if not train:
        found.append(f"no {RESPONSES}<name> that is not a test")
    sizes, neurons = set(), set()
    for name, responses in file.responses.items():
        stimulus = file.stimuli.get(name, movies.get(name))
        if responses.ndim != 2:
            found.append(f"{RESPONSES}{name}: shape {responses.shape}, not (neurons, time)")
            continue
        if responses.dtype.kind != "f":
            found.append(f"{RESPONSES}{name}: {responses.dtype} values, not numbers")
        neurons.add(responses.shape[0])
        if stimulus is None:
            found.append(f"{name}: neither stimuli/{name}.npy nor {STIMULUS}{name}")
        elif stimulus.ndim != 4:
            found.append(f"{name}: shape {stimulus.shape}, not (channels, time, height, width)")
        else:
            sizes.add((stimulus.shape[0], *stimulus.shape[2:]))
            if stimulus.shape[1] != responses.shape[1]:
                found.append(
                    f"{name}: {responses.shape[1]} response values for {stimulus.shape[1]} frames"
                )
    if len(neurons) > 1:
        found.append(f"different numbers of neurons: {sorted(neurons)}")
    if len(sizes) > 1:
        found.append(f"different (channels, height, width): {sorted(sizes)}")
    return found


def _not_finite(files: Collection[_File], movies: Mapping[str, Any]) -> list[str]:
    """List the stimuli that are used and hold NaN or infinite values."""
    used = {
        f"stimuli/{name}.npy": movies[name]
        for file in files
        for name in file.responses
        if name in movies and name not in file.stimuli
    } | {
        f"{file.path.name}: {STIMULUS}{name}": stimulus
        for file in files
        for name, stimulus in file.stimuli.items()
        if name in file.responses
    }
    return [
        f"{where}: {problem}"
        for where, stimulus in used.items()
        if stimulus.ndim == 4
        for problem in not_finite(stimulus)
    ]


def _session(
    file: _File, tests: Collection[str], movie: Any, clip_length: int, recording: Recording
) -> Session:
    names = tuple(name for name in file.responses if name not in tests)
    neurons = len(file.responses[names[0]])
    table = {k: v for k, v in file.info.items() if v.ndim and len(v) == neurons}
    return assemble(
        file.path.stem,
        train=Stimulus.whole(movie(file, names)),
        responses=np.concatenate([file.responses[name] for name in names], axis=1),
        tests={
            name: Test(Stimulus.whole(movie(file, (name,))), file.responses[name]) for name in tests
        },
        clip_length=clip_length,
        blocks=[file.responses[name].shape[1] for name in names],
        recording=recording,
        neurons=table,
        path=file.path,
    )
