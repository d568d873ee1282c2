"""What a sample of a ``.beton`` file is made of: one class a type of field."""

from __future__ import annotations

import json
import operator
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import DataError, InputError
from vision_data.beton.format import ARGUMENTS_LENGTH

Bytes: TypeAlias = npt.NDArray[np.uint8]
#: What `Field.encode` gives: the record without its pointer, and the data it points to.
Encoded: TypeAlias = "tuple[Any, bytes | memoryview | None]"

POINTER = np.dtype("<u8")
SPAN = np.dtype([("pointer", "<u8"), ("size", "<u8")])
SHAPE_LENGTH = 32


class Field(ABC):
    """One column of a ``.beton`` file.

    A field says how its record in the metadata looks, encodes values for the
    writer, checks what a file claims, and decodes values for the reader.
    """

    type_id: ClassVar[int]
    #: The record of a sample.
    record: np.dtype

    @abstractmethod
    def encode(self, value: Any, index: int) -> Encoded:
        """Turn a value into its record and its data; `index` is the sample's."""

    @abstractmethod
    def decode(self, record: Any, data: Bytes | None) -> Any:
        """Turn a record and its data back into the value."""

    def pointers(self, column: npt.NDArray[Any]) -> npt.NDArray[np.uint64] | None:
        """Give the pointers in a column of records, a view; None: the field has no data."""
        return None

    def wrong_size(
        self, column: npt.NDArray[Any], sizes: npt.NDArray[np.uint64]
    ) -> npt.NDArray[np.bool_]:
        """Say which samples have data of a size that cannot be right."""
        return np.zeros(len(column), dtype=bool)

    def arguments(self) -> bytes:
        """Give what the file must say of the field beyond its type."""
        return b""

    @classmethod
    def from_arguments(cls, arguments: bytes) -> Field:
        """Make the field from what the file says of it."""
        return cls()


class _InPlace(Field):
    """A number that stands in the record itself."""

    def decode(self, record: Any, data: Bytes | None) -> Any:
        return record.item()


class FloatField(_InPlace):
    """A float64."""

    type_id = 0
    record = np.dtype("<f8")

    def encode(self, value: Any, index: int) -> Encoded:
        """See `Field.encode`."""
        if isinstance(value, str | bytes):
            raise TypeError("text is no number")
        return float(value), None


class IntField(_InPlace):
    """An int64."""

    type_id = 1
    record = np.dtype("<i8")

    def encode(self, value: Any, index: int) -> Encoded:
        """See `Field.encode`."""
        number = operator.index(value)
        if not -(2**63) <= number < 2**63:
            raise OverflowError("an int64 does not hold it")
        return number, None


class BytesField(Field):
    """Any number of bytes: `bytes`, or a one-dimensional array of uint8."""

    type_id = 3
    record = SPAN

    def encode(self, value: Any, index: int) -> Encoded:
        """See `Field.encode`."""
        content = value.tobytes() if isinstance(value, np.ndarray) else bytes(value)
        return (0, len(content)), content

    def decode(self, record: Any, data: Bytes | None) -> Any:
        """See `Field.decode`."""
        return _present(data)[: int(record["size"])].tobytes()

    def pointers(self, column: npt.NDArray[Any]) -> npt.NDArray[np.uint64] | None:
        """See `Field.pointers`."""
        return np.asarray(column["pointer"])

    def wrong_size(
        self, column: npt.NDArray[Any], sizes: npt.NDArray[np.uint64]
    ) -> npt.NDArray[np.bool_]:
        # No data at all still takes a byte, see the writer.
        """See `Field.wrong_size`."""
        return np.asarray(
            np.maximum(column["size"], np.uint64(1)) != np.maximum(sizes, np.uint64(1))
        )


class JSONField(BytesField):
    """Any value that JSON can hold, as UTF-8 with a zero byte at its end."""

    type_id = 5

    def encode(self, value: Any, index: int) -> Encoded:
        """See `Field.encode`."""
        content = json.dumps(value).encode() + b"\0"
        return (0, len(content)), content

    def decode(self, record: Any, data: Bytes | None) -> Any:
        """See `Field.decode`."""
        content = super().decode(record, data)
        try:
            return json.loads(content.partition(b"\0")[0].decode())
        except ValueError as error:
            raise DataError("a JSON value is damaged", found=str(error)) from error


