"""Every byte of a set read and compared with what was written down."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from neural_shards import names
from neural_shards.formats import PICKLES, kind
from neural_shards.index import ENDING
from neural_shards.manifest import NAME, Manifest, Shard
from neural_shards.parallel import Report
from neural_shards.remote import RemoteFolder
from neural_shards.shard import OpenShard
from neural_shards.shard_set import read_index
from neuroai_core.errors import DataError, NeuroAIError, NotFoundError
from neuroai_core.files import checksum


@dataclass(frozen=True)
class Verified:
    """What was read, and what was wrong with it.

    `problems` is empty for a set that is as it was written.
    """

    shards: int
    samples: int
    problems: tuple[str, ...]


def verify(shard_dir: str | os.PathLike[str], *, report: Report | None = None) -> Verified:
    """Read a whole set and compare checksums, counts, names and shapes.

    Parameters
    ----------
    shard_dir
        Folder of the shards, or the URL of one: all of it is fetched, a shard
        at a time, whatever may lie in the cache.
    report
        Called with the shards that were read and all there are.

    Returns
    -------
    Everything that is wrong, each with the shard and, where it is one, the sample.
    """
    if "://" in os.fspath(shard_dir):
        with tempfile.TemporaryDirectory() as empty:
            url = os.fspath(shard_dir)
            return _verify(RemoteFolder(url, cache_dir=empty, cache_bytes=0), report)
    path = Path(shard_dir)
    if not path.is_dir():
        raise NotFoundError("there is no such folder of shards", path=path)
    return _verify(path, report)


def _verify(place: Path | RemoteFolder, report: Report | None) -> Verified:
    if isinstance(place, RemoteFolder):
        there = sorted(place.sizes())
    else:
        there = sorted(file.name for file in place.iterdir())
    known, problems = dict[str, Shard](), list[str]()
    if NAME in there:
        try:
            content, where = _manifest(place)
            manifest = Manifest.from_bytes(content, where)
            known = {shard.name: shard for shard in manifest.shards}
        except DataError as error:
            problems.append(_line(error))
    else:
        problems.append(f"{NAME} is missing")
    problems += [f"{name} is missing" for name in known if name not in there]
    found = [name for name in there if names.is_shard(name)]
    if isinstance(place, RemoteFolder):  # what is not known cannot be compared while it is fetched
        found = [name for name in found if name in known]
    if known:
        problems += [f"{name} is not in the manifest" for name in there if _is_added(name, known)]
    samples = 0
    for number, name in enumerate(found, 1):
        try:
            file = place.fetch(known[name]) if isinstance(place, RemoteFolder) else place / name
            shard = OpenShard(file, check=True)
            samples += len(shard)
            problems += _compare(shard, known.get(name))
            problems += _read(shard)
        except NeuroAIError as error:
            problems.append(f"{name}: {_line(error)}")
        if report is not None:
            report(number, len(found))
    return Verified(len(found), samples, tuple(problems))


def _manifest(place: Path | RemoteFolder) -> tuple[bytes, object]:
    if isinstance(place, RemoteFolder):
        return place.manifest(), f"{place.url}/{NAME}"
    return (place / NAME).read_bytes(), place / NAME


def _is_added(name: str, known: Mapping[str, Shard]) -> bool:
    return names.is_shard(name) and name not in known


def _compare(shard: OpenShard, known: Shard | None) -> Iterator[str]:
    """Compare a shard, whose index was just made from all its bytes, with what is known of it."""
    name = shard.path.name
    try:
        index = read_index(shard.path)
        if index is None:
            yield f"{name}{ENDING} is missing"
        elif index.digest != shard.index.digest:
            yield f"{name}: the tar is not the one that was indexed"
    except DataError as error:
        yield f"{name}: {_line(error)}"
    if known is None:
        return
    if len(shard) != known.samples:
        yield f"{name} has {len(shard)} samples, not {known.samples}"
    if shard.index.digest != known.index:
        yield f"{name}: its members are not those of the manifest"
    if checksum(shard.path) != known.sha256:
        yield f"{name}: its SHA-256 is not the one of the manifest"


def _read(shard: OpenShard) -> Iterator[str]:
    """Decode every member; a checksum does not say whether it is what its name says."""
    for column in shard.index.columns:
        if kind(column.suffix) in PICKLES:
            continue
        for row in range(len(shard)):
            try:
                shard.value(column, row)
            except DataError as error:
                yield _line(error)


def _line(error: NeuroAIError) -> str:
    return " ".join(part.strip() for part in str(error).splitlines())
