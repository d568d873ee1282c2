"""The small file that says what belongs to a set: shards, counts, checksums, modalities."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from neural_shards.formats import kind
from neural_shards.index import ShardIndex
from neural_shards.names import METADATA, is_shard
from neural_shards.values import plain_dtype
from neuroai_core.errors import DataError
from neuroai_core.files import atomic_write

NAME = "dataset_metadata.json"
FORMAT = "neural-shards"
VERSION = 1


@dataclass(frozen=True)
class Shard:
    """A shard as its set's manifest knows it.

    Parameters
    ----------
    name
        File name in the folder.
    samples
        How many samples it holds.
    bytes
        Size of the file.
    sha256
        Of the file, in hexadecimal.
    index
        BLAKE2b of its index, in hexadecimal: the same for the same members.
    """

    name: str
    samples: int
    bytes: int
    sha256: str
    index: str


@dataclass(frozen=True)
class Manifest:
    """What ``dataset_metadata.json`` says; its size grows with the shards, not the samples.

    Parameters
    ----------
    shards
        All of them, in order.
    modalities
        By name: ``kind`` ("array", "json", "bytes" ...), and of arrays
        ``dtype`` and ``shape``, in which None stands where samples differ.
    shard_size, compression
        As the set was written.
    metadata
        What the writer was given about the whole set.
    """

    shards: tuple[Shard, ...]
    modalities: Mapping[str, Mapping[str, Any]]
    shard_size: int
    compression: str
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def total_samples(self) -> int:
        """The samples of all shards."""
        return sum(shard.samples for shard in self.shards)

    def summary(self) -> dict[str, Any]:
        """Give it as plain values, as it is written."""
        return {
            "format": FORMAT,
            "format_version": VERSION,
            "total_samples": self.total_samples,
            "total_shards": len(self.shards),
            "shard_size": self.shard_size,
            "compression": self.compression,
            "modalities": {name: dict(value) for name, value in self.modalities.items()},
            "metadata": dict(self.metadata),
            "shards": [asdict(shard) for shard in self.shards],
        }

    def write(self, folder: Path) -> dict[str, Any]:
        """Write it into a folder, whole or not at all, and give what it says."""
        summary = self.summary()
        content = {**summary, "checksum": _checksum(summary)}
        atomic_write(folder / NAME, json.dumps(content, indent=1) + "\n")
        return summary

    @classmethod
    def from_bytes(cls, content: bytes, path: object) -> Manifest:
        """Read it back.

        Raises
        ------
        DataError
            If it is damaged, of a later format version, or not ours.
        """
        if is_foreign(content):
            raise DataError(
                "this file is no manifest of neural-shards",
                path=path,
                expected=f'JSON with "format": "{FORMAT}"',
            )
        try:
            read = json.loads(content.decode())
            version = read["format_version"] if read["format"] == FORMAT else None
        except (ValueError, TypeError, KeyError, RecursionError):
            raise _damaged(path) from None
        if version != VERSION:
            raise DataError(
                "this set is of another format version",
                path=path,
                expected=f"{FORMAT} {VERSION}",
                found=f"{read['format']} {version}",
                hint="a newer neural-shards may read it",
            )
        checksum = read.pop("checksum", None)
        if checksum != _checksum(read):
            raise _damaged(path)
        try:
            shards = tuple(Shard(**shard) for shard in read["shards"])
            parts = (read[key] for key in ("modalities", "shard_size", "compression", "metadata"))
            manifest = cls(shards, *parts)
            manifest._check()
        except (TypeError, KeyError, ValueError, AttributeError):
            raise _damaged(path) from None
        return manifest

    def _check(self) -> None:
        """Raise `ValueError` for what no writer writes: a checksum is no proof of good will."""
        for shard in self.shards:
            plain = is_shard(shard.name) and not {"/", "\\"} & set(shard.name)
            if not plain or not _is_count(shard.samples) or not _is_count(shard.bytes):
                raise ValueError(f"{shard} is no shard")
        for name, entry in self.modalities.items():
            if entry.get("dtype") is not None:
                plain_dtype(entry["dtype"])
            if not all(n is None or _is_count(n) for n in entry.get("shape") or ()):
                raise ValueError(f"{name} has no shape")
        if not _is_count(self.shard_size) or not isinstance(self.metadata, dict):
            raise ValueError("this is no shard set")


def is_foreign(content: bytes) -> bool:
    """Say whether a file of the manifest's name is another program's, as NeuroFMX writes one.

    That is JSON without any mark of ours; what is damaged still has one of
    its marks, or is no JSON.
    """
    try:
        read = json.loads(content.decode())
    except (ValueError, RecursionError):
        return False
    return isinstance(read, dict) and not {"format", "format_version", "checksum"} & set(read)


def describe(index: ShardIndex) -> dict[str, dict[str, Any]]:
    """Say what the modalities of a shard are."""
    found: dict[str, dict[str, Any]] = {}
    samples: dict[str, int] = {}
    for column in index.columns:
        name, there = column.modality, column.offset != 0
        rows = column.shape[there]
        entry: dict[str, Any] = {"kind": kind(column.suffix)}
        if column.dtype is not None and len(rows):
            same = (rows == rows[0]).all(axis=0)
            shape = [int(n) if s else None for n, s in zip(rows[0], same, strict=True)]
            entry |= {"dtype": column.dtype, "shape": shape}
        found[name] = _common(found[name], entry) if name in found else entry
        samples[name] = samples.get(name, 0) + int(there.sum())
    found.pop(METADATA, None)
    for name, entry in found.items():
        if samples[name] < len(index):
            entry["optional"] = True
    return found


def combine(
    a: Mapping[str, Mapping[str, Any]] | None, b: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Join the descriptions of two shards; None stands where they differ.

    What only one of them has is optional. `a` is None before the first shard.
    """
    if a is None:
        return {name: dict(entry) for name, entry in b.items()}
    return {
        name: _common(a[name], b[name])
        if name in a and name in b
        else {**(a[name] if name in a else b[name]), "optional": True}
        for name in [*a, *(name for name in b if name not in a)]
    }


def _common(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    keys = [*a, *(key for key in b if key not in a)]
    common = {key: a.get(key) if a.get(key) == b.get(key) else None for key in keys}
    x, y = a.get("shape"), b.get("shape")
    if x is not None and y is not None and len(x) == len(y):
        common["shape"] = [m if m == n else None for m, n in zip(x, y, strict=True)]
    if "optional" in common:
        common["optional"] = True
    return common


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _checksum(summary: Mapping[str, Any]) -> str:
    canonical = json.dumps(summary, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _damaged(path: object) -> DataError:
    return DataError(
        "the manifest of a shard set is damaged",
        path=path,
        hint="make it anew from the shards with: neural-shards index FOLDER",
    )
