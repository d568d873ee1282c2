"""A recording, opened: from a path, a remote address or memory, HDF5 or Zarr."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuroai_core import DataError, InputError, NotFoundError
from neuroai_core.extras import require

Source = Any  # a path, an address, or an open pynwb.NWBFile

#: Files that lie at the top of a Zarr store.
ZARR_MARKS = (".zmetadata", ".zgroup", "zarr.json")


@dataclass(frozen=True, eq=False)
class Recording:
    """An open NWB file and what identifies it.

    Parameters
    ----------
    file
        The ``pynwb.NWBFile``.
    name
        File name, or the identifier of a file in memory.
    folder
        Path or address of the folder that it lies in; None for a file in memory that was
        never stored.
    object_id
        The id that NWB gave the recording; None where a file of before NWB 2.1 stores none.
    """

    file: Any
    name: str
    folder: str | None
    object_id: str | None


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
        file, io = _read(source, stack)
        yield Recording(file, name_of(source), _folder_of(source), _stored_id(file, io))


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
    stored = file.container_source
    folder = None if stored is None else _folder_of(stored)
    return Recording(file, name_of(file), folder, _stored_id(file, file.read_io))


def _stored_id(file: Any, io: Any) -> str | None:
    """Give the id that is stored; to a file without one pynwb gives a new one each time."""
    if io is None:  # made in memory: it keeps its id
        return str(file.object_id)
    stored = io.manager.get_builder(file).attributes.get("object_id")
    return None if stored is None else str(stored)


def _folder_of(source: Source) -> str:
    whole = str(source).rstrip("/")
    return whole.rpartition("/")[0] if is_remote(whole) else str(Path(whole).parent)


_Read = tuple[Any, Any]  # a file, and what reads it


def _read(source: Source, stack: contextlib.ExitStack) -> _Read:
    pynwb = require("pynwb", package="neural-shards", extra="nwb")
    if _is_zarr(source):
        zarr = require("hdmf_zarr", package="neural-shards", extra="zarr")
        return _open(source, stack, zarr.NWBZarrIO, path=str(source))
    if is_remote(source):
        return _open(source, stack, pynwb.NWBHDF5IO, file=_remote_hdf5(source, stack))
    _check_hdf5(Path(source), source)
    return _open(source, stack, pynwb.NWBHDF5IO, path=str(source))


def root_of(source: Source, stack: contextlib.ExitStack) -> Any:
    """Open the HDF5 file or Zarr group itself, which takes pynwb no time."""
    if _is_zarr(source):
        zarr = require("zarr", package="neural-shards", extra="zarr")
        return zarr.open_group(str(source), mode="r")
    if is_remote(source):
        return _remote_hdf5(source, stack)
    h5py = require("h5py", package="neural-shards", extra="nwb")
    return stack.enter_context(h5py.File(source, "r"))


def _is_zarr(source: Source) -> bool:
    """Say whether a Zarr store lies there, rather than a file."""
    if is_remote(source):
        system, remote = _remote(source)
        return any(_exists(system, f"{remote}/{mark}", source) for mark in ZARR_MARKS)
    path = Path(source)
    if not path.exists():
        raise NotFoundError("there is no such file", path=source)
    if path.is_dir() and not any((path / mark).exists() for mark in ZARR_MARKS):
        raise DataError("this folder is no Zarr store", path=source)
    return path.is_dir()


def _open(source: Source, stack: contextlib.ExitStack, kind: Any, **where: Any) -> _Read:
    try:
        io = kind(mode="r", load_namespaces=True, **where)
        stack.callback(io.close)
        return io.read(), io
    except Exception as error:
        raise DataError(
            "this file cannot be read as NWB",
            path=source,
            found=f"{type(error).__name__}: {error}".partition("\n")[0],
            hint="nwbinspector or pynwb.validate say what is wrong with it",
        ) from error


def _remote(address: str) -> tuple[Any, str]:
    """Give the file system of an address, and the path in it."""
    fsspec = require("fsspec", package="neural-shards", extra="nwb")
    try:
        system, path = fsspec.core.url_to_fs(address)
    except ImportError as error:
        raise DataError(
            "this kind of address needs a package that is not installed",
            path=address,
            found=str(error),
        ) from error
    except (OSError, ValueError) as error:
        raise DataError("this address cannot be read", path=address, found=str(error)) from error
    return system, path


def _exists(system: Any, path: str, address: str) -> bool:
    try:
        return bool(system.exists(path))
    except (OSError, ValueError) as error:
        raise DataError("this address cannot be read", path=address, found=str(error)) from error


def _remote_hdf5(address: str, stack: contextlib.ExitStack) -> Any:
    """Open a remote HDF5 file; what is read is fetched in blocks and kept for a while."""
    h5py = require("h5py", package="neural-shards", extra="nwb")
    system, path = _remote(address)
    try:
        file = stack.enter_context(system.open(path, "rb", block_size=4 << 20))
    except FileNotFoundError:
        raise NotFoundError("there is no such file", path=address) from None
    except (OSError, ValueError) as error:
        raise DataError("this address cannot be read", path=address, found=str(error)) from error
    _check_hdf5(file, address)
    return stack.enter_context(h5py.File(file, "r"))


def _check_hdf5(content: Any, path: object) -> None:
    """Say what is wrong with a file, on disk or open, before pynwb trips on it."""
    h5py = require("h5py", package="neural-shards", extra="nwb")
    if not _begins_like_hdf5(content):
        raise DataError(
            "this is no NWB file", path=path, expected="an HDF5 file", found="something else"
        )
    try:
        with h5py.File(content, "r") as file:
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


def _begins_like_hdf5(content: Any) -> bool:
    """Say whether the signature of HDF5 stands where it may: at 0, 512, 1024, 2048 ..."""
    with contextlib.ExitStack() as stack:
        file = content
        if isinstance(content, Path):
            file = stack.enter_context(open(content, "rb"))
        size, at = file.seek(0, 2), 0
        while at + 8 <= size:
            file.seek(at)
            if file.read(8) == b"\x89HDF\r\n\x1a\n":
                return True
            at = max(512, at * 2)
        return False
