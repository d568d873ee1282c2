"""A recording, opened: from a path, a remote address or memory, HDF5 or Zarr."""

from __future__ import annotations

import contextlib
import hashlib
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuroai_core import DataError, InputError, NotFoundError
from neuroai_core.extras import require
from neuroai_core.files import checksum

Source = Any  # a path, an address, or an open pynwb.NWBFile


@dataclass(frozen=True, eq=False)
class Recording:
    """An open NWB file and what identifies it.

    Parameters
    ----------
    file
        The ``pynwb.NWBFile``.
    name
        File name, or the identifier of a file in memory.
    """

    file: Any
    name: str

    @property
    def object_id(self) -> str:
        """The id that NWB gave the recording; old files have none and get a new one each time."""
        return str(self.file.object_id)


def is_open(source: Source) -> bool:
    """Say whether this is an open ``NWBFile`` rather than where one lies."""
    return not isinstance(source, str | os.PathLike)


def is_remote(source: Source) -> bool:
    """Say whether this is the address of a remote file."""
    return isinstance(source, str) and "://" in source


@contextlib.contextmanager
def opened(source: Source) -> Iterator[Recording]:
    """Open a recording for the length of a block; one that is open stays so.

    Parameters
    ----------
    source
        A path of an HDF5 file or of a Zarr store, an address such as ``https://...`` or
        ``s3://...``, or an open ``pynwb.NWBFile``.

    Raises
    ------
    NotFoundError
        If there is no such file.
    DataError
        If it is cut short, damaged, or no NWB file.
    """
    if is_open(source):
        yield _in_memory(source)
        return
    with contextlib.ExitStack() as stack:
        # Files of old versions make pynwb and hdmf warn about what their writers did.
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        yield Recording(_read(source, stack), name_of(source))


def name_of(source: Source) -> str:
    """Give the name under which a source is reported."""
    if is_open(source):
        return str(source.identifier)
    return str(source).rstrip("/").rpartition("/")[2] if is_remote(source) else Path(source).name


def _in_memory(file: Any) -> Recording:
    pynwb = require("pynwb", package="neural-shards", extra="nwb")
    if not isinstance(file, pynwb.NWBFile):
        raise InputError(
            "this is no recording",
            expected="a path, an address or an open pynwb.NWBFile",
            found=f"{type(file).__module__}.{type(file).__qualname__}",
        )
    return Recording(file, name_of(file))


def _read(source: Source, stack: contextlib.ExitStack) -> Any:
    pynwb = require("pynwb", package="neural-shards", extra="nwb")
    path = Path(source)
    if not path.exists():
        raise NotFoundError("there is no such file", path=source)
    if path.is_dir():
        raise DataError("this folder is no Zarr store of NWB", path=source)
    _check_hdf5(path)
    try:
        io = pynwb.NWBHDF5IO(str(path), "r", load_namespaces=True)
        stack.callback(io.close)
        return io.read()
    except Exception as error:
        raise DataError(
            "this file cannot be read as NWB",
            path=source,
            found=f"{type(error).__name__}: {error}".partition("\n")[0],
            hint="nwbinspector or pynwb.validate say what is wrong with it",
        ) from error


def _check_hdf5(path: Path) -> None:
    """Say what is wrong with a file before pynwb trips on it."""
    h5py = require("h5py", package="neural-shards", extra="nwb")
    if not h5py.is_hdf5(path):
        raise DataError(
            "this is no NWB file",
            path=path,
            expected="an HDF5 file",
            found="an empty file" if path.stat().st_size == 0 else "something else",
        )
    try:
        with h5py.File(path, "r") as file:
            version = file.attrs.get("nwb_version", file.get("nwb_version"))
            version = version if version is None or isinstance(version, str) else version[()]
    except OSError as error:
        raise DataError("the file is cut short or damaged", path=path, found=str(error)) from error
    if version is None:
        raise DataError("this is an HDF5 file, but no NWB file", path=path, expected="nwb_version")
    version = version.decode() if isinstance(version, bytes) else str(version)
    if version.removeprefix("NWB-").startswith(("0", "1")):
        raise DataError(
            "this file is of NWB 1, which is another format",
            path=path,
            expected="NWB 2",
            found=version,
            hint="convert it to NWB 2 first",
        )


def hash_of(source: Source) -> str | None:
    """Give the SHA-256 of a file; of a Zarr store, that of its files' names and checksums.

    None for a recording in memory or at a remote address, which would have to be
    fetched whole.
    """
    if is_open(source) or is_remote(source):
        return None
    path = Path(source)
    if path.is_file():
        return checksum(path)
    whole = hashlib.sha256()
    for part in sorted(p for p in path.rglob("*") if p.is_file()):
        whole.update(f"{part.relative_to(path).as_posix()} {checksum(part)}\n".encode())
    return whole.hexdigest()
