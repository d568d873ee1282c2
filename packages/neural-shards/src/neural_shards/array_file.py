"""One array in a .npy or .npz file, read by rows, whatever its size."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from neural_shards.stack import Array
from neural_shards.values import LONGEST_HEADER, Layout, read_layout
from neuroai_core.errors import DataError, InputError

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
