"""Arrays in .npy and .npz files as a source of samples."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neural_shards.array_file import ArrayFile
from neural_shards.parallel import Sample
from neuroai_core.errors import DataError, InputError, NotFoundError, check_known


class ArrayFileSource:
    """Sessions of arrays in files, one after the other, as samples.

    Parameters
    ----------
    paths
        ``.npz`` files, each a session with a modality an array; ``.npy``
        files, together one session with a modality a file; folders of either.
    modalities
        Which to take; None takes all.

    Raises
    ------
    InputError
        If the sessions have different modalities, or the modalities of one
        different numbers of samples.
    """

    def __init__(self, paths: Sequence[Path], modalities: Sequence[str] | None = None) -> None:
        self._sessions = [_chosen(session, modalities) for session in _sessions(paths)]
        self._ends = np.cumsum([_length(session) for session in self._sessions])
        first = set(self._sessions[0])
        for session in self._sessions:
            if set(session) != first:
                raise InputError(
                    "the files hold different modalities",
                    path=next(iter(session.values())).path,
                    expected=", ".join(sorted(first)),
                    found=", ".join(sorted(session)),
                    hint="choose what all of them have with modalities (--modalities)",
                )

    def __len__(self) -> int:
        return int(self._ends[-1])

    def samples(self, start: int, stop: int) -> Iterator[Sample]:
        """Give the samples from `start` up to `stop`, with the file and the row of each."""
        begin = 0
        for session, end in zip(self._sessions, self._ends.tolist(), strict=True):
            low, high = max(start, begin), min(stop, end)
            if low < high:
                rows = [array.rows(low - begin, high - begin) for array in session.values()]
                name = _name(session)
                for row, values in enumerate(zip(*rows, strict=True), low - begin):
                    metadata = {"source": name, "row": row}
                    yield dict(zip(session, values, strict=True)), metadata
            begin = end

    def metadata(self) -> dict[str, Any]:
        """Give what is stored once for the whole set: where the samples come from, in order."""
        sessions = []
        for session in self._sessions:
            paths = dict.fromkeys(array.path for array in session.values())
            nbytes = sum(path.stat().st_size for path in paths)
            sessions.append(
                {"source": _name(session), "samples": _length(session), "bytes": nbytes}
            )
        return {"sessions": sessions}

    def identity(self) -> str:
        """Say which files, of which sizes and times."""
        paths = {array.path: None for session in self._sessions for array in session.values()}
        parts = [(str(path.resolve()), path.stat()) for path in paths]
        return repr(
            [
                [(name, s.st_size, s.st_mtime_ns) for name, s in parts],
                [list(session) for session in self._sessions],
            ]
        )


_Session = dict[str, ArrayFile]


def _sessions(paths: Sequence[Path]) -> list[_Session]:
    files = [file for path in paths for file in _files(path)]
    sessions = [_npz(file) for file in files if file.suffix == ".npz"]
    folders: dict[Path, list[Path]] = {}
    for file in files:
        if file.suffix == ".npy":
            folders.setdefault(file.parent, []).append(file)
    groups = folders.values()
    return sessions + [_named((f.stem, ArrayFile(f)) for f in group) for group in groups]


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        inside = sorted(p for p in path.rglob("*") if p.suffix in (".npy", ".npz"))
        if not inside:
            raise NotFoundError("there is no .npy or .npz file in this folder", path=path)
        return inside
    if not path.is_file():
        raise NotFoundError("there is no such file", path=path)
    if path.suffix not in (".npy", ".npz"):
        raise InputError("this is no file of arrays", path=path, expected=".npy or .npz")
    return [path]


def _npz(path: Path) -> _Session:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [n.removesuffix(".npy") for n in archive.namelist() if n.endswith(".npy")]
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError("this is no .npz file", path=path, found=str(error)) from error
    if not names:
        raise DataError("there is no array in this file", path=path)
    return _named((name, ArrayFile(path, name)) for name in names)


def _named(arrays: Iterable[tuple[str, ArrayFile]]) -> _Session:
    """Make modality names of the names that people give arrays: ``"Left Eye"`` is left_eye."""
    session: _Session = {}
    for name, array in arrays:
        plain = re.sub(r"[^a-z0-9_-]+", "_", name.lower()).strip("_-")
        if plain in session:
            raise InputError("two arrays would have the same name", path=array.path, key=plain)
        session[plain] = array
    return session


def _chosen(session: _Session, modalities: Sequence[str] | None) -> _Session:
    if modalities is None:
        return session
    path = os.fspath(next(iter(session.values())).path)
    check_known("modality", modalities, session, path=path)
    return {name: session[name] for name in modalities}


def _name(session: _Session) -> str:
    """Name a session by its .npz, or by the folder of its .npy."""
    path = next(iter(session.values())).path
    return path.name if path.suffix == ".npz" else path.parent.name


def _length(session: Mapping[str, ArrayFile]) -> int:
    lengths = {name: len(array) for name, array in session.items()}
    if len(set(lengths.values())) != 1:
        raise InputError(
            "the arrays of a session have different numbers of samples",
            path=next(iter(session.values())).path,
            expected="the same length of all first axes",
            found=", ".join(f"{name}: {n}" for name, n in lengths.items()),
        )
    return next(iter(lengths.values()))
