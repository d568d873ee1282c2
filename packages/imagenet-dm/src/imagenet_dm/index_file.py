"""An index in one file that every process maps into memory and that none has to read.

The file is a JSON header and arrays, 64-byte aligned, in the machine's memory
as they are on disk. It holds no pickle. It belongs to a set of folders and
files (what was listed to make it), and is good for as long as their times and
sizes are what they were. Paths in it are relative to the data set's root, so it
holds wherever that is mounted.
"""

from __future__ import annotations

import json
import logging
import os
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from imagenet_dm.index import Index, Names, Places
from neuroai_core.files import atomic_path, cache_folder
from neuroai_core.rng import digest

MAGIC = b"IMGNETDX"
VERSION = 2
ALIGN = 64
#: The environment variable that gives the folder of the caches.
VARIABLE = "IMAGENET_DM_CACHE"
#: A folder changed so soon before it was listed may have changed since unnoticed:
#: file systems stamp times in steps of up to two seconds.
RACE_NS = 2 * 10**9

logger = logging.getLogger(__name__)

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Stamps:
    """What a listing depends on: paths, their times and sizes, and when they were looked at."""

    paths: Names
    times_ns: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    taken_ns: int

    @classmethod
    def take(cls, paths: Iterable[str | os.PathLike[str]]) -> Stamps:
        """Look at folders and files."""
        now = time.time_ns()
        listed = [os.fspath(path) for path in paths]
        stats = [Path(path).stat() for path in listed]
        times = np.array([s.st_mtime_ns for s in stats], dtype=np.int64)
        sizes = np.array([s.st_size for s in stats], dtype=np.int64)
        return cls(Names.of(listed), times, sizes, now)

    def since(self, before: Stamps) -> Stamps:
        """Give these stamps as they were before: what changed in between does not hold.

        A path that was not known before has its later stamp; a change of it in
        between is seen by its time, which is after `before` was taken.
        """
        earlier = {before.paths[i]: i for i in range(len(before.paths))}
        times, sizes = self.times_ns.copy(), self.sizes.copy()
        for at in range(len(self.paths)):
            known = earlier.get(self.paths[at])
            if known is not None:
                times[at], sizes[at] = before.times_ns[known], before.sizes[known]
        return Stamps(self.paths, times, sizes, before.taken_ns)

    def relative(self, root: Path) -> Stamps:
        """Give the stamps with paths relative to a folder, where they are below it."""
        paths = (_below(root, self.paths[i]) for i in range(len(self.paths)))
        return Stamps(Names.of(paths), self.times_ns, self.sizes, self.taken_ns)

    def hold(self, root: Path = Path()) -> bool:
        """Say whether all is as it was, and had been for a while then; paths are below `root`."""
        if (self.times_ns > self.taken_ns - RACE_NS).any():
            return False
        try:
            now = Stamps.take(root / self.paths[i] for i in range(len(self.paths)))
        except OSError:
            return False
        return bool((now.times_ns == self.times_ns).all() and (now.sizes == self.sizes).all())


def cache_path(root: Path, split: str, folder: Path | None = None) -> Path:
    """Give the path of the cached index of a split; nothing is made."""
    name = digest(str(root.resolve()), split, size=12).hex() + ".index"
    return (folder or cache_folder("imagenet-dm", VARIABLE)) / name


def beside_path(root: Path, split: str) -> Path:
    """Give the path of an index that lies beside the data, for all its users."""
    return root / f".imagenet-dm-{split}.index"


def cached(
    root: Path,
    paths: Iterable[Path],
    make: Callable[[], tuple[Index, Stamps]],
    write: Path | None,
    *,
    keep_from: int = 0,
    fits: Callable[[Index], bool] = lambda index: True,
) -> Index:
    """Open the first index that holds, or make it and keep it.

    Parameters
    ----------
    root
        The folder of the data set.
    paths
        Where one may be.
    make
        Lists the images, and gives what the list depends on as it was before.
    write
        Where to keep it; None keeps nothing.
    keep_from
        From how many images on it is worth keeping.
    fits
        What an index must be besides.
    """
    for path in paths:
        kept = open_index(path, root)
        if kept is not None and fits(kept):
            return kept
    index, stamps = make()
    if write is not None and len(index) >= keep_from:
        try:
            write.parent.mkdir(parents=True, exist_ok=True)
            save_index(write, index, stamps, root)
        except OSError as error:  # a read-only home is no reason not to train
            logger.info("the index is not kept: %s", error)
    return index


