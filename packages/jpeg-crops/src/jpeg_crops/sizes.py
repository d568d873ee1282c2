"""Height and width of an encoded image, from its header."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jpeg_crops import native
from jpeg_crops.encoded import EncodedImage, opened
from jpeg_crops.engines import native_available
from jpeg_crops.errors import CropError
from jpeg_crops.threads import each, raise_first, thread_count


def image_size(image: EncodedImage) -> tuple[int, int]:
    """Read height and width from the header of an image; no pixel is decoded.

    Parameters
    ----------
    image
        Bytes, a memoryview, a one-dimensional uint8 array, or a path.

    Returns
    -------
    tuple of int
        Height and width in pixels, as stored: the orientation in EXIF is not applied.

    Raises
    ------
    CropError
        If it is no image.

    Examples
    --------
    >>> import io
    >>> from PIL import Image
    >>> file = io.BytesIO()
    >>> Image.new("RGB", (40, 30)).save(file, "JPEG")
    >>> image_size(file.getvalue())
    (30, 40)
    """
    height, width = image_sizes([image], threads=1)[0].tolist()
    return height, width


def image_sizes(images: Sequence[EncodedImage], threads: int | None = None) -> NDArray[np.int64]:
    """Read height and width of many images; the array is what `image_size` says of each.

    Parameters
    ----------
    images
        ``n`` encoded images, as for `image_size`.
    threads
        How many threads to read on; the CPUs that this process may use without it.

    Returns
    -------
    numpy.ndarray
        Shape (n, 2), int64: height and width in pixels.

    Raises
    ------
    CropError
        If one of them is no image: names the first, with the others in ``others``.
    """
    sizes, left = np.zeros((len(images), 2), np.int64), list(range(len(images)))
    if native_available():
        items = native.Items(images)
        sizes, left = items.read_sizes(thread_count(threads, len(images))), items.left

    def read(index: int) -> CropError | None:
        try:
            with opened(images[index], index) as picture:
                sizes[index] = picture.size[::-1]
        except CropError as error:
            return error
        return None

    raise_first(each(read, left, thread_count(threads, len(left))))
    return sizes
