"""A folder of shards as one sequence of samples with random access."""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards import folder, names
from neural_shards.index import ENDING, ShardIndex
from neural_shards.manifest import NAME, Manifest, Shard, combine, describe, is_foreign
from neural_shards.remote import RemoteFolder
from neural_shards.shard import OpenShard
from neuroai_core.errors import (
    DataError,
    InputError,
    NotFoundError,
    check_known,
    problems,
    strict_arguments,
)
from neuroai_core.rng import digest

#: Shards kept open at a time; each holds a file handle.
MAX_OPEN = 256
MAX_OPEN_COMPRESSED = 4


class ShardSet:
    """All samples of a folder of shards, by number.

    Opening reads the manifest and compares the files with it; shards are
    opened when a sample of theirs is asked for. A folder of tars without
    manifest is a set too: its shards are looked through first.

    Parameters
    ----------
    shard_dir
        The folder, or the URL of one (``s3://...``) with a manifest: its shards
        are fetched when they are needed, checked, and kept.
    shard_pattern
        Which files are shards, as ``"train-*.tar"``; only for a folder
        without manifest. None: all tars.
    check
        Compare the checksum of every member that is read with the index; a
        tar without manifest and index has none, and its state is good for the
        file with this time of change only.
    on_error
        ``"raise"``: a damaged, missing or additional shard is an error.
        ``"skip"``: those that cannot be read count as damaged samples.
    allow_pickle
        Read the ``.pyd`` pickles of sets that NeuroFMX wrote, through an
        unpickler that knows NumPy arrays and torch tensors and nothing else;
        they come as NumPy arrays.
    cache_dir, cache_bytes, storage_options
        For a set elsewhere; see `RemoteFolder`.

    Raises
    ------
    NotFoundError
        If there is no such folder, or no shard in it.
    DataError
        If the files are not those that the manifest lists; all differences
        are named.

    Examples
    --------
    >>> import numpy as np
    >>> from neural_shards import create_shards_from_arrays
    >>> _ = create_shards_from_arrays("shards", {"spikes": np.arange(12).reshape(4, 3)})
    >>> shards = ShardSet("shards")
    >>> len(shards), shards.sample(2)["spikes"]
    (4, array([6, 7, 8]))
    """

    @strict_arguments
    def __init__(
        self,
        shard_dir: str | os.PathLike[str],
        shard_pattern: str | None = None,
        *,
        check: bool = True,
        on_error: str = "raise",
        allow_pickle: bool = False,
        cache_dir: str | os.PathLike[str] | None = None,
        cache_bytes: int | None = None,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        check_known("policy", [on_error], ("raise", "skip"), key="on_error")
        self._remote: RemoteFolder | None = None
        if "://" in os.fspath(shard_dir):
            self._remote = RemoteFolder(
                os.fspath(shard_dir),
                cache_dir=cache_dir,
                cache_bytes=cache_bytes,
                options=storage_options,
            )
        self.path = Path(shard_dir) if self._remote is None else self._remote.folder
        self._check = check
        self._allow_pickle = allow_pickle
        self._skip = on_error == "skip"
        self._open: OrderedDict[int, OpenShard] = OrderedDict()
        _check_folder(self.path)
        if folder.is_unfinished(self.path):
            raise DataError(
                "this set was not finished",
                path=self.path,
                hint="run again what wrote it, or take what is there: neural-shards index FOLDER",
            )
        #: When shards without index were changed: what is known of their content without reading.
        self._times: dict[object, int] = {}
        self.manifest = self._read_manifest(shard_pattern)
        if self.manifest is not None:
            self.shards: tuple[Shard, ...] = self.manifest.shards
            self._compare()
        else:
            self.shards = self._look_through(shard_pattern)
        counts = np.array([shard.samples for shard in self.shards], dtype=np.int64)
        self.blocks: npt.NDArray[np.int64] = counts
        self._ends = np.cumsum(counts)
        parts = [[s.name, s.samples, s.bytes, s.index] for s in self.shards]
        for part in parts:
            part += [self._times[name] for name in part[:1] if name in self._times]
        self.fingerprint = digest(json.dumps(parts), size=8).hex()

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def locate(self, indices: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Give the shard, and the row in it, of samples by number."""
        at = np.asarray(indices, dtype=np.int64)
        if at.size and (at.min() < 0 or at.max() >= len(self)):
            raise InputError(
                "there is no such sample", key="indices", expected=f"0 to {len(self) - 1}", found=at
            )
        shard = np.searchsorted(self._ends, at, side="right")
        return shard, at - (self._ends[shard] - self.blocks[shard])

    def open(self, number: int) -> OpenShard:
        """Open a shard, or give it again if it is still open."""
        if number in self._open:
            self._open.move_to_end(number)
            return self._open[number]
        shard = self.shards[number]
        opened = self._open[number] = self._open_shard(shard)
        limit = MAX_OPEN if shard.name.endswith(".tar") else MAX_OPEN_COMPRESSED
        while len(self._open) > limit:
            self._open.popitem(last=False)
        return opened

    def sample(self, index: int, modalities: Sequence[str] | None = None) -> dict[str, Any]:
        """Read one sample: its modalities and ``"metadata"``, by name."""
        shard, row = self.locate([index])
        wanted = None if modalities is None else frozenset(modalities)
        return self.open(int(shard[0])).sample(int(row[0]), wanted)

    def file(self, shard: Shard) -> Path:
        """Give the path of a shard on this machine; one that lies elsewhere is fetched."""
        return self.path / shard.name if self._remote is None else self._remote.fetch(shard)

    @cached_property
    def modalities(self) -> dict[str, dict[str, Any]]:
        """What the modalities are: kind, of arrays type and shape, whether samples lack it."""
        found: Mapping[str, Mapping[str, Any]] | None = None
        if self.manifest is not None:
            found = self.manifest.modalities
        else:
            for number in range(len(self.shards)):
                found = combine(found, describe(self.open(number).index))
        return {name: dict(entry) for name, entry in (found or {}).items()}

    def _read_manifest(self, pattern: str | None) -> Manifest | None:
        path = self.path / NAME
        if self._remote is not None:
            return Manifest.from_bytes(self._remote.manifest(), f"{self._remote.url}/{NAME}")
        if pattern is not None or not path.exists():
            return None
        content = path.read_bytes()
        return None if is_foreign(content) else Manifest.from_bytes(content, path)

    def _compare(self) -> None:
        """Compare what lies in the folder with the manifest; name every difference."""
        known = {shard.name: shard for shard in self.shards}
        if self._remote is not None:
            there = self._remote.sizes()
        else:
            with os.scandir(self.path) as entries:
                shards = (entry for entry in entries if names.is_shard(entry.name))
                there = {entry.name: entry.stat().st_size for entry in shards}
        found = [f"{name} is missing" for name in known if name not in there]
        found += [
            f"{name} is not in the manifest"
            for name in sorted(there)
            if names.is_shard(name) and name not in known
        ]
        for name, shard in known.items():
            if name in there and (size := there[name]) != shard.bytes:
                found.append(f"{name} has {size} bytes, not {shard.bytes}")
        if found and not self._skip:
            raise problems("the shards are not those of the manifest", found, path=self.path)

    def _look_through(self, pattern: str | None) -> tuple[Shard, ...]:
        """List the shards of a folder without manifest, counting their samples."""
        paths = shard_files(self.path, pattern)
        shards = []
        for path in paths:
            beside, stat = read_index(path), path.stat()
            index = OpenShard(path, beside, check=False).index
            shards.append(Shard(path.name, len(index), stat.st_size, "", index.digest))
            if beside is None:
                self._times[path.name] = stat.st_mtime_ns
        return tuple(shards)

    def _open_shard(self, shard: Shard) -> OpenShard:
        path = self.file(shard)
        # What the manifest knows is compared even where the index has to be made anew.
        index = read_index(path)
        check = self._check and (self.manifest is not None or index is not None)
        options = {"check": check, "partial": self._skip, "allow_pickle": self._allow_pickle}
        opened = OpenShard(path, index, **options)
        if opened.index.digest != shard.index or len(opened) != shard.samples:
            raise DataError(
                "the index of a shard is not the one that the set was opened with",
                path=path,
                hint="if the shard was changed on purpose: neural-shards index FOLDER",
            )
        return opened

    def __getstate__(self) -> dict[str, Any]:
        # Maps do not travel to another process; it opens its own.
        return {**self.__dict__, "_open": OrderedDict()}


def shard_files(path: Path, pattern: str | None) -> list[Path]:
    """List the shards in a folder by name, all or those of a pattern."""
    _check_folder(path)
    found = sorted(file for file in path.glob(pattern or "*") if names.is_shard(file.name))
    if not found:
        raise NotFoundError("there are no shards in this folder", path=path / (pattern or ""))
    return found


def _check_folder(path: Path) -> None:
    if not path.is_dir():
        raise NotFoundError("there is no such folder of shards", path=path)


def read_index(path: Path) -> ShardIndex | None:
    """Read the index beside a shard; None if there is none."""
    beside = path.with_name(path.name + ENDING)
    try:
        content = beside.read_bytes()
    except FileNotFoundError:
        return None
    return ShardIndex.from_bytes(content, beside)
