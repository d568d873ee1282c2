"""Pickles of arrays and tensors, as NeuroFMX wrote them, and nothing but those.

Loading a pickle calls whatever it names. Here a pickle is first walked through
without running it; then only the names with which NumPy and torch pickle an
array are known, and each of them is one of the stand-ins below, which take the
bytes that are there and nothing more. Neither torch nor NumPy's own functions
run on what a pickle says.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
from dataclasses import dataclass
from typing import Any

import numpy as np

from neural_shards.values import Array, plain_dtype
from neuroai_core.errors import DataError

#: Opcodes by which a pickle calls otherwise than through a name, or asks its reader for objects.
_REFUSED = {"INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4", "NEXT_BUFFER"}
_PERSISTENT = {"PERSID", "BINPERSID"}
_MEMO = {"PUT", "BINPUT", "LONG_BINPUT", "GET", "BINGET", "LONG_BINGET"}

_STORAGES = {
    "BoolStorage": "?",
    "ByteStorage": "u1",
    "CharStorage": "i1",
    "ShortStorage": "<i2",
    "IntStorage": "<i4",
    "LongStorage": "<i8",
    "HalfStorage": "<f2",
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "ComplexFloatStorage": "<c8",
    "ComplexDoubleStorage": "<c16",
}

_FAILURES = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)


def unpickle(content: bytes, where: dict[str, Any]) -> Any:
    """Read a pickled NumPy array, torch tensor, number or text.

    Parameters
    ----------
    content
        The pickle.
    where
        For errors: path, key, index.

    Returns
    -------
    A NumPy array for an array as for a tensor; the rest as it is.

    Raises
    ------
    DataError
        If the pickle is damaged or holds anything else. Nothing was run then.

    Examples
    --------
    >>> unpickle(pickle.dumps(np.arange(3)), {})
    array([0, 1, 2])
    >>> import os
    >>> unpickle(pickle.dumps(os.getcwd), {})
    Traceback (most recent call last):
    neuroai_core.errors.DataError: a pickle holds what is neither array nor tensor
      found: posix.getcwd
    """
    try:
        stream = io.BytesIO(content)
        _look_through(stream, _REFUSED | _PERSISTENT)
        return _result(_Arrays(stream).load())
    except DataError as error:
        for part, value in where.items():
            setattr(error, part, value)
        raise
    except _FAILURES as error:
        raise DataError("a pickle is damaged", **where, found=str(error)[:200]) from None


def _look_through(stream: io.BytesIO, refused: set[str]) -> None:
    """Walk through the pickle that comes next, without running it, and go back to its start."""
    start, size = stream.tell(), len(stream.getbuffer())
    for opcode, argument, _ in pickletools.genops(stream):
        if opcode.name in refused:
            raise DataError("a pickle does what no array needs", found=opcode.name)
        if opcode.name in _MEMO and int(argument or 0) > size:
            raise DataError("a pickle is damaged", found=f"{opcode.name} {argument}")
    stream.seek(start)


class _Arrays(pickle.Unpickler):
    """Knows the names with which arrays and tensors are pickled."""

    def find_class(self, module: str, name: str) -> Any:
        known = _KNOWN.get((module.replace("numpy.core", "numpy._core"), name))
        if known is None:
            raise _foreign(f"{module}.{name}")
        return known


@dataclass
class _Dtype:
    """``numpy.dtype``: the type without ever changing one of NumPy's own."""

    descr: Any
    align: Any = False
    copy: Any = False
    order: Any = "="

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or any(part is not None for part in state[2:5]):
            raise _foreign("a type with fields")
        self.order = state[1]

    def plain(self) -> np.dtype[Any]:
        if not isinstance(self.descr, str):
            raise _foreign("an array of no plain type")
        made = plain_dtype(self.descr)
        if made.kind not in "biufcSU" or made.itemsize > 1 << 16:
            raise _foreign(f"an array of {made}")
        return made.newbyteorder(self.order if self.order in ("<", ">") else "=")


