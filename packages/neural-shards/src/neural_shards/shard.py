"""One shard open for reading: a map of its tar, and its index."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neural_shards.formats import PICKLES, decode, is_compressed, kind, modality, unpack
from neural_shards.index import Column, IndexBuilder, ShardIndex, crc32c
from neural_shards.mapped import MAX_RATIO, Bytes, mapped
from neural_shards.names import LONGEST, split_member
from neural_shards.tar import BLOCK, scan
from neural_shards.unpickle import unpickle
from neural_shards.values import LONGEST_HEADER, Layout, read_layout
from neuroai_core.errors import DataError


class OpenShard:
    """Reads the samples of a shard by row.

    Parameters
    ----------
    path
        Of the shard.
    index
        Its index; None makes it from the tar.
    check
        Compare the CRC-32C of every member with the index when it is read for
        the first time, or compute it for the index that is made.
    allow_pickle
        Read NumPy arrays and torch tensors from ``.pyd`` members, and nothing else.
    partial
        Open a shard that is cut short, for the samples that are whole.

    Raises
    ------
    DataError
        If the file is damaged, or is not the one of the index.
    """

    def __init__(
        self,
        path: Path,
        index: ShardIndex | None = None,
        *,
        check: bool = True,
        partial: bool = False,
        allow_pickle: bool = False,
    ) -> None:
        self.path = path
        self._allow_pickle = allow_pickle
        self.buffer = mapped(path, None if index is None else index.tar_bytes)
        self.index = build_index(self.buffer, path, check=check) if index is None else index
        # What was compared once need not be again: the map is read only.
        fresh = check and index is not None
        self._unchecked = {id(c): np.full(len(self.index), fresh) for c in self.index.columns}
        if not partial and self.index.tar_bytes != len(self.buffer):
            raise _another(path, f"a tar of {self.index.tar_bytes} bytes", f"{len(self.buffer)}")
        if not partial:
            self._check_names()

    def __len__(self) -> int:
        return len(self.index)

    def key(self, row: int) -> str:
        """Give the key of a sample."""
        return bytes(self.index.keys[row]).decode()

    def where(self, column: Column, row: int) -> dict[str, Any]:
        """Say where a member is, for an error."""
        return {"path": self.path, "key": f"{self.key(row)}.{column.suffix}", "index": row}

    def content(self, column: Column, row: int) -> Bytes:
        """Give the bytes of a member as they lie in the map."""
        offset, size = int(column.offset[row]), int(column.size[row])
        content = self.buffer[offset : offset + size]
        if len(content) != size:
            raise DataError("a shard is cut short", **self.where(column, row))
        unchecked = self._unchecked[id(column)]
        if unchecked[row]:
            if crc32c((content,)) != column.crc[row]:
                where = self.where(column, row)
                raise DataError("a member is damaged", **where, expected="the CRC-32C of its index")
            unchecked[row] = False
        return content

    def value(self, column: Column, row: int) -> Any:
        """Read and decode a member; None if the sample has none."""
        if not column.offset[row]:
            return None
        content = self.content(column, row)
        where = self.where(column, row)
        if self._allow_pickle and kind(column.suffix) in PICKLES:
            return unpickle(content.tobytes(), where)
        largest = max(MAX_RATIO * len(content), 1 << 30)
        if column.dtype is not None:
            count = math.prod(column.shape[row].tolist())
            largest = count * np.dtype(column.dtype).itemsize + LONGEST_HEADER + 12
        return decode(column.suffix, content.tobytes(), where, largest=largest)

    def sample(self, row: int, wanted: frozenset[str] | None = None) -> dict[str, Any]:
        """Read and decode a sample, or the modalities of it that are wanted."""
        return {
            column.modality: self.value(column, row)
            for column in self.index.columns
            if column.offset[row] and (wanted is None or column.modality in wanted)
        }

    def gather(self, column: Column, rows: Sequence[int], out: Bytes, to: Sequence[int]) -> None:
        """Copy arrays of one shape, in C order and not compressed, into rows of `out`.

        Parameters
        ----------
        column, rows
            The arrays.
        out
            Shape ``(batch, bytes of an array)``.
        to
            Rows of `out`, one for each of `rows`.
        """
        nbytes = out.shape[1]
        buffer, ends = self.buffer, (column.offset[rows] + column.size[rows]).tolist()
        careful = self._unchecked[id(column)][rows].any() or max(ends) > len(buffer)
        for row, target, end in zip(rows, to, ends, strict=True):
            if careful:
                self.content(column, row)  # checked, it is in the processor's cache to be copied
            out[target] = buffer[end - nbytes : end]

    def _check_names(self) -> None:
        """Make sure that the tar is the indexed one, by its first and last names."""
        for column in self.index.columns:
            rows = np.flatnonzero(column.offset)
            for row in (int(rows[0]), int(rows[-1])) if len(rows) else ():
                block = self.buffer[column.offset[row] - BLOCK : column.offset[row]]
                found = block[:LONGEST].tobytes().rstrip(b"\0").decode("utf-8", "replace")
                known = f"{self.key(row)}.{column.suffix}"
                if len(found) < LONGEST and _base(found) != _base(known):
                    raise _another(self.path, known, found)


def build_index(buffer: Bytes, path: Path, *, check: bool) -> ShardIndex:
    """Make the index of a tar from its headers.

    Parameters
    ----------
    buffer
        The tar, shape ``(bytes,)``.
    path
        Of the shard, for errors.
    check
        Compute the CRC-32C of every member, which reads all of it; else they are 0.

    Raises
    ------
    DataError
        If the tar is damaged, a sample's members do not stand together, or
        two have the same name or would be the same modality.
    """
    builder = IndexBuilder()
    seen, here, named, key = set[str](), set[str](), set[str](), None
    for member in scan(buffer.data, path):
        parts = split_member(member.name)
        if parts is None:
            continue
        if parts[0] != key:
            key, here, named = parts[0], set(), set()
            if key in seen:
                raise DataError("the members of a sample do not stand together", path=path, key=key)
            seen.add(key)
            builder.add_sample(key)
        if parts[1] in here:
            raise DataError("a sample has two members of a name", path=path, key=member.name)
        if (name := modality(parts[1])) in named:
            raise DataError(
                "two members of a sample would be one modality", path=path, key=member.name
            )
        here.add(parts[1])
        named.add(name)
        content = buffer[member.offset : member.offset + member.size]
        layout = _layout(parts[1], content, {"path": path, "key": member.name})
        crc = crc32c((content,)) if check else 0
        builder.add_member(parts[1], layout, member.offset, member.size, crc)
    return builder.build(len(buffer))


def _layout(suffix: str, content: Bytes, where: dict[str, Any]) -> Layout | None:
    if kind(suffix) != "npy":
        return None
    start = content[: LONGEST_HEADER + 12].tobytes()
    if is_compressed(suffix):
        largest = max(MAX_RATIO * len(content), 1 << 30)
        start = unpack(content.tobytes(), where, largest=largest)
    layout = read_layout(start, where)
    there = len(start) if is_compressed(suffix) else len(content)
    if layout.start + layout.nbytes != there:
        raise DataError(
            "an array has not the bytes that its header states",
            **where,
            expected=f"{layout.start + layout.nbytes} for {layout.dtype} {layout.shape}",
            found=there,
        )
    return layout


def _base(name: str) -> str:
    return name.lower().rpartition("/")[2][:LONGEST]


def _another(path: Path, expected: str, found: str) -> DataError:
    return DataError(
        "a shard is not the one that was indexed",
        path=path,
        expected=expected,
        found=found,
        hint="if it was changed on purpose: neural-shards index FOLDER",
    )
