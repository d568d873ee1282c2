"""The image field of a ``.beton`` file: raw pixels or JPEG, as they come where possible."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from PIL import Image

from neuroai_core.errors import DataError, InputError, check_known
from neuroai_core.rng import uniform
from vision_data.beton.fields import Bytes, Encoded, Field
from vision_data.images import decode_image

Mode = Literal["raw", "jpg", "smart", "proportion"]
JPEG, RAW = 0, 1
LARGEST_SIDE = 2**16 - 1


@dataclass(frozen=True)
class ImageField(Field):
    """RGB images, 8 bits a channel.

    A value is a `PIL.Image.Image`, a uint8 array of shape (height, width, 3),
    or an encoded image: `bytes`, or the path of a file. The bytes of an RGB or
    grey JPEG are kept as they are where JPEG is written and nothing is resized.

    Parameters
    ----------
    write_mode
        ``"raw"``: pixels. ``"jpg"``: JPEG. ``"smart"``: JPEG where the pixels
        take more than `smart_threshold` bytes. ``"proportion"``: JPEG for a
        random part.
    max_resolution
        The longest side in pixels; what is larger is scaled down to it.
    smart_threshold
        In bytes of pixels; None: always raw.
    jpeg_quality
        Of what is encoded here, 1 to 100.
    compress_probability
        How many of the samples ``"proportion"`` writes as JPEG, 0 to 1.
    seed
        Which ones.
    """

    write_mode: Mode = "raw"
    max_resolution: int | None = None
    smart_threshold: int | None = None
    jpeg_quality: int = 90
    compress_probability: float = 0.5
    seed: int = 0
    type_id = 2
    record = np.dtype([("mode", "u1"), ("width", "<u2"), ("height", "<u2"), ("pointer", "<u8")])

    def __post_init__(self) -> None:
        check_known("write_mode", [self.write_mode], get_args(Mode))
        checks = {
            "max_resolution": self.max_resolution is None or self.max_resolution >= 1,
            "jpeg_quality": 1 <= self.jpeg_quality <= 100,
            "compress_probability": 0 <= self.compress_probability <= 1,
        }
        for key, good in checks.items():
            if not good:
                raise InputError(f"{key} is out of range", key=key, found=getattr(self, key))

    def encode(self, value: Any, index: int) -> Encoded:
        """See `Field.encode`."""
        content, path = _content(value, index)
        image = _image(value, index) if content is None else None
        if content is not None and self._may_keep(index):
            size = _plain_jpeg(content, path, index)
            if size is not None and self._as_jpeg(size, index) and self._fits(size):
                return (JPEG, *size, 0), content
        if image is None:
            image = decode_image(content or b"", path=path, index=index)
        image = self._resized(image)
        if max(image.size) > LARGEST_SIDE:
            raise InputError("an image is too large for the format", index=index, found=image.size)
        if self._as_jpeg(image.size, index):
            return (JPEG, *image.size, 0), self._jpeg(image)
        return (RAW, *image.size, 0), image.tobytes()

    def decode(self, record: Any, data: Bytes | None) -> Image.Image:
        """See `Field.decode`."""
        if data is None:
            raise DataError("a sample has no image data")
        size = int(record["width"]), int(record["height"])
        if record["mode"] == RAW:
            return Image.frombytes("RGB", size, data.tobytes())
        return decode_image(data.tobytes(), size=size)

    def pointers(self, column: npt.NDArray[Any]) -> npt.NDArray[np.uint64] | None:
        """See `Field.pointers`."""
        return np.asarray(column["pointer"])

    def wrong_size(
        self, column: npt.NDArray[Any], sizes: npt.NDArray[np.uint64]
    ) -> npt.NDArray[np.bool_]:
        """See `Field.wrong_size`."""
        pixels = column["height"].astype(np.uint64) * column["width"] * np.uint64(3)
        raw = column["mode"] == RAW
        wrong = np.where(raw, sizes != pixels, sizes < 4)
        return np.asarray(wrong | (column["mode"] > RAW) | (pixels == 0))

    def _may_keep(self, index: int) -> bool:
        return self.write_mode != "raw"

    def _fits(self, size: tuple[int, int]) -> bool:
        return self.max_resolution is None or max(size) <= self.max_resolution

    def _as_jpeg(self, size: tuple[int, int], index: int) -> bool:
        if self.write_mode == "smart":
            return self.smart_threshold is not None and size[0] * size[1] * 3 > self.smart_threshold
        if self.write_mode == "proportion":
            drawn = uniform(self.seed, "proportion", index=[index])[0, 0]
            return bool(drawn < self.compress_probability)
        return self.write_mode == "jpg"

    def _resized(self, image: Image.Image) -> Image.Image:
        if self._fits(image.size) or self.max_resolution is None:
            return image
        scale = self.max_resolution / max(image.size)
        size = (max(1, int(image.width * scale)), max(1, int(image.height * scale)))
        return image.resize(size, Image.Resampling.BILINEAR)

    def _jpeg(self, image: Image.Image) -> bytes:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=self.jpeg_quality)
        return out.getvalue()


def _content(value: Any, index: int) -> tuple[bytes | None, object]:
    """Give the encoded image and its path, if the value is one."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value), None
    if isinstance(value, str | os.PathLike):
        return Path(value).read_bytes(), value
    return None, None


def _image(value: Any, index: int) -> Image.Image:
    if isinstance(value, Image.Image):
        return value.convert("RGB")
    array = np.asarray(value)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise InputError(
            "this is no RGB image",
            index=index,
            expected="a PIL image, uint8 of shape (height, width, 3), bytes or a path",
            found=f"{type(value).__name__}, {array.dtype} of shape {array.shape}",
        )
    return Image.fromarray(array)


def _plain_jpeg(content: bytes, path: object, index: int) -> tuple[int, int] | None:
    """Give width and height of a JPEG that every reader decodes as RGB, else None."""
    if content[:3] != b"\xff\xd8\xff":
        return None
    try:
        with Image.open(io.BytesIO(content)) as image:
            size, plain = image.size, image.format == "JPEG" and image.mode in ("RGB", "L")
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError("an image is damaged", path=path, index=index, found=str(error)) from error
    if b"\xff\xd9" not in content[-4096:] and b"\xff\xd9" not in content:
        raise DataError("a JPEG is cut off", path=path, index=index, expected="an end marker")
    return size if plain else None
