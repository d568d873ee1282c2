"""The reference: every crop as Pillow makes it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jpeg_crops.encoded import EncodedImage, opened, path_of
from jpeg_crops.errors import CropError


def crop(
    image: EncodedImage, box: NDArray[np.float64], flip: bool, out: NDArray[np.uint8], index: int
) -> None:
    """Decode one image, resize the part of it in the box, and write it into `out`.

    Parameters
    ----------
    image
        The encoded image.
    box
        Top, left, height, width in pixels of the stored image.
    flip
        Whether the crop is mirrored left to right.
    out
        Shape (height, width, 3): where the crop goes.
    index
        The position in the batch, for the error.
    """
    with opened(image, index) as picture:
        width, height = picture.size
        corners = corners_within(box, height, width, index, path_of(image))
        size = (out.shape[1], out.shape[0])
        resized = rgb(picture, index).resize(size, Image.Resampling.BILINEAR, corners)
        pixels = np.asarray(resized)
    out[...] = pixels[:, ::-1] if flip else pixels


def corners_within(
    box: NDArray[np.float64], height: int, width: int, index: int, path: str | None
) -> tuple[float, float, float, float]:
    """Return left, top, right, bottom of a box, or raise the error for one that leaves the image.

    A thousandth of a pixel is forgiven: fractions do not add up exactly.
    """
    top, left, box_height, box_width = map(float, box)
    bottom, right = top + box_height, left + box_width
    if bottom > height + 1e-3 or right > width + 1e-3:
        raise CropError(
            "the box leaves the image",
            index=index,
            path=path,
            expected=f"a box within {height} x {width} pixels (height x width)",
            found=box_text(box),
        )
    return left, top, min(right, float(width)), min(bottom, float(height))


def box_text(box: NDArray[np.float64]) -> str:
    """Write a box for an error message."""
    return "top {:g}, left {:g}, height {:g}, width {:g}".format(*box)


def rgb(picture: Image.Image, index: int) -> Image.Image:
    """Convert to RGB as ``Image.convert`` does, but for 16-bit grey.

    Transparency is left out: a transparent pixel has the colour that the file stores for
    it. Of 16-bit grey the high byte is taken, as Pillow itself does for 16-bit colour;
    ``convert`` would make everything above 255 white.

    Raises
    ------
    CropError
        For 32-bit integers and floats, whose black and white are not in the file.
    """
    picture.load()
    # Pillow would look for a colour that stands for the transparency, or warn.
    picture.info.pop("transparency", None)
    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8)).convert("RGB")
    if picture.mode in ("I", "F"):
        raise CropError(
            "the image has no fixed black and white",
            index=index,
            expected="8 or 16 bits a channel",
            found=f"{picture.format}, mode {picture.mode}",
        )
    return picture.convert("RGB")
