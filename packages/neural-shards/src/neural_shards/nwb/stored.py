"""Slices of what a recording stores: HDF5 and Zarr data sets, arrays, lists, all alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from neuroai_core import DataError

#: Bytes that are read at once where a whole data set is gone through.
PIECE_BYTES = 32 << 20


def shape_of(data: Any) -> tuple[int, ...]:
    """Give the shape of stored data without reading it; lists count as arrays.

    Examples
    --------
    >>> shape_of([[1, 2], [3, 4], [5, 6]])
    (3, 2)
    """
    shape = getattr(data, "shape", None)
    if shape is None:
        shape = np.shape(data)
    return tuple(int(n) for n in shape)


def dtype_of(data: Any) -> np.dtype[Any]:
    """Give the type of stored data; text of any kind is ``object``."""
    dtype = getattr(data, "dtype", None)
    if dtype is None:
        dtype = np.asarray(data[:1]).dtype
    dtype = np.dtype(dtype)
    return np.dtype(object) if dtype.kind in "OSU" else dtype


def read(data: Any, first: int = 0, stop: int | None = None) -> npt.NDArray[Any]:
    """Read rows ``first .. stop - 1`` as an array; bytes become text.

    Raises
    ------
    DataError
        If the file ends before the rows do, or cannot be read there.
    """
    try:
        rows = np.asarray(data[first:stop])
    except (OSError, RuntimeError) as error:  # how h5py says that a file is cut or damaged
        raise DataError(
            "data cannot be read: the file is damaged or cut short",
            key=getattr(data, "name", None),
            index=f"rows {first} to {stop}",
            found=str(error),
        ) from error
    if rows.dtype.kind in "OSU":
        return text(rows)
    return rows


def text(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Turn an array of bytes, strings or mixed objects into an array of objects without bytes."""
    flat = [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in values.ravel()]
    made = np.empty(len(flat), dtype=object)
    made[:] = [str(v) if isinstance(v, np.str_) else v for v in flat]
    return made.reshape(values.shape)


def pieces(data: Any, bytes_each: int = PIECE_BYTES) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """Go through stored rows in pieces of bounded memory.

    Yields
    ------
    The number of the first row, and the rows.
    """
    shape = shape_of(data)
    row = max(int(np.prod(shape[1:])) * max(dtype_of(data).itemsize, 1), 1)
    step = max(bytes_each // row, 1)
    for first in range(0, shape[0], step):
        yield first, read(data, first, min(first + step, shape[0]))
