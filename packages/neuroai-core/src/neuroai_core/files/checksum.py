"""Checksums of files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from neuroai_core.errors import DataError, NotFoundError


def checksum(path: str | os.PathLike[str], algorithm: str = "sha256") -> str:
    """Give the checksum of a file in hexadecimal, read in small pieces.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a").write_bytes(b"abc")
    ...     checksum(Path(folder, "a"))[:16]
    'ba7816bf8f01cfea'
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, algorithm).hexdigest()
    except FileNotFoundError:
        raise NotFoundError("there is no such file", path=path) from None


def check_file(path: str | os.PathLike[str], expected: str, algorithm: str = "sha256") -> None:
    """Raise `DataError` if the checksum of a file is not the expected one."""
    found = checksum(path, algorithm)
    if found != expected.lower():
        raise DataError(
            "a file is not what it should be",
            path=path,
            expected=f"{algorithm} {expected.lower()}",
            found=f"{found} ({Path(path).stat().st_size} bytes)",
            hint="remove it and fetch it again",
        )
