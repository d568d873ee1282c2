"""Tables of a recording (units, electrodes, trials, epochs) as plain columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.stored import read, shape_of
from neuroai_core.errors import unknown_name

Columns = dict[str, list[Any]]


def plain(value: Any) -> Any:
    """Turn a cell into what JSON holds; what is not finite becomes None.

    Examples
    --------
    >>> plain(np.float64("nan")), plain(b"CA1"), plain(np.array([1, 2]))
    (None, 'CA1', [1, 2])
    """
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(getattr(value, "name", value))  # a reference to a group, an electrode ...


def columns_of(table: Any) -> Columns:
    """Give the columns of a ``DynamicTable`` that hold one value a row, ``id`` first.

    Ragged columns, references to rows of other tables and columns of several numbers a row
    are left out.
    """
    columns: Columns = {"id": [plain(v) for v in read(table.id.data)]}
    for name in table.colnames:
        column = table[name]
        if len(shape_of(column.data)) == 1 and not _refers(column):
            columns[name] = [plain(v) for v in read(column.data)]
    return columns


def _refers(column: Any) -> bool:
    """Say whether a column is the index of a ragged one, or holds rows of another table."""
    return hasattr(column, "target") or hasattr(column, "table")


def ragged(table: Any, name: str) -> list[npt.NDArray[Any]]:
    """Give the rows of a ragged column as arrays."""
    index = table[name]
    ends = read(index.data).astype(np.int64)
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    return [read(index.target.data, int(a), int(b)) for a, b in zip(starts, ends, strict=True)]


def rows_where(columns: Columns, select: Mapping[str, Any], *, table: str) -> npt.NDArray[np.int64]:
    """Give the rows in which columns have the wanted values.

    Parameters
    ----------
    select
        By column, one value or a list of them.
    table
        What to call the table in an error.

    Raises
    ------
    UnknownNameError
        For a column that is not there.

    Examples
    --------
    >>> columns = {"id": [0, 1, 2], "quality": ["good", "mua", "good"]}
    >>> rows_where(columns, {"quality": "good"}, table="units").tolist()
    [0, 2]
    """
    taken = np.ones(len(columns["id"]), dtype=bool)
    for name, wanted in select.items():
        if name not in columns:
            raise unknown_name(f"column of {table}", name, columns)
        values = wanted if isinstance(wanted, list | tuple) else [wanted]
        taken &= np.array([cell in values for cell in columns[name]], dtype=bool)
    return np.flatnonzero(taken)
