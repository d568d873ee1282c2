"""The compiled engine: the functions of the shared library built from ``csrc/``."""

from __future__ import annotations

import ctypes
import functools
import itertools
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image

from jpeg_crops.encoded import EncodedImage, bytes_of, path_of
from jpeg_crops.errors import CropError

#: The version of csrc/jpeg_crops.h that is written down here.
INTERFACE = 1

#: Pillow has another order of its two passes since then, which shows in the rounding.
PILLOW_13 = int(PIL.__version__.split(".")[0]) >= 13

#: ``struct jpeg_crops_item``.
ITEM = np.dtype(
    [
        ("data", np.uint64),
        ("size", np.uint64),
        ("path", np.uint64),
        ("crop", np.uint64),
        ("corners", np.float32, 4),
        ("image", np.uint32, 2),
        ("flip", np.uint32),
        ("status", np.uint32),
    ]
)

#: ``enum jpeg_crops_status``, in words.
STATUSES = (
    "done",
    "not tried",
    "unreadable",
    "unusual",
    "too large",
    "box outside",
    "damaged",
    "no memory",
)


class _Settings(ctypes.Structure):
    _fields_ = (
        ("height", ctypes.c_uint32),
        ("width", ctypes.c_uint32),
        ("max_pixels", ctypes.c_uint64),
        ("threads", ctypes.c_uint32),
        ("pillow_13", ctypes.c_uint32),
        ("kernels", ctypes.c_char_p),
    )


@functools.cache
def library() -> ctypes.CDLL | str:
    """Load the shared library of this installation, or say why there is none."""
    folder = Path(__file__).parent
    for name in ("_native.so", "_native.dylib"):
        if (folder / name).is_file():
            return _load(folder / name)
    reason = folder / "_native_missing.txt"
    return reason.read_text("utf-8").strip() if reason.is_file() else "this build holds no library"


def _load(path: Path) -> ctypes.CDLL | str:
    try:
        loaded = ctypes.CDLL(str(path))
    except OSError as error:  # libjpeg-turbo is gone, or is another one than it was built with
        return f"the library does not load ({error})"
    if loaded.jpeg_crops_interface() != INTERFACE:
        return f"{path.name} is of another version; install jpeg-crops again"
    items, count = ctypes.c_void_p, ctypes.c_size_t
    loaded.jpeg_crops_batch.argtypes = [items, count, ctypes.POINTER(_Settings)]
    loaded.jpeg_crops_sizes.argtypes = [items, count, ctypes.c_uint32]
    loaded.jpeg_crops_kernels.argtypes = [count]
    loaded.jpeg_crops_kernels.restype = ctypes.c_char_p
    loaded.jpeg_crops_libjpeg.restype = ctypes.c_char_p
    return loaded


def loaded() -> ctypes.CDLL:
    """Return the library, where the caller knows that there is one."""
    found = library()
    if isinstance(found, str):
        raise RuntimeError(found)
    return found


def kernels() -> list[str]:
    """Name the instruction sets that the resize can use here, the fastest first."""
    names = map(loaded().jpeg_crops_kernels, itertools.count())
    return [name.decode() for name in itertools.takewhile(bool, names)]


def libjpeg() -> str:
    """Name the libjpeg that the library was built with."""
    name: bytes = loaded().jpeg_crops_libjpeg()
    return name.decode()


class Items:
    """The images of one call, as the library takes them.

    Holds on to the memory that it points to: for as long as this lives, the images do.
    """

    def __init__(self, images: Sequence[EncodedImage]) -> None:
        self.table = np.zeros(len(images), ITEM)
        self._alive: list[object] = []
        for column, values in zip(
            ("path", "data", "size"), zip(*map(self._place, images), strict=True), strict=False
        ):
            self.table[column] = values

    def _place(self, image: EncodedImage) -> tuple[int, int, int]:
        """Return the address of the path, or of the bytes and their number."""
        path = path_of(image)
        if path is not None:
            name = os.fsencode(path)
            if b"\0" in name:  # C would open the file of another name
                return 0, 0, 0
            buffer = ctypes.create_string_buffer(name)
            self._alive.append(buffer)
            return ctypes.addressof(buffer), 0, 0
        try:
            data = np.frombuffer(bytes_of(image), np.uint8)
        except CropError:  # the error shall be the one that Pillow's engine raises
            return 0, 0, 0
        self._alive.append(data)
        return 0, data.ctypes.data, data.size

    @property
    def left(self) -> list[int]:
        """The images that the library did not take."""
        positions: list[int] = np.flatnonzero(self.table["status"]).tolist()
        return positions

    def crop(
        self,
        corners: NDArray[np.float32],
        flips: NDArray[np.bool_],
        batch: NDArray[np.uint8],
        threads: int,
        kernels: str | None = None,
    ) -> None:
        """Fill the batch with the crops that the library can make.

        Parameters
        ----------
        corners
            Shape (n, 4): left, top, right, bottom.
        flips
            Shape (n,).
        batch
            Shape (n, height, width, 3), C-contiguous.
        threads
            How many threads to use; the GIL is released until all are done.
        kernels
            One of `kernels`, for tests; they all give the same crops.
        """
        n, height, width, _ = batch.shape
        self.table["corners"] = corners
        self.table["flip"] = flips
        self.table["crop"] = batch.ctypes.data + np.arange(n) * (height * width * 3)
        largest = Image.MAX_IMAGE_PIXELS or 2**63
        name = kernels.encode() if kernels else None
        settings = _Settings(height, width, largest, threads, PILLOW_13, name)
        if loaded().jpeg_crops_batch(self.table.ctypes.data, n, ctypes.byref(settings)):
            raise RuntimeError(f"no kernels {kernels!r} here")

    def read_sizes(self, threads: int) -> NDArray[np.int64]:
        """Read height and width from the headers that the library can read; (n, 2)."""
        loaded().jpeg_crops_sizes(self.table.ctypes.data, len(self.table), threads)
        return self.table["image"].astype(np.int64)
