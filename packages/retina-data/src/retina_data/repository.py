"""Where the files of the published data sets are: the repository, the cache, a local copy."""

from __future__ import annotations

import logging
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import h5py

from neuroai_core import rng
from neuroai_core.errors import DataError, NotFoundError
from neuroai_core.files import atomic_path, extract
from retina_data import pickles
from retina_data.fetching import fetch, fetched_before
from retina_data.hub import cache

log = logging.getLogger(__name__)

PathLike = str | os.PathLike[str]


def locate(relative: str, path: PathLike | None = None, *, fetch_as: str, download: bool) -> Path:
    """Find a file of the repository in a local folder, or in the cache.

    Parameters
    ----------
    relative
        Its path in the repository.
    path
        The file itself, or a folder that holds it at `relative` or at any end
        of that path. None: the cache folder.
    fetch_as
        The data set's name for ``retina-data fetch``, for the message.
    download
        Whether it is fetched if it is not in the cache folder.

    Raises
    ------
    NotFoundError
        If it is not there.
    """
    root = cache() if path is None else Path(path)
    if root.is_file():
        return root
    if not root.is_dir() and path is not None:
        raise NotFoundError("there is no such folder", path=root)
    parts = relative.split("/")
    for first in range(len(parts)):
        candidate = root.joinpath(*parts[first:])
        if candidate.exists():
            return candidate
    if path is None and download:
        return fetch([relative])[0]
    raise NotFoundError(
        "a file of the data set is not there",
        path=root,
        key=relative,
        hint=f"retina-data fetch {fetch_as}",
    )


@contextmanager
def only_member(archive: Path) -> Iterator[IO[bytes]]:
    """Open the one file inside a zip archive, or a file that is no archive as it is.

    Raises
    ------
    DataError
        If the archive is damaged, or does not hold one file.
    """
    if archive.suffix != ".zip":
        with open(archive, "rb") as file:
            yield file
        return
    try:
        with zipfile.ZipFile(archive) as unzipped:
            names = [n for n in unzipped.namelist() if not n.endswith("/")]
            if len(names) != 1:
                raise DataError(
                    "an archive does not hold one file", path=archive, found=", ".join(names)
                )
            with unzipped.open(names[0]) as file:
                yield file
    except (zipfile.BadZipFile, EOFError) as error:
        raise DataError(
            "an archive is damaged or incomplete", path=archive, found=str(error)
        ) from error


def converted(source: Path, kind: str, convert: Callable[[Path, Path], Any]) -> Path:
    """Give what a file was converted to, converting it the first time.

    Parameters
    ----------
    source
        The file as published, or the folder of files.
    kind
        What it is converted to, and the version of how: ``"movies-v1"``.
    convert
        Called with the file and the path to write, once.

    Returns
    -------
    Path in the cache folder, its name a function of the source's path, size and time; of a
    folder, of those of all files inside.
    """
    target = cache() / "converted" / f"{source.stem}-{_version(source)}.{kind}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(target) as partial:
            convert(source, partial)
    return target


def _version(source: Path) -> str:
    """Tell a file, or the files of a folder, from what stood there before."""
    inside = sorted(p for p in source.rglob("*") if p.is_file()) if source.is_dir() else [source]
    parts: list[str | int] = [str(source.resolve())]
    for file in inside:
        status = file.stat()
        parts += [file.relative_to(source).as_posix()] if file != source else []
        parts += [status.st_size, status.st_mtime_ns]
    return rng.digest(*parts, size=8).hex()


def folder(
    relative: str,
    path: PathLike | None = None,
    *,
    fetch_as: str,
    download: bool = False,
    prefix: str | None = None,
) -> Path:
    """Find a folder of the repository, as `locate` does; `path` itself may be it.

    Parameters
    ----------
    relative, path, fetch_as
        As in `locate`.
    download
        Whether what is not in the cache folder is fetched. Files that were
        copied there by hand are taken as they are, and the network not asked.
    prefix
        What is fetched, where it is not the whole folder.

    Raises
    ------
    NotFoundError
        If it is not there.
    """
    root = cache() if path is None else Path(path)
    if path is None and download:
        prefix = prefix or relative
        there = _inside(root, relative)
        if fetched_before(prefix) or there is None or not _holds_files(there):
            fetch([prefix])
    if found := _inside(root, relative):
        return found
    if path is None or not root.is_dir():
        raise NotFoundError(
            "a folder of the data set is not there",
            path=root,
            key=relative,
            hint=f"retina-data fetch {fetch_as}",
        )
    return root


def _inside(root: Path, relative: str) -> Path | None:
    parts = relative.split("/")
    candidates = (root.joinpath(*parts[first:]) for first in range(len(parts)))
    return next((candidate for candidate in candidates if candidate.is_dir()), None)


def _holds_files(place: Path) -> bool:
    """Say whether there is any file but what a broken download left."""
    return any(
        p.is_file() and not p.name.startswith(".") and not p.name.endswith((".part", ".part.json"))
        for p in place.rglob("*")
    )


def unpacked(archive: Path) -> Path:
    """Give the folder an archive was unpacked to, in the cache; unpacked the first time.

    Raises
    ------
    DataError
        If the archive is damaged, or would write outside its folder.
    """
    target = cache() / "unpacked" / f"{archive.stem}-{_version(archive)}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        extract(archive, target)
    return target


def unpickled(source: Path) -> Path:
    """Give the HDF5 file that a pickled dict of arrays was converted to, the first time.

    Dicts become groups; arrays, numbers and strings data sets. What is neither
    is left out with a warning, and what would run anything an error. The
    pickle may be the one file inside a zip archive.

    Raises
    ------
    DataError
        If it is damaged, holds no dict, or asks for anything else.
    """

    def convert(_: Path, target: Path) -> None:
        with only_member(source) as file:
            content = pickles.load(file, path=source)
        if not isinstance(content, dict):
            raise DataError("a pickle holds no dict", path=source, found=type(content).__name__)
        with h5py.File(target, "w") as file:
            _fill(file, content, source)

    return converted(source, "unpickled-v1.h5", convert)


def _fill(group: h5py.Group, content: dict[Any, Any], source: Path) -> None:
    for key, value in content.items():
        if isinstance(value, dict):
            _fill(group.create_group(str(key)), value, source)
            continue
        try:
            group[str(key)] = value
        except (TypeError, ValueError):
            log.warning("%s: %r is no array, it is left out", source, key)
