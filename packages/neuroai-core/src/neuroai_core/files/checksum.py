"""Checksums of files."""

from __future__ import annotations

import hashlib
import os
import string
from pathlib import Path

from neuroai_core.errors import DataError, InputError, NotFoundError, check_known

_ALGORITHMS = sorted(a for a in hashlib.algorithms_guaranteed if not a.startswith("shake"))


def checksum(path: str | os.PathLike[str], algorithm: str = "sha256") -> str:
    """Give the checksum of a file in hexadecimal, read in small pieces.

    Raises
    ------
    NotFoundError
        If there is no such file.
    UnknownNameError
        If the algorithm is none of `hashlib`, or gives no fixed number of digits.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a").write_bytes(b"abc")
    ...     checksum(Path(folder, "a"))[:16]
    'ba7816bf8f01cfea'
    """
    check_known("algorithm", [algorithm], _ALGORITHMS)
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, algorithm).hexdigest()
    except FileNotFoundError:
        raise NotFoundError("there is no such file", path=path) from None


def check_file(path: str | os.PathLike[str], expected: str, algorithm: str = "sha256") -> None:
    """Raise `DataError` if the checksum of a file is not the expected one.

    Raises
    ------
    DataError
        If the file has another checksum.
    InputError
        If `expected` cannot be a checksum of this algorithm.
    NotFoundError
        If there is no such file.
    """
    expected = digits(expected, algorithm)
    found = checksum(path, algorithm)
    if found != expected:
        raise DataError(
            "a file is not what it should be",
            path=path,
            expected=f"{algorithm} {expected}",
            found=f"{found} ({Path(path).stat().st_size} bytes)",
            hint="remove it and fetch it again",
        )


def digits(expected: str, algorithm: str = "sha256") -> str:
    """Give a checksum in small letters, or raise `InputError` if it cannot be one."""
    check_known("algorithm", [algorithm], _ALGORITHMS)
    length = 2 * hashlib.new(algorithm, usedforsecurity=False).digest_size
    if len(expected) != length or not set(expected) <= set(string.hexdigits):
        raise InputError(
            "this is no checksum",
            key=algorithm,
            expected=f"{length} hexadecimal digits",
            found=repr(expected),
        )
    return expected.lower()
