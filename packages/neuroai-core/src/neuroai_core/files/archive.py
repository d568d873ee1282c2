"""Archives unpacked without letting them write anywhere else."""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

from neuroai_core.errors import DataError, InputError, NotFoundError

#: Unpacked bytes for every byte of the archive; zip bombs reach thousands.
MAX_RATIO = 200


def extract(
    archive: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    max_bytes: int | None = None,
) -> Path:
    """Unpack a zip or tar archive into a new folder, whole or not at all.

    Parameters
    ----------
    archive
        A ``.zip``, ``.tar``, ``.tar.gz``, ``.tar.bz2`` or ``.tar.xz`` file;
        what it is, its content says.
    folder
        The folder to make. It must not exist.
    max_bytes
        The most that may be unpacked; by default 200 times the archive's size
        and 1 GiB at least.

    Returns
    -------
    The folder.

    Raises
    ------
    DataError
        If the archive is damaged, or holds an absolute path, a path out of
        the folder, a link, a device, or more than `max_bytes`.
    """
    archive, folder = Path(archive), Path(folder)
    if not archive.is_file():
        raise NotFoundError("there is no such archive", path=archive)
    if folder.exists():
        raise InputError("the folder to unpack into exists already", path=folder)
    limit = max(MAX_RATIO * archive.stat().st_size, 2**30) if max_bytes is None else max_bytes
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        if zipfile.is_zipfile(archive):
            _unzip(archive, partial, limit)
        else:
            _untar(archive, partial, limit)
        partial.rename(folder)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk, not the archive
        raise DataError("an archive is damaged", path=archive, found=str(error)) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _unzip(archive: Path, folder: Path, limit: int) -> None:
    with zipfile.ZipFile(archive) as file:
        members = file.infolist()
        _check_size(archive, sum(m.file_size for m in members), limit)
        for member in members:
            kind = stat.S_IFMT(member.external_attr >> 16)
            _check_member(archive, member.filename, kind in (0, stat.S_IFREG, stat.S_IFDIR))
        for member in members:  # zipfile checks CRCs and stops at the stated size
            file.extract(member, folder)


def _untar(archive: Path, folder: Path, limit: int) -> None:
    with tarfile.open(archive) as file:
        unpacked = 0
        for member in file:
            unpacked += member.size
            _check_size(archive, unpacked, limit)
            _check_member(archive, member.name, member.isreg() or member.isdir())
            file.extract(member, folder, filter="data")


def _check_size(archive: Path, unpacked: int, limit: int) -> None:
    if unpacked > limit:
        raise DataError(
            "an archive would unpack to too much",
            path=archive,
            expected=f"{limit} bytes at most",
            found=f"{unpacked} bytes",
            hint="give max_bytes if that is right",
        )


def _check_member(archive: Path, name: str, plain: bool) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name.partition("/")[0] or not plain:
        raise DataError(
            "an archive holds what could write outside its folder",
            path=archive,
            key=name,
            expected="plain files and folders with paths inside the archive",
            found="an absolute path, '..', a link or a device",
        )
