"""What a sample may hold, and the bytes it becomes: arrays as .npy, the plain rest as .json."""

from __future__ import annotations

import io
import json
import re
import sys
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import DataError, InputError

Array: TypeAlias = npt.NDArray[Any]

#: Kinds of NumPy types that a .npy holds without pickling.
PLAIN = "biufcSUmM"
#: The longest .npy header that is read; NumPy's own limit.
LONGEST_HEADER = 10_000


class Layout(NamedTuple):
    """How the array in a .npy lies: what its header says."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool
    start: int  # bytes before the first element

    @property
    def nbytes(self) -> int:
        """The bytes of the elements."""
        return _product(self.shape) * self.dtype.itemsize


class Encoded(NamedTuple):
    """A value as a member: what its name ends with, and its bytes in one or two parts."""

    extension: str
    parts: tuple[bytes | npt.NDArray[np.uint8], ...]
    layout: Layout | None = None


def encode(value: object, key: str) -> Encoded:
    """Turn a value into the bytes of a member.

    Raises
    ------
    InputError
        For a type that would not come back as what it was; it names `key` and the type.
    """
    if isinstance(value, bytes | bytearray):
        return Encoded("bin", (bytes(value),))
    if isinstance(value, np.ndarray) or _is_tensor(value):
        array = _plain_array(value, key)
        head = npy_header(array.dtype.str, array.shape)
        layout = Layout(array.dtype, array.shape, False, len(head))
        return Encoded("npy", (head, array.reshape(-1).view(np.uint8)), layout)
    return Encoded("json", (encode_json(value, key),))


def encode_json(value: object, key: str) -> bytes:
    """Turn numbers, strings, booleans, None, and lists and dicts of them into JSON."""
    return json.dumps(_plain(value, key), separators=(", ", ": ")).encode()


def decode_json(content: bytes, where: dict[str, Any]) -> Any:
    """Read JSON back, or say where it is damaged."""
    try:
        return json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError("a member is no valid JSON", **where, found=str(error)) from None


def decode_npy(content: bytes, where: dict[str, Any]) -> Array:
    """Read a .npy from memory, as a new writable array in its own byte order."""
    layout = read_layout(content[: LONGEST_HEADER + 16], where)
    if layout.start + layout.nbytes != len(content):
        raise DataError(
            "an array has not the bytes that its header states",
            **where,
            expected=f"{layout.start + layout.nbytes} bytes for {layout.dtype} {layout.shape}",
            found=f"{len(content)} bytes",
        )
    flat = np.frombuffer(content, dtype=layout.dtype, offset=layout.start)
    return flat.reshape(layout.shape, order="F" if layout.fortran else "C").copy()


@lru_cache(maxsize=4096)
def npy_header(descr: str, shape: tuple[int, ...]) -> bytes:
    """Make the header of a .npy in C order."""
    out = io.BytesIO()
    fields = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(out, fields)
    return out.getvalue()


def read_layout(start: bytes, where: dict[str, Any]) -> Layout:
    """Read the header of a .npy, of which `start` holds at least that.

    Raises
    ------
    DataError
        If it is none, or one of Python objects, which would have to be unpickled.
    """
    version = start[6:8]
    wide = 2 if version == b"\x01\x00" else 4
    length = int.from_bytes(start[8 : 8 + wide], "little")
    if start[:6] != b"\x93NUMPY" or version not in (b"\1\0", b"\2\0", b"\3\0") or len(start) < 12:
        raise DataError("a member is no .npy array", **where, found=repr(start[:8]))
    if length > LONGEST_HEADER or 8 + wide + length > len(start):
        raise DataError(
            "an array header is too long", **where, expected=LONGEST_HEADER, found=length
        )
    try:
        return _parse_header(start[8 + wide : 8 + wide + length], 8 + wide)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise DataError("an array header is damaged", **where, found=str(error)) from None


def plain_dtype(descr: str) -> np.dtype[Any]:
    """Make a type of what a file says, or raise `ValueError`.

    ``np.dtype`` itself takes much more, and evaluates parts of it.
    """
    if not _TYPE.fullmatch(descr):
        raise ValueError(f"{descr!r} is no plain type")
    return np.dtype(descr)


_ITEM = r"""\s*['"](\w+)['"]\s*:\s*(True|False|'[^'\\]*'|"[^"\\]*"|\([0-9, ]*\))\s*(?:,|$)"""
_TYPE = re.compile(rf"[<>|=]?(?:\?|[{PLAIN}][0-9]{{0,9}}(?:\[[0-9a-zA-Z]{{1,8}}\])?)")


@lru_cache(maxsize=4096)
def _parse_header(header: bytes, before: int) -> Layout:
    """Read the dict in a header; not as Python, which is more than it may be."""
    text = header.decode("latin-1").strip()
    inner = text[1:-1].strip()
    if (text[:1], text[-1:]) != ("{", "}") or not re.fullmatch(f"(?:{_ITEM})*", inner):
        raise ValueError("it is not a dict of plain values")
    fields = dict(re.findall(_ITEM, inner))
    descr, shape = fields.pop("descr")[1:-1], fields.pop("shape")
    fortran = fields.pop("fortran_order")
    if fields or fortran not in ("True", "False") or not shape.startswith("("):
        raise ValueError("it has other keys or values")
    dtype = plain_dtype(descr)
    sizes = tuple(int(n) for n in shape[1:-1].split(",") if n.strip())
    if len(sizes) > 32:
        raise ValueError(f"{len(sizes)} axes")
    return Layout(dtype, sizes, fortran == "True" and len(sizes) > 1, before + len(header))


def _plain_array(value: Any, key: str) -> Array:
    """Give the array whose bytes are stored: contiguous, of a plain type, without a mask."""
    if isinstance(value, np.ma.MaskedArray):
        raise InputError(
            "a masked array would lose its mask",
            key=key,
            hint="store value.filled(...) and the mask as two modalities",
        )
    if not isinstance(value, np.ndarray):
        value = _tensor_array(value, key)
    if value.dtype.kind not in PLAIN or value.dtype.names is not None:
        raise InputError(
            "this array cannot be stored without pickling",
            key=key,
            expected="numbers, booleans, times or fixed-length text",
            found=f"dtype {value.dtype}",
        )
    return np.asarray(value, order="C")


def _is_tensor(value: object) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _tensor_array(tensor: Any, key: str) -> Array:
    try:
        array: Array = tensor.detach().cpu().resolve_conj().resolve_neg().numpy()
    except (TypeError, RuntimeError, NotImplementedError) as error:
        raise InputError(
            "this tensor has no NumPy type",
            key=key,
            expected="a dense tensor of a type that NumPy knows",
            found=f"{tensor.dtype}, {tensor.layout}",
            hint="convert it, for example with .float()",
        ) from error
    return array


def _plain(value: object, key: str) -> Any:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, np.generic) and value.dtype.kind in "biufU":
        return value.item()
    if isinstance(value, list):
        return [_plain(v, f"{key}[{i}]") for i, v in enumerate(value)]
    if isinstance(value, dict) and all(isinstance(k, str) for k in value):
        return {k: _plain(v, f"{key}.{k}") for k, v in value.items()}
    raise InputError(
        "a value of this type cannot be stored",
        key=key,
        expected="an array, a tensor, bytes, a number, text, a boolean, None, "
        "or a list or dict (with text as keys) of the last five",
        found=f"{type(value).__module__}.{type(value).__qualname__}",
    )


def _product(shape: tuple[int, ...]) -> int:
    product = 1
    for n in shape:
        product *= n
    return product
