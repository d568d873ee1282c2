"""Archives unpacked without letting them write anywhere else."""

from __future__ import annotations

import bz2
import contextlib
import errno
import gzip
import lzma
import os
import re
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple, cast

from neuroai_core.errors import DataError, InputError, NeuroAIError, NotFoundError
from neuroai_core.files.atomic import partial_beside

#: Unpacked bytes for every byte of the archive; zip bombs reach thousands.
MAX_RATIO = 200
#: Files and folders in an archive; the largest image data sets pack fewer into one.
MAX_MEMBERS = 2_000_000
#: Bytes behind the end of a tar archive; writers fill up a block of some kilobytes.
MAX_PADDING = 1 << 28
#: Bytes that tarfile takes at once; content comes in smaller pieces, names are shorter.
MAX_READ = 1 << 22
PIECE = 1 << 16

_DRIVE = re.compile(r"[A-Za-z]:" if os.name != "nt" else r".*:")
_ARCHIVE_ERRORS = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,  # zipfile: encrypted, or packed in a way it does not know
    ValueError,  # tarfile, zipfile: numbers and names that are none
    OverflowError,
    struct.error,  # zipfile: fields that are cut off
)


class _Member(NamedTuple):
    name: str
    size: int
    kind: str  # "file", "folder", or else what is wrong with it
    open: Callable[[], IO[bytes]]


def extract(
    archive: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    max_bytes: int | None = None,
    max_members: int = MAX_MEMBERS,
) -> Path:
    """Unpack a zip or tar archive into a new folder, whole or not at all.

    Files get the content and nothing else: no owner, no time, no mode.

    Parameters
    ----------
    archive
        A ``.zip``, ``.tar``, ``.tar.gz``, ``.tar.bz2`` or ``.tar.xz`` file;
        what it is, its content says.
    folder
        The folder to make, and those around it. It must not exist.
    max_bytes
        The most that may be unpacked; by default 200 times the archive's size
        and 1 GiB at least.
    max_members
        The most files and folders that may be unpacked.

    Returns
    -------
    The folder.

    Raises
    ------
    DataError
        If the archive is damaged, cut off or encrypted, or holds an absolute
        path, a path out of the folder, a link, a device, two files of one
        name, or more than `max_bytes` or `max_members`.
    InputError
        If the folder exists.
    NotFoundError
        If there is no such archive.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with zipfile.ZipFile(f"{folder}/a.zip", "w") as file:
    ...         file.writestr("inside/a.txt", "whole")
    ...     (extract(f"{folder}/a.zip", f"{folder}/a") / "inside" / "a.txt").read_text()
    'whole'
    """
    archive, folder = Path(archive), Path(folder)
    if not archive.is_file():
        raise NotFoundError("there is no such archive", path=archive)
    _refuse_existing(folder)
    limit = max(MAX_RATIO * archive.stat().st_size, 2**30) if max_bytes is None else max_bytes
    partial = partial_beside(folder)
    partial.mkdir(parents=True)
    try:
        with _open(archive) as members:
            _unpack(archive, members, partial, limit, max_members)
        _refuse_existing(folder)  # another process may have been faster
        partial.rename(folder)
    except NeuroAIError:
        raise
    except _ARCHIVE_ERRORS as error:
        raise _damaged(archive, str(error)) from error
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # EINVAL: a damaged zip points before itself
            raise  # the disk, not the archive
        raise _damaged(archive, str(error)) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _refuse_existing(folder: Path) -> None:
    if os.path.lexists(folder):
        raise InputError("the folder to unpack into exists already", path=folder)


def _damaged(archive: Path, found: str) -> DataError:
    return DataError("an archive cannot be read", path=archive, found=found or "damaged data")


@contextlib.contextmanager
def _open(archive: Path) -> Iterator[Iterator[_Member]]:
    with contextlib.ExitStack() as stack:
        stream = _Stream(stack.enter_context(_decompressed(archive)))
        try:
            # A tar whose last member is a zip looks like a zip from its end, so tar comes first.
            tar = tarfile.TarFile(fileobj=cast("IO[bytes]", stream))
        except tarfile.ReadError:
            if not zipfile.is_zipfile(archive):
                raise
            yield _zip_members(stack.enter_context(zipfile.ZipFile(archive)))
        else:
            yield _tar_members(archive, stack.enter_context(tar))


