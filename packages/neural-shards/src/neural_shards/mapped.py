"""A tar mapped into memory; a compressed one is unpacked into a nameless file first."""

from __future__ import annotations

import bz2
import gzip
import lzma
import mmap
import tempfile
import zlib
from pathlib import Path
from typing import IO, Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import DataError, NotFoundError

Bytes: TypeAlias = npt.NDArray[np.uint8]

#: What is not indexed may unpack to so many times its size, and 1 GiB at least.
MAX_RATIO = 200

_PIECE = 1 << 20
_OPENERS = {".gz": gzip.open, ".tgz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_BROKEN = (OSError, EOFError, lzma.LZMAError, zlib.error)


def mapped(path: Path, stated: int | None) -> Bytes:
    """Map a tar into memory, shape ``(bytes,)``; `stated` is its length, if that is known."""
    opener = _OPENERS.get(path.suffix)
    try:
        with open(path, "rb") as file:
            if opener is None:
                return _map_file(file, path)
            size = file.seek(0, 2)
            limit = max(MAX_RATIO * size, 1 << 30) if stated is None else stated
            with tempfile.TemporaryFile() as plain:
                _unpack(path, opener, cast("IO[bytes]", plain), limit)
                return _map_file(cast("IO[bytes]", plain), path)
    except FileNotFoundError:
        raise NotFoundError("a shard is missing", path=path) from None


def _map_file(file: IO[bytes], path: Path) -> Bytes:
    if file.seek(0, 2) == 0:
        raise DataError("a shard is cut short", path=path, found="0 bytes")
    return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), dtype=np.uint8)


def _unpack(path: Path, opener: Any, plain: IO[bytes], limit: int) -> None:
    with opener(path, "rb") as packed:
        while True:
            try:
                piece = packed.read(_PIECE)
            except _BROKEN as error:
                raise DataError(
                    "a compressed shard is damaged", path=path, found=str(error)
                ) from None
            if not piece:
                break
            plain.write(piece)
            if plain.tell() > limit:
                raise DataError(
                    "a compressed shard unpacks to too much",
                    path=path,
                    expected=f"{limit} bytes at most",
                )
    plain.flush()
