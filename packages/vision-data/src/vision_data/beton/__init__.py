"""The ``.beton`` format of FFCV, read and written without FFCV."""

from vision_data.beton.fields import (
    ArrayField,
    BytesField,
    Field,
    FloatField,
    IntField,
    JSONField,
    TensorField,
)
from vision_data.beton.image import ImageField
from vision_data.beton.reader import BetonFile
from vision_data.beton.writer import write_beton

__all__ = [
    "ArrayField",
    "BetonFile",
    "BytesField",
    "Field",
    "FloatField",
    "ImageField",
    "IntField",
    "JSONField",
    "TensorField",
    "write_beton",
]
