"""One encoded image: its bytes in memory, or the path of its file."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
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
)


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
    source = path if path is not None else io.BytesIO(bytes_of(image, index))
    try:
        with Image.open(source) as picture:
            yield picture
    except CropError:
        raise
    except UnidentifiedImageError as error:
        expected, found = "an image in a format that Pillow reads", _beginning(image)
        raise CropError(
            "this is no image", index=index, path=path, expected=expected, found=found
        ) from error
    except UNREADABLE as error:
        found = f"{type(error).__name__}: {error}"
        raise CropError("the image cannot be read", index=index, path=path, found=found) from error


def _no_image(index: int | None, found: str) -> CropError:
    expected = "bytes, a memoryview, a one-dimensional uint8 array, or a path"
    return CropError("this is no encoded image", index=index, expected=expected, found=found)


def _beginning(image: EncodedImage) -> str:
    path = path_of(image)
    if path is None:
        data = bytes_of(image)
        size, start = len(data), bytes(data[:16])
    else:
        with open(path, "rb") as file:
            size, start = os.fstat(file.fileno()).st_size, file.read(16)
    return f"{size} bytes that begin with {start!r}" if size else "nothing (0 bytes)"
