"""Many encoded images in, one batch of crops out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jpeg_crops import native, pillow
from jpeg_crops.encoded import EncodedImage, path_of
from jpeg_crops.engines import Engine, choose
from jpeg_crops.errors import CropError
from jpeg_crops.threads import each, raise_first, thread_count


def crop_batch(
    images: Sequence[EncodedImage],
    boxes: ArrayLike,
    size: int | tuple[int, int],
    *,
    flips: ArrayLike | None = None,
    out: NDArray[np.uint8] | None = None,
    threads: int | None = None,
    engine: Engine = "auto",
) -> NDArray[np.uint8]:
    """Cut a box out of each image and resize it, antialiased, into one uint8 batch.

    Every crop is what Pillow makes of it:
    ``Image.open(...).convert("RGB").resize((width, height), BILINEAR, box)``. The
    orientation in EXIF is not applied, neither to the image nor to its box, as in
    torchvision's ``ImageFolder``.

    Parameters
    ----------
    images
        ``n`` encoded images: bytes, memoryviews, one-dimensional uint8 arrays (slices of a
        memory map, say), or paths. Meant for JPEG; whatever else Pillow reads goes as well.
    boxes
        Shape (n, 4): top, left, height, width in pixels of the stored image. Fractions
        of a pixel are meant as Pillow means them: the centre crop of a resized image
        is a box with fractions in the image before it was resized.
    size
        Height and width of the crops in pixels; one number for a square.
    flips
        Shape (n,): which crops to mirror left to right, after the resize.
    out
        Shape (n, height, width, 3), uint8, C-contiguous: filled and returned, so that a
        pinned tensor's memory can be the batch. A new array without it.
    threads
        How many threads to decode on; the CPUs that this process may use without it.
    engine
        ``"native"``: the compiled engine; images that it does not take go to Pillow, one
        by one. ``"pillow"``: Pillow alone. ``"auto"``: native where it is there.

    Returns
    -------
    numpy.ndarray
        Shape (n, height, width, 3), uint8, RGB.

    Raises
    ------
    CropError
        If an image is damaged, truncated or none, or a box leaves its image: names the
        first such item, with the others in ``others``. No crop is ever made up; the
        crops of the other items are in `out`.

    Examples
    --------
    >>> import io
    >>> from PIL import Image
    >>> file = io.BytesIO()
    >>> Image.new("RGB", (40, 30), "white").save(file, "JPEG")
    >>> batch = crop_batch([file.getvalue()], [(10, 5, 20, 20)], size=8, engine="pillow")
    >>> batch.shape, batch[0, 0, 0].tolist()
    ((1, 8, 8, 3), [255, 255, 255])
    """
    n = len(images)
    chosen = choose(engine)
    height, width = _size(size)
    rectangles, mirrored = _boxes(boxes, n, images), _flips(flips, n)
    batch = _out(out, (n, height, width, 3))
    left: Sequence[int] = range(n)
    if chosen == "native":
        items = native.Items(images)
        items.crop(_corners(rectangles), mirrored, batch, thread_count(threads, n))
        left = items.left
    work = partial(_with_pillow, images, rectangles, mirrored, batch)
    raise_first(each(work, left, thread_count(threads, len(left))))
    return batch


def _with_pillow(
    images: Sequence[EncodedImage],
    boxes: NDArray[np.float64],
    flips: NDArray[np.bool_],
    batch: NDArray[np.uint8],
    index: int,
) -> CropError | None:
    try:
        pillow.crop(images[index], boxes[index], bool(flips[index]), batch[index], index)
    except CropError as error:
        return error
    return None


def _corners(boxes: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.concatenate([boxes[:, 1::-1], boxes[:, 1::-1] + boxes[:, :1:-1]], 1).astype(
        np.float32
    )


def _size(size: int | tuple[int, int]) -> tuple[int, int]:
    pair = np.broadcast_to(np.asarray(size), 2) if np.ndim(size) == 0 else np.asarray(size)
    if pair.shape != (2,) or pair.dtype.kind not in "iu" or pair.min() < 1 or pair.max() > 65535:
        raise CropError("no such size", expected="1 to 65535, or (height, width)", found=repr(size))
    return int(pair[0]), int(pair[1])


def _boxes(boxes: ArrayLike, n: int, images: Sequence[EncodedImage]) -> NDArray[np.float64]:
    array = np.asarray(boxes)
    if array.size == 0 and n == 0:
        return np.zeros((0, 4))
    if array.shape != (n, 4) or array.dtype.kind not in "iuf":
        expected = f"numbers of shape ({n}, 4): top, left, height, width for each image"
        raise CropError("no such boxes", expected=expected, found=f"{array.dtype} {array.shape}")
    array = array.astype(np.float64)
    inside = np.isfinite(array) & (array >= 0) & (array[:, [2, 3, 2, 3]] > 0)
    bad = ~inside.all(axis=1)
    if bad.any():
        index = int(bad.argmax())
        raise CropError(
            "the box is empty or leaves the image",
            index=index,
            path=path_of(images[index]),
            expected="top and left of 0 or more, height and width above 0",
            found=pillow.box_text(array[index]),
        )
    return array


def _flips(flips: ArrayLike | None, n: int) -> NDArray[np.bool_]:
    array = np.zeros(n, np.bool_) if flips is None else np.asarray(flips)
    if array.shape != (n,) or (n and array.dtype != np.bool_):
        expected = f"booleans of shape ({n},)"
        raise CropError("no such flips", expected=expected, found=f"{array.dtype} {array.shape}")
    return array.astype(np.bool_)


def _out(out: object, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    if out is None:
        return np.empty(shape, np.uint8)
    if not isinstance(out, np.ndarray):  # what a caller without types may give
        found = type(out).__name__
    elif out.shape != shape or out.dtype != np.uint8:
        found = f"{out.dtype} {out.shape}"
    elif not (out.flags.c_contiguous and out.flags.writeable):
        found = "an array that is not C-contiguous" if out.flags.writeable else "a read-only array"
    else:
        return out
    expected = f"a writeable, C-contiguous uint8 array of shape {shape}"
    raise CropError("the batch does not fit into out", expected=expected, found=found)
