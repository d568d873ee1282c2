"""Tables of a recording (units, electrodes, trials, epochs) as plain columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.stored import read, shape_of
from neuroai_core import DataError
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


def intervals_in(file: Any) -> dict[str, Any]:
    """Give every table of intervals of an ``NWBFile`` by its name."""
    named = {
        "trials": file.trials,
        "epochs": file.epochs,
        "invalid_times": file.invalid_times,
        **dict(file.intervals or {}),
    }
    return {name: table for name, table in named.items() if table is not None}


def events_in(file: Any) -> dict[str, Any]:
    """Give every table of events by its name: of NWB 2.10 and later, and of ndx-events 0.4."""
    found = [o for o in file.objects.values() if type(o).__name__ == "EventsTable"]
    names = [table.name for table in found]
    return {
        t.name if names.count(t.name) == 1 else f"{t.parent.name}/{t.name}": t
        for t in sorted(found, key=lambda table: str(table.name))
    }


def interval_table(file: Any, name: str, *, source: object) -> Any:
    """Give a table of intervals, or of events.

    Raises
    ------
    DataError
        If the recording has none of that name, with those it has.
    """
    tables = intervals_in(file) | events_in(file)
    if name not in tables:
        raise DataError(
            f"the recording has no table of intervals {name!r}",
            path=source,
            key=name,
            found="tables " + ", ".join(tables) if tables else "no such table at all",
        )
    return tables[name]


def spans_of(table: Any) -> npt.NDArray[np.float64]:
    """Give start and stop of each interval in seconds, ``(rows, 2)``; nan where missing.

    Events last as long as their table says, by default no time at all.
    """
    if "timestamp" in table.colnames:
        start = read(table["timestamp"].data).astype(np.float64)
        lasts = read(table["duration"].data) if "duration" in table.colnames else 0.0 * start
        return np.stack([start, start + np.nan_to_num(lasts.astype(np.float64))], axis=1)
    start = read(table["start_time"].data).astype(np.float64)
    stop = read(table["stop_time"].data).astype(np.float64)
    return np.stack([start, stop], axis=1)
