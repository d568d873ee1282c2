"""Tables of events (licks, rewards, pulses) as a modality: how many happened in each bin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.grid import Grid
from neural_shards.nwb.recording import Recording
from neural_shards.nwb.runs import Runs, runs_of
from neural_shards.nwb.spec import Events
from neural_shards.nwb.spikes import SpikeScan, SpikeTrains
from neural_shards.nwb.stored import read
from neural_shards.nwb.tables import Columns, columns_of
from neural_shards.nwb.timed import events_in, missing_events_hint
from neuroai_core import DataError
from neuroai_core.errors import unknown_name


@dataclass(frozen=True, eq=False)
class EventChannel:
    """Counts of events, one column for each table, or each value of a column of theirs.

    Parameters
    ----------
    trains
        The times of each kind of event, one after the other.
    scan
        Where they lie.
    kinds
        Of which table, and with which value, the events of each column are.
    tables
        The columns of the tables.
    """

    trains: SpikeTrains
    scan: SpikeScan
    kinds: tuple[dict[str, Any], ...]
    tables: Mapping[str, Columns]
    spec: Events
    masked: bool = False

    def extent(self) -> tuple[float, float] | None:
        """Give the times of the first and the last event."""
        if self.scan.first_s is None or self.scan.last_s is None:
            return None
        return self.scan.first_s, self.scan.last_s

    def runs(self, grid: Grid) -> Runs:
        """Give all bins: that nothing happened is a count of 0."""
        return runs_of([[0, grid.n_bins]])

    def take(self, grid: Grid, first: int, stop: int) -> npt.NDArray[Any]:
        """Count, ``(bins, kinds)``."""
        return self.trains.count(self.scan, grid, first, stop, dtype=self.spec.dtype)

    def mask(self, grid: Grid, first: int, stop: int) -> npt.NDArray[np.bool_]:
        """Say that every bin has a count, ``(bins,)``."""
        return np.ones(stop - first, dtype=bool)

    @property
    def bin_bytes(self) -> int:
        """Bytes of one bin."""
        return len(self.kinds) * np.dtype(self.spec.dtype).itemsize

    def session(self) -> dict[str, Any]:
        """Say what the columns are, and give the tables."""
        return {"kinds": list(self.kinds), "tables": dict(self.tables)}

    def report(self) -> dict[str, Any]:
        """Say what was found."""
        events = np.diff(self.trains.ends, prepend=0).tolist()
        return {
            "kind": "events",
            "kinds": [{**k, "events": n} for k, n in zip(self.kinds, events, strict=True)],
        }


def open_events(recording: Recording, spec: Events, bin_ms: float) -> EventChannel:
    """Read tables of events; an event without a time is no event.

    Raises
    ------
    DataError
        If there is no table, or none of a wanted name.
    UnknownNameError
        For a column that a table has not.
    """
    there = events_in(recording.file)
    names = spec.tables or tuple(there)
    if not names or not set(names) <= set(there):
        raise DataError(
            "the recording has no such table of events",
            path=recording.name,
            key=", ".join(spec.tables) or None,
            found="tables " + ", ".join(there) if there else "no table of events at all",
            hint=missing_events_hint(),
        )
    tables = {name: columns_of(there[name]) for name in names}
    kinds: list[dict[str, Any]] = []
    trains: list[npt.NDArray[np.float64]] = []
    for name, columns in tables.items():
        times = read(there[name]["timestamp"].data).astype(np.float64)
        timed = np.isfinite(times)
        if spec.column is None:
            kinds.append({"table": name})
            trains.append(times[timed])
            continue
        if spec.column not in columns:
            raise unknown_name(f"column of {name}", spec.column, columns)
        values = columns[spec.column]
        for value in sorted(set(values), key=lambda v: (str(type(v)), v)):
            kinds.append({"table": name, "value": value})
            trains.append(times[timed & np.array([v == value for v in values])])
    ends = np.cumsum([len(times) for times in trains], dtype=np.int64)
    flat = SpikeTrains(np.concatenate(trains), ends, "events")
    return EventChannel(flat, flat.scan(bin_ms), tuple(kinds), tables, spec)
