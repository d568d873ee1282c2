"""Batches of 8-bit images from a ``.beton`` file: gathered where they lie, or cropped."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from jpeg_crops import CropError, crop_batch, image_sizes
from neuroai_core.errors import DataError, InputError
from vision_data.beton.image import JPEG, RAW, ImageField
from vision_data.beton.reader import BetonFile
from vision_data.boxes import Boxes
from vision_data.frames import STEP

Pixels = npt.NDArray[np.uint8]
#: Bytes that are copied at a time where they are needed once more at once.
CACHED = 1 << 19


class ImageColumn:
    """The images of a ``.beton`` file.

    Parameters
    ----------
    file
        The file.
    name
        Its image field; None: the only one there is.
    """

    def __init__(self, file: BetonFile, name: str | None = None) -> None:
        self.file = file
        self.name = name or _only_image(file)
        column = file.column(self.name)
        self.modes = np.ascontiguousarray(column["mode"])
        self.sizes = np.stack([column["height"], column["width"]], axis=1).astype(np.int64)
        self.pointers = np.ascontiguousarray(column["pointer"]).astype(np.int64)
        lengths = file.sizes(self.name)
        self.lengths = (
            np.zeros(len(file), np.int64) if lengths is None else lengths.astype(np.int64)
        )
        self.uniform = len(file) > 0 and bool((self.sizes == self.sizes[0]).all())
        self._windows: dict[int, npt.NDArray[np.void]] = {}

    def common_size(self) -> tuple[int, int]:
        """Give height and width in pixels, if all images have one size."""
        if not self.uniform:
            small, large = self.sizes.min(axis=0).tolist(), self.sizes.max(axis=0).tolist()
            raise InputError(
                "the images differ in size, so a batch needs a resolution",
                path=self.file.path,
                key="resolution",
                found=f"{small[0]} x {small[1]} to {large[0]} x {large[1]}",
            )
        height, width = self.sizes[0].tolist()
        return height, width

    def is_plain(self, size: tuple[int, int]) -> bool:
        """Say whether every image is raw and of this size, so that batches can be gathered."""
        return bool(self.uniform and (self.modes == RAW).all() and self.common_size() == size)

    def gather(self, samples: npt.NDArray[np.int64], out: Pixels) -> None:
        """Copy raw images of one size into a batch, shape ``(n, height, width, 3)``."""
        nbytes = int(out[0].nbytes)
        # Every start in the file as an item of the size of an image: they
        # overlap, and indexing copies those that are asked for.
        windows = np.ndarray(
            (len(self.file.data) - nbytes + 1,),
            dtype=f"V{nbytes}",
            buffer=self.file.data,
            strides=(1,),
        )
        flat = out.reshape(len(out), nbytes).view(f"V{nbytes}")[:, 0]
        starts = self.pointers[samples]
        # What indexing gives is copied once more: so little that it stays in the cache.
        step = max(CACHED // nbytes, 1)
        for start in range(0, len(flat), step):
            part = slice(start, start + step)
            flat[part] = windows[starts[part]]

    def crop(
        self,
        samples: npt.NDArray[np.int64],
        boxes: Boxes,
        flips: npt.NDArray[np.bool_],
        out: Pixels,
    ) -> None:
        """Cut boxes out of images, resize them antialiased, and mirror some, into a batch."""
        compressed = self.modes[samples] == JPEG
        if compressed.all():
            self._crop_jpeg(samples, boxes, flips, out)
            return
        places = np.flatnonzero(compressed)
        if len(places):
            part = np.empty((len(places), *out.shape[1:]), dtype=np.uint8)
            self._crop_jpeg(samples[places], boxes[places], flips[places], part)
            out[places] = part
        for place in np.flatnonzero(~compressed):
            crop = self._crop_raw(int(samples[place]), boxes[place], (out.shape[1], out.shape[2]))
            out[place] = crop[:, ::-1] if flips[place] else crop

    def _crop_raw(self, sample: int, box: npt.NDArray[np.int64], size: tuple[int, int]) -> Pixels:
        height, width = self.sizes[sample].tolist()
        top, left, h, w = box.tolist()
        start = self.pointers[sample]
        pixels = self.file.data[start : start + height * width * 3].reshape(height, width, 3)
        if (h, w) == size:
            return pixels[top : top + h, left : left + w]
        image = Image.fromarray(pixels).resize(
            size[::-1], Image.Resampling.BILINEAR, box=(left, top, left + w, top + h)
        )
        return np.asarray(image)

    def _crop_jpeg(
        self,
        samples: npt.NDArray[np.int64],
        boxes: Boxes,
        flips: npt.NDArray[np.bool_],
        out: Pixels,
    ) -> None:
        images = [
            self.file.data[start : start + length]
            for start, length in zip(
                self.pointers[samples].tolist(), self.lengths[samples].tolist(), strict=True
            )
        ]
        try:
            found = image_sizes(images, threads=1)
            self._check_sizes(samples, found)
            crop_batch(images, boxes, out.shape[1:3], flips=flips, out=out, threads=1)
        except CropError as error:
            raise DataError(
                error.message,
                path=self.file.path,
                key=self.name,
                index=None if error.index is None else int(samples[error.index]),
                expected=error.expected,
                found=error.found,
            ) from error

    def _check_sizes(self, samples: npt.NDArray[np.int64], found: npt.NDArray[np.int64]) -> None:
        wrong = (found != self.sizes[samples]).any(axis=1)
        if wrong.any():
            place = int(wrong.argmax())
            raise DataError(
                "a JPEG is not of the size that the file says",
                path=self.file.path,
                key=self.name,
                index=int(samples[place]),
                expected="{} x {}".format(*self.sizes[samples[place]]),
                found="{} x {}".format(*found[place]),
            )


def mirror(batch: Pixels, flips: npt.NDArray[np.bool_]) -> None:
    """Mirror some images of a batch ``(n, height, width, 3)`` left to right, in place."""
    _, height, width, _ = batch.shape
    chosen, together = np.flatnonzero(flips), max(CACHED // batch[0].size, 1)
    # torch has a vectorised flip for three channels; so much at a time that it
    # works in this thread.
    images, rows = max(STEP // batch[0].size, 1), max(STEP // (width * 3), 1)
    for first in range(0, len(chosen), together):
        places = chosen[first : first + together]
        copies = batch[places]
        whole = torch.from_numpy(copies).permute(0, 3, 1, 2)
        for start in range(0, len(places), images):
            for top in range(0, height, rows):
                part = whole[start : start + images, :, top : top + rows]
                part.copy_(part.flip(-1))
        batch[places] = copies


def _only_image(file: BetonFile) -> str:
    names = [name for name, field in file.fields.items() if isinstance(field, ImageField)]
    if len(names) != 1:
        raise InputError(
            "which field holds the images is not clear",
            path=file.path,
            key="image_field",
            expected="the name of an image field",
            found=", ".join(f"{n}: {type(f).__name__}" for n, f in file.fields.items()),
        )
    return names[0]