_ARRAY = np.dtype([("shape", "<u8", (SHAPE_LENGTH,)), ("length", "<u8")])
_PLAIN = re.compile(r"[<>|=]?([biufc]\d{1,2}|\?)")


@dataclass(frozen=True)
class ArrayField(Field):
    """Arrays of one shape and element type.

    Parameters
    ----------
    dtype
        Element type: a plain number or bool.
    shape
        Shape of every value; no axis is empty.
    """

    dtype: np.dtype
    shape: tuple[int, ...]
    type_id = 4
    record = POINTER

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", np.dtype(self.dtype))
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))
        plain = self.dtype.kind in "biufc" and len(self.shape) <= SHAPE_LENGTH
        if not plain or any(n < 1 for n in self.shape):
            raise InputError(
                "the format holds no such arrays",
                expected=f"numbers, 1 to {SHAPE_LENGTH} axes, none of them empty",
                found=f"{self.dtype} of shape {self.shape}",
            )

    @property
    def nbytes(self) -> int:
        """Bytes of a value."""
        size = self.dtype.itemsize
        for n in self.shape:
            size *= n  # Python's integers: what a hostile file claims does not overflow
        return size

    def encode(self, value: Any, index: int) -> Encoded:
        """See `Field.encode`."""
        array = _numpy(value)
        if array.dtype != self.dtype or array.shape != self.shape:
            raise InputError(
                "an array does not fit its field",
                index=index,
                expected=f"{self.dtype} of shape {self.shape}",
                found=f"{array.dtype} of shape {array.shape}",
            )
        return 0, array.tobytes()

    def decode(self, record: Any, data: Bytes | None) -> Any:
        """See `Field.decode`."""
        return _present(data)[: self.nbytes].view(self.dtype).reshape(self.shape).copy()

    def pointers(self, column: npt.NDArray[Any]) -> npt.NDArray[np.uint64] | None:
        """See `Field.pointers`."""
        return column

    def wrong_size(
        self, column: npt.NDArray[Any], sizes: npt.NDArray[np.uint64]
    ) -> npt.NDArray[np.bool_]:
        """See `Field.wrong_size`."""
        return np.asarray(sizes != self.nbytes)

    def arguments(self) -> bytes:
        """See `Field.arguments`."""
        described = json.dumps(self.dtype.descr).encode("ascii")
        head = np.zeros(1, dtype=_ARRAY)
        head["shape"][0, : len(self.shape)] = self.shape
        head["length"] = len(described)
        return head.tobytes() + described

    @classmethod
    def from_arguments(cls, arguments: bytes) -> Field:
        """See `Field.from_arguments`."""
        head = np.frombuffer(arguments, dtype=_ARRAY, count=1)[0]
        length, shape = int(head["length"]), [int(n) for n in head["shape"]]
        while shape and shape[-1] == 0:
            shape.pop()
        if length > ARGUMENTS_LENGTH - _ARRAY.itemsize:
            raise DataError("the element type of an array is damaged", found=f"{length} bytes")
        try:
            described = json.loads(arguments[_ARRAY.itemsize :][:length].decode("ascii"))
            ((_, name),) = described
        except (ValueError, TypeError) as error:
            raise DataError("the element type of an array is damaged", found=str(error)) from error
        if not isinstance(name, str) or not _PLAIN.fullmatch(name):
            raise DataError("an array has an element type that is no number", found=repr(name))
        try:
            return cls(np.dtype(name), tuple(shape))
        except (TypeError, InputError) as error:
            raise DataError("the shape or element type of an array is damaged") from error


@dataclass(frozen=True)
class TensorField(ArrayField):
    """Tensors of one shape and element type; read back as tensors."""

    type_id = 6

    def decode(self, record: Any, data: Bytes | None) -> Any:
        """See `Field.decode`."""
        import torch

        return torch.from_numpy(super().decode(record, data))


def _numpy(value: Any) -> npt.NDArray[Any]:
    # A tensor, without importing torch to ask.
    return np.asarray(value.numpy() if hasattr(value, "numpy") else value)


def _present(data: Bytes | None) -> Bytes:
    if data is None:
        raise DataError("a sample has no data")
    return data