class _Reconstruct:
    """``numpy._core.multiarray._reconstruct``: an empty array whose state comes later."""

    def __init__(self, *_: object) -> None:
        self.array: Array | None = None

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, content = state
        self.array = _from_buffer(content, dtype, shape, "F" if fortran else "C")


@dataclass
class _Storage:
    """``torch.storage._load_from_bytes``: the numbers of a tensor, as torch saves them."""

    content: Any

    def numbers(self) -> Array:
        stream = io.BytesIO(bytes(self.content))
        for _ in range(3):  # magic number, protocol, the writer's sizes
            _look_through(stream, _REFUSED | _PERSISTENT)
            _Arrays(stream).load()
        _look_through(stream, _REFUSED)
        kind = _StorageHeader(stream).load()
        _look_through(stream, _REFUSED | _PERSISTENT)
        _Arrays(stream).load()  # its key
        dtype = np.dtype(_STORAGES[kind])
        count = int.from_bytes(stream.read(8), "little", signed=True)
        rest = stream.getbuffer()[stream.tell() :]
        if count * dtype.itemsize != len(rest):
            raise DataError("a pickled tensor is cut short", expected=count, found=len(rest))
        return np.frombuffer(bytes(rest), dtype)


class _StorageHeader(pickle.Unpickler):
    """Reads what kind of storage a saved one is."""

    def find_class(self, module: str, name: str) -> Any:
        if module != "torch" or name not in _STORAGES:
            raise _foreign(f"{module}.{name}")
        return name

    def persistent_load(self, pid: Any) -> Any:
        return pid[1]


class _Tensor:
    """``torch._utils._rebuild_tensor_v2``: a view of a storage."""

    def __init__(self, storage: Any, offset: Any, size: Any, stride: Any, *_: object) -> None:
        numbers = storage.numbers()
        size, stride = tuple(map(int, size)), tuple(map(int, stride))
        last = int(offset) + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
        inside = min((int(offset), *size, *stride)) >= 0 and math.prod(size) <= len(numbers)
        if not inside or (0 not in size and last >= len(numbers)):
            raise DataError("a pickled tensor reaches outside its numbers", found=(size, stride))
        steps = [s * numbers.itemsize for s in stride]
        self.array: Array = np.lib.stride_tricks.as_strided(numbers[int(offset) :], size, steps)


def _from_buffer(content: Any, dtype: Any, shape: Any, order: Any) -> Array:
    """Do what ``numpy._core.numeric._frombuffer`` does: an array of the bytes that are there."""
    if not isinstance(dtype, _Dtype):
        raise _foreign("an array without a plain type")
    if any(int(n) < 0 for n in shape):
        raise DataError("a pickled array has a negative length", found=shape)
    return np.frombuffer(content, dtype.plain()).reshape(shape, order=order)


def _scalar(dtype: Any, content: Any) -> Any:
    return _from_buffer(content, dtype, (), "C")[()]


_KNOWN: dict[tuple[str, str], Any] = {
    ("numpy._core.multiarray", "_reconstruct"): _Reconstruct,
    ("numpy._core.multiarray", "scalar"): _scalar,
    ("numpy._core.numeric", "_frombuffer"): _from_buffer,
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): "numpy.ndarray",  # only ever an argument
    ("torch._utils", "_rebuild_tensor_v2"): _Tensor,
    ("torch.storage", "_load_from_bytes"): _Storage,
    ("collections", "OrderedDict"): dict,  # the hooks of a tensor: none
    ("__builtin__", "bytes"): lambda: b"",  # how protocol 2 writes no bytes
    ("_codecs", "encode"): lambda text, _: str(text).encode("latin-1"),
}


def _result(value: Any) -> Any:
    if isinstance(value, _Reconstruct | _Tensor):
        value = value.array
    if isinstance(value, np.ndarray):
        return value.copy()
    if value is None or isinstance(value, bool | int | float | str | bytes | np.generic):
        return value
    raise _foreign(type(value).__name__)


def _foreign(name: str) -> DataError:
    return DataError("a pickle holds what is neither array nor tensor", found=name)
