"""What is known of a recording's units, channels and origin: stored once, not with every sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from neural_shards.nwb.stored import dtype_of, read


def plain(value: Any) -> Any:
    """Turn a cell of a table into what JSON holds; what is not finite becomes None.

    Examples
    --------
    >>> plain(np.float64("nan")), plain(b"CA1"), plain(np.array([1, 2]))
    (None, 'CA1', [1, 2])
    """
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray):
        return [plain(v) for v in value.tolist()]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return str(getattr(value, "name", value))


def table(stored: Any, skip: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """Give the columns of a ``DynamicTable`` that hold one value a row, with ``id`` first.

    Ragged columns and those of several numbers a row are left out; references to groups
    are given by name.
    """
    columns: dict[str, list[Any]] = {"id": [plain(v) for v in read(stored.id.data)]}
    for name in stored.colnames:
        column = stored[name]
        if name in skip or hasattr(column, "target") or not _flat(column):
            continue
        columns[name] = [plain(v) for v in read(column.data)]
    return columns


def _flat(column: Any) -> bool:
    shape = getattr(column.data, "shape", None)
    if shape is None:
        shape = np.shape(column.data)
    return len(shape) == 1 and not hasattr(column, "table") and dtype_of(column.data) is not None
