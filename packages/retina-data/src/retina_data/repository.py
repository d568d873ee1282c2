"""Where the files of the published data sets are: the repository, the cache, a local copy."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from neuroai_core import rng
from neuroai_core.errors import DataError, NotFoundError
from neuroai_core.files import atomic_path, cache_folder

#: The environment variable that names the cache folder.
CACHE_VARIABLE = "RETINA_DATA_CACHE"

PathLike = str | os.PathLike[str]


def cache() -> Path:
    """Give the folder in which fetched and converted files are kept."""
    return cache_folder("retina-data", CACHE_VARIABLE)


def locate(relative: str, path: PathLike | None = None, *, fetch_as: str | None = None) -> Path:
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
    raise NotFoundError(
        "a file of the data set is not there",
        path=root,
        key=relative,
        hint=f"retina-data fetch {fetch_as}" if fetch_as else None,
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
        The file as published.
    kind
        What it is converted to, and the version of how: ``"movies-v1"``.
    convert
        Called with the file and the path to write, once.

    Returns
    -------
    Path in the cache folder, its name a function of the source's path, size and time.
    """
    status = source.stat()
    key = rng.digest(str(source.resolve()), status.st_size, status.st_mtime_ns, size=8).hex()
    target = cache() / "converted" / f"{source.stem}-{key}.{kind}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(target) as partial:
            convert(source, partial)
    return target
