"""Writing a file so that it appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

#: What the name of a file under way ends with; a left-over one may be removed.
PARTIAL = ".partial"


@contextlib.contextmanager
def atomic_path(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside `target` that becomes `target` when the block ends well.

    The file is flushed to disk before it is renamed, and so is the folder
    after, so a crash or a power cut leaves the old file, or the new one, whole.
    An error inside the block, Ctrl-C too, removes the temporary file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_path(f"{folder}/a.txt") as path:
    ...         _ = path.write_text("whole")
    ...     print(Path(folder, "a.txt").read_text(), len(os.listdir(folder)))
    whole 1
    """
    target = Path(target)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}{PARTIAL}")
    try:
        yield temporary
        _flush(temporary, os.O_RDWR)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _flush(target.parent, os.O_RDONLY)


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


def _flush(path: Path, flags: int) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folders; its rename is journaled.
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
