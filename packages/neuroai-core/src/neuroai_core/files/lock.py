"""One process at a time: a lock that the system releases when its holder dies."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

#: How long to wait before looking again whether a lock is free.
PAUSE_S = 0.1


@contextlib.contextmanager
def locked(path: str | os.PathLike[str]) -> Iterator[None]:
    """Hold the lock file `path` inside the block; wait while another process holds it.

    Threads exclude each other too. The lock file is removed at the end; one
    that a killed process left is free, and taken over. On a file system that
    knows no locks there is none.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with locked(f"{folder}/.a.lock"):
    ...         print(os.listdir(folder))
    ...     print(os.listdir(folder))
    ['.a.lock']
    []
    """
    path = Path(path)
    handle = _acquire(path)
    try:
        yield
    finally:
        if sys.platform == "win32":
            os.close(handle)  # Windows removes no open file
            with contextlib.suppress(OSError):  # the next one holds it already
                path.unlink()
        else:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            os.close(handle)


def _acquire(path: Path) -> int:
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            taken = _try_lock(handle)
            # The one before may have removed the file between our open and lock.
            if taken and os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        except FileNotFoundError:
            taken = True
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        if not taken:
            time.sleep(PAUSE_S)


def _try_lock(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            return True  # no locks here: as good as it gets
        if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            return False
        raise
    return True
