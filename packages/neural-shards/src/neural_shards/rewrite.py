"""Sets made of sets: merged, cut into other shards, indexed anew."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np

from neural_shards import folder
from neural_shards.formats import is_compressed
from neural_shards.index import ENDING
from neural_shards.manifest import NAME, Manifest, Shard, combine, describe, is_foreign
from neural_shards.names import METADATA
from neural_shards.parallel import Report, Sample, write_shards
from neural_shards.shard import OpenShard
from neural_shards.shard_set import ShardSet, shard_files
from neuroai_core.errors import DataError, InputError
from neuroai_core.files import atomic_write, checksum

_NUMBERED = re.compile(r"sample_\d{9,}")


def merge(
    shard_dirs: Sequence[str | os.PathLike[str]],
    output_dir: str | os.PathLike[str],
    *,
    shard_size: int | None = None,
    compression: str = "none",
    overwrite: bool = False,
    allow_pickle: bool = False,
    executor: Executor | None = None,
    report: Report | None = None,
) -> dict[str, Any]:
    """Write the samples of some sets, one after the other, as one new set.

    With a single folder this cuts it into shards of another size or
    compression. Numbered samples are numbered anew, samples with an id of
    their own keep it, and must differ from the others of their new shard: that
    is looked at before anything is written. Every member is checked on the way.

    Parameters
    ----------
    shard_dirs
        Folders of shards; also of tars that others wrote.
    output_dir, compression, overwrite, executor, report
        As of `write_shards`.
    shard_size
        Samples in a new shard; None takes that of the first set.
    allow_pickle
        As of `ShardSet`: pickled arrays become ``.npy``.

    Returns
    -------
    What the manifest of the new set says.

    Examples
    --------
    >>> from neural_shards import create_shards_from_arrays
    >>> for name in "ab":
    ...     _ = create_shards_from_arrays(name, {"x": np.arange(5)}, shard_size=2)
    >>> merge(["a", "b"], "together", shard_size=4)["total_shards"]
    3
    """
    if not shard_dirs:
        raise InputError("there is nothing to merge", key="shard_dirs")
    sets = [ShardSet(path, allow_pickle=allow_pickle) for path in shard_dirs]
    manifests = [s.manifest for s in sets if s.manifest is not None]
    if shard_size is None:
        shard_size = manifests[0].shard_size if manifests else max(int(sets[0].blocks.max()), 1)
    source = _SetsSource(sets)
    source.check_ids(shard_size)
    metadata = [dict(m.metadata) for m in manifests if m.metadata]
    return write_shards(
        source,
        output_dir,
        shard_size=shard_size,
        compression=compression,
        metadata=metadata[0] if len(sets) == 1 and metadata else {"merged": metadata},
        overwrite=overwrite,
        executor=executor,
        report=report,
    )


class _SetsSource:
    """The samples of some sets, as a source."""

    def __init__(self, sets: Sequence[ShardSet]) -> None:
        self._sets = sets
        self._ends = np.cumsum([len(s) for s in sets])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def samples(self, start: int, stop: int) -> Iterator[Sample]:
        for index in range(start, stop):
            which = int(np.searchsorted(self._ends, index, side="right"))
            shards = self._sets[which]
            inside = index - int(self._ends[which]) + len(shards)
            sample = shards.sample(inside)
            number, row = shards.locate([inside])
            key = shards.open(int(number[0])).key(int(row[0])).rpartition("/")[2]
            metadata = sample.pop(METADATA, None)
            metadata = metadata if isinstance(metadata, dict) else {}
            for known in ("sample_id", "modalities"):
                metadata.pop(known, None)
            if not _NUMBERED.fullmatch(key):
                metadata["sample_id"] = key
            yield sample, metadata

    def check_ids(self, shard_size: int) -> None:
        """Raise `InputError` if two samples of a new shard would have the same id."""
        seen, index = dict[str, str](), 0
        for shards in self._sets:
            for number, shard in enumerate(shards.shards):
                opened = shards.open(number)
                for row in range(len(opened)):
                    if index % shard_size == 0:
                        seen.clear()
                    index += 1
                    key = opened.key(row)
                    own = key.rpartition("/")[2]
                    if _NUMBERED.fullmatch(own):
                        continue
                    place = f"{key} in {shards.path / shard.name}"
                    if own in seen:
                        raise InputError(
                            "two samples of a shard would have the same id; nothing was written",
                            key="sample_id",
                            expected="ids that differ, without a folder before them",
                            found=f"{own!r}: {seen[own]}; {place}",
                        )
                    seen[own] = place

    def identity(self) -> str:
        return repr([(str(s.path.resolve()), s.fingerprint) for s in self._sets])


def index_shards(
    shard_dir: str | os.PathLike[str],
    *,
    shard_pattern: str | None = None,
    report: Report | None = None,
) -> dict[str, Any]:
    """Make the indices and the manifest of a folder of tars anew, from the tars alone.

    Every tar is read whole. What an older manifest said about the whole set
    (``metadata``, ``shard_size``) is kept if it can be read.

    Parameters
    ----------
    shard_dir
        The folder; its tars may be those of others.
    shard_pattern
        Which files are shards; None takes all tars.
    report
        Called with the shards that are done and all there are.

    Returns
    -------
    What the manifest says.

    Raises
    ------
    DataError
        If a tar is damaged.
    """
    path = Path(shard_dir)
    files = shard_files(path, shard_pattern)
    old = _old_manifest(path)
    if (path / NAME).exists() and is_foreign((path / NAME).read_bytes()):
        raise InputError(
            "another program's file has the name of the manifest; it is not written over",
            key="shard_dir",
            path=path / NAME,
            hint="move it away, or write a set of this one with: neural-shards merge",
        )
    shards, modalities, packed = list[Shard](), None, False
    for number, file in enumerate(files, 1):
        index = OpenShard(file, check=True).index
        atomic_write(file.with_name(file.name + ENDING), index.to_bytes())
        size = file.stat().st_size
        shards.append(Shard(file.name, len(index), size, checksum(file), index.digest))
        modalities = combine(modalities, describe(index))
        packed |= any(is_compressed(column.suffix) for column in index.columns)
        if report is not None:
            report(number, len(files))
    whole = files[0].suffix.removeprefix(".").replace("tgz", "gz")
    compression = "zstd" if packed else "none" if whole == "tar" else whole
    shard_size = old.shard_size if old else max(shard.samples for shard in shards)
    metadata = old.metadata if old else {}
    manifest = Manifest(tuple(shards), modalities or {}, shard_size, compression, metadata)
    summary = manifest.write(path)
    folder.finish(path)
    return summary


def _old_manifest(path: Path) -> Manifest | None:
    try:
        return Manifest.from_bytes((path / NAME).read_bytes(), path / NAME)
    except (OSError, DataError):
        return None
