"""One encoded image: its bytes in memory, or the path of its file."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from jpeg_crops.errors import CropError

#: What stands for an image: its encoded bytes, or a path.
EncodedImage: TypeAlias = (
    bytes | bytearray | memoryview | NDArray[np.uint8] | str | os.PathLike[str]
)

#: What Pillow's readers raise on damaged files, each in its own way.
UNREADABLE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Warning,  # for a user who made warnings errors
)


#: Markers of a JPEG: its first scan, and where EXIF stands.
SCAN, APP1 = 0xDA, 0xE1


def path_of(image: object) -> str | None:
    """Return the path, where the image was given as one."""
    return os.fspath(image) if isinstance(image, (str, os.PathLike)) else None


def bytes_of(image: EncodedImage, index: int | None = None) -> memoryview:
    """Look at the encoded bytes of an image in memory, without a copy where they are contiguous.

    Raises
    ------
    CropError
        If it is neither bytes nor a one-dimensional array of them.
    """
    try:
        view = memoryview(image)  # type: ignore[arg-type]  # the check is what this is for
    except TypeError:
        raise _no_image(index, type(image).__name__) from None
    if view.ndim != 1 or view.itemsize != 1:
        raise _no_image(index, f"{view.ndim} dimensions of {view.itemsize}-byte items")
    return view.cast("B") if view.c_contiguous else memoryview(view.tobytes())


@contextmanager
def opened(image: EncodedImage, index: int | None = None) -> Iterator[Image.Image]:
    """Open an image with Pillow: its header is read, its pixels are not yet.

    Whatever keeps Pillow from reading it, here or inside the ``with``, becomes a
    `CropError` that names the item.
    """
    path = path_of(image)
    data: bytes | memoryview = b""
    try:
        data = bytes_of(image, index) if path is None else Path(path).read_bytes()
        with Image.open(io.BytesIO(without_exif(data))) as picture:
            yield picture
    except CropError:
        raise
    except UnidentifiedImageError as error:
        start = f"{len(data)} bytes that begin with {bytes(data[:16])!r}"
        raise CropError(
            "this is no image",
            index=index,
            path=path,
            expected="an image in a format that Pillow reads",
            found=start if data else "nothing (0 bytes)",
        ) from error
    except UNREADABLE as error:
        found = f"{type(error).__name__}: {error}"
        raise CropError("the image cannot be read", index=index, path=path, found=found) from error


def without_exif(data: bytes | memoryview) -> bytes | memoryview:
    """Take the EXIF out of a JPEG; other data stay as they are.

    Nothing here needs it, and Pillow warns of each of the many files where it is damaged.
    """
    kept, start, at = [], 0, 2 if data[:2] == b"\xff\xd8" else len(data)
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != SCAN:
        after = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] == APP1 and data[at + 4 : at + 10] == b"Exif\0\0":
            kept.append(data[start:at])
            start = after
        at = after
    return b"".join([*kept, data[start:]]) if kept else data


def _no_image(index: int | None, found: str) -> CropError:
    expected = "bytes, a memoryview, a one-dimensional uint8 array, or a path"
    return CropError("this is no encoded image", index=index, expected=expected, found=found)
