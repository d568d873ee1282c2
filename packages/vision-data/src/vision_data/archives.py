"""The archives of data sets: downloaded, verified, unpacked; whatever a kill left is done anew."""

from __future__ import annotations

import os
import struct
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from neuroai_core.errors import DataError
from neuroai_core.files import check_file, download, extract, remove_partials
from vision_data.catalog import Archive, DataSet

#: Stands in an archive folder while torchvision unpacks there.
UNPACKING = ".unpacking"
#: What archives end with; all else in their folder was unpacked from them.
PACKED = (".gz", ".tgz", ".zip")
#: What torchvision raises when it cannot download, verify or unpack.
_FAILED = (OSError, RuntimeError, EOFError, ValueError, tarfile.TarError, zlib.error)


def torchvision_dataset(known: DataSet, subset: str, folder: Path) -> Any:
    """Let torchvision download a data set into a folder, and open it.

    torchvision takes files that are there for whole, so those that a killed
    process unpacked are removed first. The archives stay: torchvision checks
    their sums.

    Raises
    ------
    DataError
        If it could not be downloaded, or an archive is damaged.
    """
    unpacking = folder / UNPACKING
    if not unpacking.exists():
        found = _opened(known, subset, folder)
        if found is not None:
            return found
    folder.mkdir(parents=True, exist_ok=True)
    if unpacking.exists():
        _remove_unpacked(folder)
    unpacking.touch()
    try:
        dataset = _maker(known, subset)(folder, download=True)
    except _FAILED as error:
        raise DataError(
            f"the data set {known.name!r} could not be downloaded",
            path=folder,
            found=f"{type(error).__name__}: {error}",
            hint="run it again; if an archive is damaged, remove it first",
        ) from error
    if hasattr(os, "sync"):
        os.sync()  # before anything says that all is there
    unpacking.unlink()
    return dataset


def unpacked(archive: Archive, folder: Path) -> Path:
    """Download an archive into a folder, verify it, and unpack it there, whole or not at all.

    Raises
    ------
    DataError
        If it cannot be downloaded, its checksum is another, or it holds what
        could write outside the folder.
    """
    packed = folder / archive.url.rpartition("/")[2]
    target = folder / packed.stem
    if not target.is_dir():
        download(archive.url, packed, size=archive.size)
        check_file(packed, archive.md5, "md5")
        remove_partials(folder, older_than_s=0)  # nobody else is at work here
        try:
            extract(packed, target)
        except (LookupError, struct.error) as error:  # zipfile, of members without a name
            raise DataError(
                "an archive cannot be read", path=packed, found=f"{type(error).__name__}: {error}"
            ) from error
    return target


def _maker(known: DataSet, subset: str) -> Callable[..., Any]:
    from torchvision import datasets  # type: ignore[import-untyped]  # no types

    kind, train = getattr(datasets, str(known.torchvision)), subset == "train"
    if known.torchvision == "Imagenette":
        return lambda folder, download: kind(folder, "train" if train else "val", download=download)
    return lambda folder, download: kind(folder, train=train, download=download)


def _opened(known: DataSet, subset: str, folder: Path) -> Any | None:
    """Open a data set that is there already; None: it is not, or not whole."""
    try:
        return _maker(known, subset)(folder, download=False)
    except _FAILED:
        return None  # downloading says what is wrong, if it is still wrong then


def _remove_unpacked(folder: Path) -> None:
    for parent, folders, files in os.walk(folder, topdown=False):
        for name in files:
            if not name.endswith(PACKED) and name != UNPACKING:
                Path(parent, name).unlink()
        for name in folders:
            if not any(Path(parent, name).iterdir()):
                Path(parent, name).rmdir()
