"""The one kind of MATLAB file that ImageNet's development kit has: a table of structs.

MATLAB 5 files, little-endian ("MAT-File Format", The MathWorks). Read are
structs of numbers and strings; compressed or not.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from neuroai_core.errors import DataError

_NUMBERS = {
    1: "<i1",
    2: "<u1",
    3: "<i2",
    4: "<u2",
    5: "<i4",
    6: "<u4",
    7: "<f4",
    9: "<f8",
    12: "<i8",
    13: "<u8",
}
_TEXTS = {1: "latin-1", 2: "latin-1", 4: "utf-16-le", 16: "utf-8", 17: "utf-16-le", 18: "utf-32-le"}
_MATRIX, _COMPRESSED = 14, 15
_STRUCT, _CHAR = 2, 4


def read_structs(content: bytes, name: str) -> list[dict[str, Any]]:
    """Read an array of structs: a dict each, of strings and NumPy arrays.

    Parameters
    ----------
    content
        The bytes of a ``.mat`` file.
    name
        The name of the variable.

    Raises
    ------
    DataError
        If the file is damaged, of another kind, or has no such variable.
    """
    if content[126:128] != b"IM":
        raise DataError("this is no MATLAB 5 file", expected="little-endian, version 5")
    try:
        for kind, data in _elements(content[128:]):
            if kind == _COMPRESSED:
                kind, data = next(_elements(zlib.decompress(data)))
            if kind == _MATRIX:
                found, value = _matrix(data)
                if found == name and isinstance(value, list):
                    return value
    except (struct.error, ValueError, LookupError, StopIteration, zlib.error) as error:
        raise DataError("a MATLAB file is damaged", found=repr(error)) from error
    raise DataError("a MATLAB file lacks an array of structs", key=name)


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Give type and content of the elements that stand one after another."""
    at = 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if kind >> 16:  # a small one: type, size and up to four bytes in eight
            kind, size = kind & 0xFFFF, kind >> 16
            yield kind, data[at + 4 : at + 4 + size]
            at += 8
        else:
            if at + 8 + size > len(data):
                raise ValueError(f"an element of {size} bytes leaves the file")
            yield kind, data[at + 8 : at + 8 + size]
            at += 8 + size if kind == _COMPRESSED else 8 + -(-size // 8) * 8


def _matrix(data: bytes) -> tuple[str, Any]:
    """Give the name and the value of an array."""
    parts = _elements(data)
    try:
        kind = next(parts)[1][0]
    except StopIteration:
        return "", np.empty(0)  # what stands for an empty field
    shape = np.frombuffer(next(parts)[1], dtype="<i4")
    name = next(parts)[1].decode("latin-1")
    if kind == _STRUCT:
        return name, _structs(parts, int(shape.prod()))
    kinds, content = next(parts, (1, b""))
    if kind == _CHAR:
        return name, content.decode(_TEXTS[kinds])
    return name, np.frombuffer(content, dtype=_NUMBERS[kinds])


def _structs(parts: Iterator[tuple[int, bytes]], count: int) -> list[dict[str, Any]]:
    length = struct.unpack("<i", next(parts)[1])[0]
    text = next(parts)[1]
    names = [
        text[at : at + length].split(b"\0")[0].decode("latin-1")
        for at in range(0, len(text), length)
    ]
    return [{name: _matrix(next(parts)[1])[1] for name in names} for _ in range(count)]