def _decompressed(archive: Path) -> IO[bytes]:
    with open(archive, "rb") as file:
        start = file.read(6)
    if start.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.open(archive))
    if start.startswith(b"BZh"):
        return bz2.open(archive)
    if start == b"\xfd7zXZ\0":
        return lzma.open(archive)
    return open(archive, "rb")


class _Stream:
    """What tarfile reads from: a header that claims to be huge is not read into memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        if not 0 <= size <= MAX_READ:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self._file.read(size)


def _tar_members(archive: Path, tar: tarfile.TarFile) -> Iterator[_Member]:
    for info in tar:
        tar.members = []  # type: ignore[attr-defined]  # else all stay in memory
        kind = "file" if info.isreg() else "folder" if info.isdir() else "a link or a device"

        def opened(info: tarfile.TarInfo = info) -> IO[bytes]:
            return tar.extractfile(info)  # type: ignore[return-value]  # None only for links

        yield _Member(info.name, info.size, kind, opened)
    _check_end(archive, tar)


def _check_end(archive: Path, tar: tarfile.TarFile) -> None:
    """Raise if an archive was cut off: tarfile takes that, or a damaged header, for the end."""
    tar.fileobj.seek(tar.offset)
    if tar.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise _damaged(archive, "a damaged header, or no end")
    # The checksum of a compressed archive stands behind its padding.
    for _ in range(MAX_PADDING // PIECE):
        if not tar.fileobj.read(PIECE):
            return
    raise _damaged(archive, f"more than {MAX_PADDING} bytes behind its end")


def _zip_members(file: zipfile.ZipFile) -> Iterator[_Member]:
    for info in file.infolist():
        mode = stat.S_IFMT(info.external_attr >> 16)
        plain = mode in (0, stat.S_IFREG, stat.S_IFDIR)
        folder = info.filename.endswith("/")  # is_dir() fails where there is no name
        kind = "folder" if folder else "file" if plain else "a link or a device"

        def opened(info: zipfile.ZipInfo = info) -> IO[bytes]:
            return file.open(info)  # stops at the stated size, and checks the CRC

        yield _Member(info.filename, info.file_size, kind, opened)


def _unpack(
    archive: Path, members: Iterator[_Member], folder: Path, max_bytes: int, max_members: int
) -> None:
    unpacked = 0
    for count, member in enumerate(members, start=1):
        unpacked += member.size
        _check_limit(archive, "bytes", unpacked, max_bytes)
        _check_limit(archive, "members", count, max_members)
        _check_place(archive, member)
        path = folder.joinpath(*PurePosixPath(member.name).parts)
        try:
            if member.kind == "folder":
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with member.open() as source, open(path, "xb") as target:
                shutil.copyfileobj(source, target)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise DataError(
                "an archive holds two things of one name (case may not count here)",
                path=archive,
                key=member.name,
            ) from error


def _check_limit(archive: Path, what: str, found: int, most: int) -> None:
    if found > most:
        raise DataError(
            "an archive would unpack to too much",
            path=archive,
            expected=f"{most} {what} at most",
            found=f"{found} {what}, and perhaps more",
            hint=f"give max_{what} if that is right",
        )


def _check_place(archive: Path, member: _Member) -> None:
    path = PurePosixPath(member.name.replace("\\", "/"))
    wrong = None
    if path.is_absolute() or _DRIVE.match(member.name):
        wrong = "an absolute path"
    elif ".." in path.parts:
        wrong = "a path with '..'"
    elif "\0" in member.name:
        wrong = "a name that is none"
    elif member.kind not in ("file", "folder"):
        wrong = member.kind
    elif member.kind == "file" and not path.parts:
        wrong = "a file without a name"
    if wrong:
        raise DataError(
            "an archive holds what could write outside its folder",
            path=archive,
            key=member.name,
            expected="plain files and folders with paths inside the archive",
            found=wrong,
        )
