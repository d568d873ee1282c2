"""JPEG bytes to training crops: many images, one call, one uint8 batch."""

from jpeg_crops.__about__ import __version__
from jpeg_crops.batch import crop_batch
from jpeg_crops.encoded import EncodedImage
from jpeg_crops.engines import EngineInfo, engine_info, native_available
from jpeg_crops.errors import CropError
from jpeg_crops.sizes import image_size, image_sizes

__all__ = [
    "CropError",
    "EncodedImage",
    "EngineInfo",
    "__version__",
    "crop_batch",
    "engine_info",
    "image_size",
    "image_sizes",
    "native_available",
]
