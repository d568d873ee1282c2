"""Arrays in .npy and .npz files as a source of samples, whatever their size."""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from neural_shards.parallel import Sample
from neural_shards.stack import Array
from neural_shards.values import LONGEST_HEADER, Layout, read_layout
from neuroai_core.errors import DataError, InputError, NotFoundError, check_known

#: Bytes of a zip's local header before its two variable fields.
_LOCAL_HEADER = 30
_PIECE = 1 << 22


class ArrayFile:
    """One array in a file, read by rows of its first axis.

    A .npy, and a member of a .npz that is not compressed, is mapped into
    memory. A compressed member is read as a stream; rows in order cost
    nothing extra, going back begins anew.

    Parameters
    ----------
    path
        The file.
    member
        Name of the array in a .npz; None for a .npy.
    """

    def __init__(self, path: Path, member: str | None = None) -> None:
        self.path = path
        self.member = member
        with self._open() as stream:
            self.layout: Layout = read_layout(stream.read(LONGEST_HEADER + 12), self._where())
        if not self.layout.shape:
            raise DataError("an array has no axis that counts samples", **self._where())
        self._offset = self._find()
        self._forget()

    def _forget(self) -> None:
        self._map: Array | None = None
        self._stream: IO[bytes] | None = None
        self._next = 0

    def __len__(self) -> int:
        return self.layout.shape[0]

    def rows(self, start: int, stop: int) -> Iterator[Array]:
        """Give the rows from `start` up to `stop`, in order."""
        if self._offset is None:
            yield from self._read_rows(start, stop)
            return
        if self._map is None:
            layout = self.layout
            order: Any = "F" if layout.fortran else "C"
            at = self._offset + layout.start
            try:
                self._map = np.memmap(self.path, layout.dtype, "r", at, layout.shape, order)
            except (ValueError, OSError) as error:
                raise DataError("an array is cut short", **self._where()) from error
        for row in range(start, stop):
            yield self._map[row, ...]

    def _read_rows(self, start: int, stop: int) -> Iterator[Array]:
        if self.layout.fortran:
            raise InputError(
                "a compressed array in Fortran order cannot be read by rows",
                **self._where(),
                hint="save it with np.savez, or in C order",
            )
        shape, dtype = self.layout.shape[1:], self.layout.dtype
        size = int(np.prod(shape, dtype=object)) * dtype.itemsize
        if self._stream is None or self._next != start:
            self._stream = self._open()
            self._skip(self.layout.start + start * size)
        for row in range(start, stop):
            content = self._take(size)
            self._next = row + 1
            yield np.frombuffer(content, dtype).reshape(shape)

    def _skip(self, size: int) -> None:
        while size > 0:
            size -= len(self._take(min(size, _PIECE)))

    def _take(self, size: int) -> bytes:
        try:
            content = self._stream.read(size) if self._stream is not None else b""
        except (zlib.error, zipfile.BadZipFile, OSError, EOFError) as error:
            raise DataError("an array is damaged", **self._where(), found=str(error)) from error
        if len(content) != size:
            raise DataError("an array is cut short", **self._where())
        return content

    def _open(self) -> IO[bytes]:
        if self.member is None:
            return open(self.path, "rb")
        try:
            return zipfile.ZipFile(self.path).open(f"{self.member}.npy")
        except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
            raise DataError("this is no .npz file", path=self.path, found=str(error)) from error

    def _find(self) -> int | None:
        """Give where the .npy begins in the file, None where it is compressed."""
        if self.member is None:
            return 0
        with zipfile.ZipFile(self.path) as archive:
            info = archive.getinfo(f"{self.member}.npy")
        if info.compress_type != zipfile.ZIP_STORED:
            return None
        with open(self.path, "rb") as file:
            file.seek(info.header_offset)
            head = file.read(_LOCAL_HEADER)
        names = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        return info.header_offset + _LOCAL_HEADER + names

    def _where(self) -> dict[str, Any]:
        return {"path": self.path, "key": self.member}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_map": None, "_stream": None, "_next": 0}


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
                source = next(iter(session.values())).path
                name = source.name if source.suffix == ".npz" else source.parent.name
                for row, values in enumerate(zip(*rows, strict=True), low - begin):
                    metadata = {"source": name, "row": row}
                    yield dict(zip(session, values, strict=True)), metadata
            begin = end

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