def save_index(path: Path, index: Index, stamps: Stamps, root: Path) -> None:
    """Write an index of the data set at `root` and what it depends on, whole or not at all."""
    stamps = stamps.relative(root)
    arrays: dict[str, npt.NDArray[Any]] = {
        "labels": index.labels,
        "names.text": index.names.text,
        "names.ends": index.names.ends,
        "stamps.text": stamps.paths.text,
        "stamps.ends": stamps.paths.ends,
        "stamps.times_ns": stamps.times_ns,
        "stamps.sizes": stamps.sizes,
    }
    if index.places is not None:
        columns = ("file", "offset", "size", "raw")
        arrays |= {f"places.{c}": getattr(index.places, c) for c in columns}
    table, end = {}, 0
    for name, array in arrays.items():
        table[name] = {"dtype": array.dtype.str, "shape": array.shape, "offset": end}
        end += -(-array.nbytes // ALIGN) * ALIGN
    header = {
        "root": _below(root, index.root),
        "classes": index.classes,
        "files": index.places and [_below(root, file) for file in index.places.files],
        "fingerprint": index.fingerprint,
        "taken_ns": stamps.taken_ns,
        "arrays": table,
        "bytes": end,
    }
    text = json.dumps(header).encode()
    text += b" " * (-(len(text) + 16) % ALIGN)
    with atomic_path(path) as partial, open(partial, "wb") as file:
        file.write(MAGIC + struct.pack("<II", VERSION, len(text)) + text)
        for array in arrays.values():
            file.write(np.ascontiguousarray(array).tobytes())
            file.write(b"\0" * (-array.nbytes % ALIGN))


def open_index(path: Path, root: Path) -> Index | None:
    """Map an index file of the data set at `root` into memory; None if there is none that holds."""
    try:
        whole = np.memmap(path, dtype=np.uint8, mode="r")
        header = _header(whole)
    except (OSError, ValueError) as error:
        if path.exists():
            logger.info("an index is of no use: %s: %s", path, error)
        return None
    start = 16 + struct.unpack("<I", whole[12:16].tobytes())[0]
    arrays = {name: _array(whole, start, **place) for name, place in header["arrays"].items()}
    stamps = Stamps(
        Names(arrays["stamps.text"], arrays["stamps.ends"]),
        arrays["stamps.times_ns"],
        arrays["stamps.sizes"],
        header["taken_ns"],
    )
    if not stamps.hold(root):
        return None
    places = None
    if header["files"] is not None:
        columns = ("file", "offset", "size", "raw")
        files = tuple(str(root / file) for file in header["files"])
        places = Places(files, *(arrays[f"places.{c}"] for c in columns))
    names = Names(arrays["names.text"], arrays["names.ends"])
    classes, known = tuple(header["classes"]), header["fingerprint"]
    return Index(root / header["root"], classes, arrays["labels"], names, places, known)


def _below(root: Path, path: str | Path) -> str:
    """Give a path relative to the root; as it is if it is elsewhere."""
    return str(Path(path).relative_to(root)) if Path(path).is_relative_to(root) else str(path)


def _header(whole: npt.NDArray[np.uint8]) -> dict[str, Any]:
    if len(whole) < 16 or whole[:8].tobytes() != MAGIC:
        raise ValueError("not an index")
    version, length = struct.unpack("<II", whole[8:16].tobytes())
    if version != VERSION:
        raise ValueError(f"version {version}, not {VERSION}")
    header: dict[str, Any] = json.loads(whole[16 : 16 + length].tobytes())
    if len(whole) != 16 + length + header["bytes"]:
        raise ValueError("not whole")
    return header


def _array(
    whole: npt.NDArray[np.uint8], start: int, dtype: str, shape: list[int], offset: int
) -> npt.NDArray[Any]:
    kind = np.dtype(dtype)
    size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    first = start + offset
    # A plain array over the map: indexing one is faster than indexing a memmap.
    return np.asarray(whole)[first : first + size].view(kind).reshape(shape)
