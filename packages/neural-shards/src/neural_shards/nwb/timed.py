"""Tables whose rows have a time: intervals, and events whatever container they stand in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.stored import read
from neural_shards.nwb.tables import columns_of
from neuroai_core import DataError


@dataclass(frozen=True, eq=False)
class Column:
    """One value a row."""

    data: Any


@dataclass(frozen=True, eq=False)
class EventTable:
    """The events of a container of ndx-events 0.2 as a table, read like a ``DynamicTable``.

    Parameters
    ----------
    name
        Of the container.
    parent
        What it stands in.
    columns
        ``id``, ``timestamp`` in seconds, and what else is known of each event.
    """

    name: str
    parent: Any
    columns: Mapping[str, Column]

    @property
    def colnames(self) -> tuple[str, ...]:
        """The names of the columns but ``id``."""
        return tuple(name for name in self.columns if name != "id")

    @property
    def id(self) -> Column:
        """The numbers of the events."""
        return self.columns["id"]

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]


def intervals_in(file: Any) -> dict[str, Any]:
    """Give every table of intervals of an ``NWBFile`` by its name, wherever it stands.

    One that stands elsewhere than in ``/intervals``, such as ``SleepStates`` in a processing
    module, has its name alone too, or ``module/name`` where another table is called so.
    """
    usual = {"trials": file.trials, "epochs": file.epochs, "invalid_times": file.invalid_times}
    named = {**usual, **dict(file.intervals or {})}
    found = {name: table for name, table in named.items() if table is not None}
    elsewhere = [
        thing
        for thing in file.objects.values()
        if "TimeIntervals" in {kind.__name__ for kind in type(thing).__mro__}
        and not any(thing is table for table in found.values())
    ]
    names = [*usual, *found, *(table.name for table in elsewhere)]
    for table in sorted(elsewhere, key=_path):
        found[table.name if names.count(table.name) == 1 else _path(table)] = table
    return found


def _path(table: Any) -> str:
    return f"{table.parent.name}/{table.name}"


def events_in(file: Any) -> dict[str, Any]:
    """Give every table of events by its name.

    Those of NWB 2.10 and of ndx-events 0.4 as they are; ``Events``, ``LabeledEvents``, ``TTLs``
    and ``AnnotatedEventsTable`` of ndx-events 0.2 as an `EventTable`, labels in words. The
    extension itself need not be installed.
    """
    tables = [table for table in map(_events, file.objects.values()) if table is not None]
    names = [table.name for table in tables]
    return {
        t.name if names.count(t.name) == 1 else _path(t): t
        for t in sorted(tables, key=lambda table: str(table.name))
    }


def missing_events_hint() -> str | None:
    """Say that this pynwb passes over the tables of events of NWB 2.10, if it does."""
    if find_spec("pynwb.event") is not None:
        return None
    return "tables of events of NWB 2.10 are read with pynwb 4: pip install 'pynwb>=4'"


def _events(thing: Any) -> Any:
    """Give something as a table of events; None if it holds none."""
    kinds = {kind.__name__ for kind in type(thing).__mro__}
    if "EventsTable" in kinds:
        return thing
    if "AnnotatedEventsTable" in kinds:
        return _annotated(thing)
    if "Events" in kinds and hasattr(thing, "timestamps"):
        return _stamped(thing)
    return None


def _table(container: Any, timestamp: npt.NDArray[Any], columns: Mapping[str, Any]) -> EventTable:
    all_of_it = {"id": np.arange(len(timestamp)), "timestamp": timestamp, **columns}
    made = {name: Column(data) for name, data in all_of_it.items()}
    return EventTable(container.name, container.parent, made)


def _stamped(container: Any) -> EventTable:
    """Read ``Events``, or ``LabeledEvents`` and ``TTLs`` whose numbers stand for labels."""
    timestamp = read(container.timestamps)
    if not hasattr(container, "data"):
        return _table(container, timestamp, {})
    codes = read(container.data)
    if len(codes) != len(timestamp):
        raise DataError(
            "times and labels of events do not fit together",
            key=container.name,
            expected=f"{len(timestamp)} labels",
            found=len(codes),
        )
    # Without the extension, pynwb gives the attribute ``labels`` of the data another name.
    labels = getattr(container, "labels", getattr(container, "data__labels", None))
    words = {} if labels is None else dict(enumerate(read(labels).tolist()))
    label = [words.get(code) or str(code) for code in codes.tolist()]
    return _table(container, timestamp, {"data": codes, "label": np.array(label, dtype=object)})


def _annotated(table: Any) -> EventTable:
    """Read an ``AnnotatedEventsTable``: what its rows say, for each of their events."""
    index = table["event_times"]
    ends = read(index.data).astype(np.int64)
    row = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
    columns = {
        name: np.array(column, dtype=object)[row]
        for name, column in columns_of(table).items()
        if name != "id"
    }
    return _table(table, read(index.target.data)[: len(row)], columns)


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
            hint=missing_events_hint(),
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
