"""Image files decoded as RGB, or an error that names the one that is damaged."""

from __future__ import annotations

import io
import os
import struct

from PIL import Image, UnidentifiedImageError

from neuroai_core.errors import DataError, NotFoundError

#: What Pillow raises for damaged images.
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def read_image(path: str | os.PathLike[str]) -> Image.Image:
    """Read an image file as RGB.

    Raises
    ------
    DataError
        If it is no image, or a damaged one; the error names it.
    """
    try:
        with open(path, "rb") as file:
            return decode_image(file.read(), path=path)
    except FileNotFoundError:
        raise NotFoundError("there is no such image", path=path) from None


def decode_image(
    content: bytes | memoryview,
    *,
    path: object = None,
    index: object = None,
    size: tuple[int, int] | None = None,
) -> Image.Image:
    """Decode the bytes of an image file as RGB, or raise `DataError` naming it.

    Where `size`, width and height, is known, an image that says another in
    its header is refused before its pixels take any memory.
    """
    try:
        with Image.open(io.BytesIO(content)) as image:
            if size is not None and image.size != size:
                raise DataError(
                    "an image is not of the size that it should be",
                    path=path,
                    index=index,
                    expected="{} x {}".format(*size),
                    found="{} x {}".format(*image.size),
                )
            return image.convert("RGB")
    except UnidentifiedImageError:
        head = bytes(content[:16])
        raise DataError(
            "this is no image",
            path=path,
            index=index,
            expected="JPEG, PNG or another image that Pillow reads",
            found=f"{len(content)} bytes that begin with {head!r}",
        ) from None
    except _DAMAGED as error:
        raise DataError("an image is damaged", path=path, index=index, found=str(error)) from error
