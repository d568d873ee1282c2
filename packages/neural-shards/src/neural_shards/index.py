"""Where every member of a shard lies: built from the tar, kept beside it, checked when read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import google_crc32c
import numpy as np
import numpy.typing as npt

from neural_shards.formats import is_compressed, modality
from neural_shards.values import Layout, plain_dtype
from neuroai_core.errors import DataError

MAGIC = b"NSINDEX1"
#: What is put behind the name of a shard to name its index.
ENDING = ".idx"
DIGEST = 16

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Column:
    """The members of one suffix and layout, a row a sample of the shard.

    Parameters
    ----------
    suffix
        What stands behind the key: ``spikes.npy``.
    dtype, ndim, fortran
        Of the arrays; dtype None where the members are none.
    offset, size
        Bytes, shape ``(samples,)``: where a member's content starts in the
        tar, and its length. An offset of 0 says that the sample has none.
    shape
        Shape ``(samples, ndim)``.
    crc
        CRC-32C of the content, shape ``(samples,)``.
    """

    suffix: str
    dtype: str | None
    ndim: int
    fortran: bool
    offset: Ints
    size: Ints
    shape: Ints
    crc: npt.NDArray[np.uint32]

    @cached_property
    def modality(self) -> str:
        """The modality of the members."""
        return modality(self.suffix)

    @cached_property
    def common_shape(self) -> tuple[int, ...] | None:
        """The shape of the array of every sample, None if they differ or one is missing.

        Compressed and Fortran-ordered arrays have none: they are not copied as they lie.
        """
        plain = self.dtype is not None and not self.fortran and not is_compressed(self.suffix)
        if not plain or not self.offset.all() or not (self.shape == self.shape[:1]).all():
            return None
        return tuple(int(n) for n in self.shape[0])


@dataclass(frozen=True)
class ShardIndex:
    """The members of a shard: keys of its samples in order, and the columns.

    `tar_bytes` is the length of the tar, before compression.
    """

    tar_bytes: int
    keys: npt.NDArray[np.bytes_]
    columns: tuple[Column, ...]

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def digest(self) -> str:
        """BLAKE2b of the index, in hexadecimal: the same for the same members."""
        return self.to_bytes()[-DIGEST:].hex()

    def to_bytes(self) -> bytes:
        """Write it: magic, length and JSON of the header, the arrays, a BLAKE2b of all."""
        head = {
            "samples": len(self.keys),
            "tar_bytes": self.tar_bytes,
            "key_bytes": self.keys.dtype.itemsize,
            "columns": [[c.suffix, c.dtype, c.ndim, c.fortran] for c in self.columns],
        }
        text = json.dumps(head, separators=(",", ":")).encode()
        parts = [MAGIC, len(text).to_bytes(4, "little"), text, self.keys.tobytes()]
        for c in self.columns:
            parts += [a.astype("<i8").tobytes() for a in (c.offset, c.size, c.shape)]
            parts.append(c.crc.astype("<u4").tobytes())
        content = b"".join(parts)
        return content + _digest(content)

    @classmethod
    def from_bytes(cls, content: bytes, path: object) -> ShardIndex:
        """Read it back.

        Raises
        ------
        DataError
            If a byte is not as it was written.
        """
        if content[:8] != MAGIC or _digest(content[:-DIGEST]) != content[-DIGEST:]:
            raise _damaged(path)
        try:
            return cls._read(content, path)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise _damaged(path) from error

    @classmethod
    def _read(cls, content: bytes, path: object) -> ShardIndex:
        length = int.from_bytes(content[8:12], "little")
        head = json.loads(content[12 : 12 + length].decode())
        n, at = _count(head["samples"]), 12 + length

        def take(dtype: str, count: int) -> npt.NDArray[Any]:
            nonlocal at
            array = np.frombuffer(content, dtype, count, at)
            at += array.nbytes
            return array

        keys, columns = take(f"S{_count(head['key_bytes'])}", n), []
        for suffix, dtype, ndim, fortran in head["columns"]:
            if not isinstance(suffix, str) or not isinstance(dtype, str | None):
                raise _damaged(path)
            offset, size, shape = take("<i8", n), take("<i8", n), take("<i8", n * _count(ndim))
            crc = take("<u4", n)
            shape = shape.reshape(n, ndim)
            columns.append(Column(suffix, dtype, ndim, bool(fortran), offset, size, shape, crc))
        for key in keys.tolist():
            key.decode()
        index = cls(_count(head["tar_bytes"]), keys, tuple(columns))
        if at != len(content) - DIGEST or not index._is_sound():
            raise _damaged(path)
        return index

    def _is_sound(self) -> bool:
        """Say whether every member lies inside the tar and every array inside its member."""
        for c in self.columns:
            there = c.offset != 0
            if (c.offset < 0).any() or (c.size < 0).any() or (c.shape < 0).any():
                return False
            if (c.offset > self.tar_bytes - c.size)[there].any():
                return False
            if c.dtype is None:
                continue
            item = plain_dtype(c.dtype).itemsize
            if not is_compressed(c.suffix):
                # In float64, whose rounding is far below a header's length, nothing overflows.
                nbytes = np.prod(c.shape.astype(float), axis=1) * item
                if (nbytes > c.size)[there].any():
                    return False
        return True


class IndexBuilder:
    """Collects the members of a shard as they are written or found."""

    def __init__(self) -> None:
        self._keys: list[str] = []
        self._rows: dict[tuple[str, str | None, int, bool], list[tuple[Any, ...]]] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def add_sample(self, key: str) -> None:
        """Begin a sample; the members that follow are its."""
        self._keys.append(key)

    def add_member(
        self, suffix: str, layout: Layout | None, offset: int, size: int, crc: int
    ) -> None:
        """Add a member of the sample begun last."""
        kind: tuple[str, str | None, int, bool] = (suffix, None, 0, False)
        if layout is not None:
            kind = (suffix, layout.dtype.str, len(layout.shape), layout.fortran)
        shape = () if layout is None else layout.shape
        self._rows.setdefault(kind, []).append((len(self._keys) - 1, offset, size, shape, crc))

    def build(self, tar_bytes: int) -> ShardIndex:
        """Make the index of a tar of so many bytes."""
        n, columns = len(self._keys), []
        for (suffix, dtype, ndim, fortran), rows in self._rows.items():
            at = [row[0] for row in rows]
            offset, size = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
            shape, crc = np.zeros((n, ndim), dtype=np.int64), np.zeros(n, dtype=np.uint32)
            offset[at], size[at] = [r[1] for r in rows], [r[2] for r in rows]
            shape[at], crc[at] = (
                np.array([r[3] for r in rows], dtype=np.int64).reshape(len(rows), ndim),
                [r[4] for r in rows],
            )
            columns.append(Column(suffix, dtype, ndim, fortran, offset, size, shape, crc))
        keys = np.array([k.encode() for k in self._keys] or [], dtype=np.bytes_)
        return ShardIndex(tar_bytes, keys, tuple(columns))


def crc32c(parts: Iterable[bytes | npt.NDArray[np.uint8]]) -> int:
    """Give the CRC-32C (Castagnoli) of some bytes in parts."""
    value = 0
    for part in parts:
        value = google_crc32c.extend(value, part)
    return int(value)


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=DIGEST).digest()


def _damaged(path: object) -> DataError:
    return DataError(
        "the index of a shard is damaged",
        path=path,
        hint="make it anew with: neural-shards index FOLDER",
    )
