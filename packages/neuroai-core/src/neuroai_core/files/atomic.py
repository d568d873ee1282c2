"""Writing a file so that it appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from neuroai_core.errors import InputError, NotFoundError

#: What the name of a file under way ends with; see `remove_partials`.
PARTIAL = ".partial"
#: Of the target's name this much goes into the temporary one: names have 255 bytes at most.
_KEPT = 48


@contextlib.contextmanager
def atomic_path(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside `target` that becomes `target` when the block ends well.

    The file is flushed to disk before it is renamed, and so is the folder
    after, so a crash or a power cut leaves the old file, or the new one, whole.
    An error inside the block, Ctrl-C too, removes the temporary file; after a
    kill, `remove_partials` does. A file that is replaced passes its mode on,
    and a symbolic link stays one: what it points to is replaced.

    The temporary name ends with ``.partial``, so that no search for ``*.npy``
    finds it; a writer that goes by the ending needs its format said.

    Raises
    ------
    NotFoundError
        If the folder of `target` is not there, or the block wrote nothing.
    InputError
        If `target` is a folder.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_path(f"{folder}/a.txt") as path:
    ...         _ = path.write_text("whole")
    ...     print(Path(folder, "a.txt").read_text(), len(os.listdir(folder)))
    whole 1
    """
    target = Path(os.path.realpath(target))
    if not target.parent.is_dir():
        raise NotFoundError("there is no folder to write this into", path=target)
    if target.is_dir():
        raise InputError("a folder stands where the file should be written", path=target)
    temporary = partial_beside(target)
    try:
        yield temporary
        if not temporary.is_file():
            raise NotFoundError("nothing was written to the temporary path", path=temporary)
        flush(temporary)
        with contextlib.suppress(FileNotFoundError):
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    flush(target.parent)


def atomic_write(target: str | os.PathLike[str], content: bytes | str) -> None:
    """Write bytes, or text as UTF-8, to `target` through `atomic_path`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     atomic_write(f"{folder}/a.txt", "whole")
    ...     print(Path(folder, "a.txt").read_text())
    whole
    """
    data = content.encode() if isinstance(content, str) else content
    with atomic_path(target) as path:
        path.write_bytes(data)


def remove_partials(folder: str | os.PathLike[str], *, older_than_s: float = 86400.0) -> list[Path]:
    """Remove what killed processes left over in a folder, and say what that was.

    Parameters
    ----------
    folder
        Where `atomic_path` or `extract` worked; folders inside it are not searched.
    older_than_s
        What was changed later than this many seconds ago is kept: another
        process, on another machine perhaps, may be at work on it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, ".a.npy.1234.00c0ffee.partial").write_bytes(b"half")
    ...     len(remove_partials(folder)), len(remove_partials(folder, older_than_s=0))
    (0, 1)
    """
    removed = []
    for path in sorted(Path(folder).glob(f".*{PARTIAL}")):
        with contextlib.suppress(FileNotFoundError):  # another process was faster
            if time.time() - path.lstat().st_mtime < older_than_s:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
            removed.append(path)
    return removed


def partial_beside(target: Path) -> Path:
    """Name a temporary file or folder beside `target`, one that no other process has."""
    name = os.fsdecode(os.fsencode(target.name)[:_KEPT])
    return target.with_name(f".{name}.{os.getpid()}.{secrets.token_hex(4)}{PARTIAL}")


def flush(path: Path) -> None:
    """Bring a file, or the list of names in a folder, from memory to the disk."""
    if not path.is_dir():
        _fsync(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    elif os.name != "nt":  # Windows opens no folders; its rename is journaled.
        with contextlib.suppress(OSError):  # some network file systems cannot
            _fsync(path, os.O_RDONLY)


def _fsync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
