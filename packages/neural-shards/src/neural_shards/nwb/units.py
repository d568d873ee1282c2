"""The units of a recording as a modality: counts, and which units were observed when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.grid import Grid
from neural_shards.nwb.recording import Recording
from neural_shards.nwb.runs import Runs, runs_of
from neural_shards.nwb.spec import Spikes
from neural_shards.nwb.spikes import SpikeScan, SpikeTrains
from neural_shards.nwb.stored import read
from neural_shards.nwb.tables import Columns, columns_of, ragged, rows_where
from neuroai_core import DataError


@dataclass(frozen=True, eq=False)
class SpikeChannel:
    """Spike counts of the units that are taken.

    Parameters
    ----------
    trains
        The spike times of all units.
    scan
        Where they lie in the file.
    units
        Rows of the unit table that are taken.
    table
        The columns of the unit table.
    electrodes
        The columns of the electrode table; None where units do not refer to it.
    observed_s
        Spans in which each unit that is taken was observed; None for a unit of which the
        recording does not say it. None if it says it of no unit.
    """

    trains: SpikeTrains
    scan: SpikeScan
    units: npt.NDArray[np.int64]
    table: Columns
    electrodes: Columns | None
    observed_s: tuple[npt.NDArray[np.float64] | None, ...] | None
    spec: Spikes

    def extent(self) -> tuple[float, float] | None:
        """Give the times of the first and the last spike."""
        if self.scan.first_s is None or self.scan.last_s is None:
            return None
        return self.scan.first_s, self.scan.last_s

    def runs(self, grid: Grid) -> Runs:
        """Give the bins in which some unit was observed; no spike is a count of 0."""
        spans = self.observed_s
        if spans is None or any(s is None for s in spans):
            return runs_of([[0, grid.n_bins]])
        return runs_of(np.concatenate([grid.bins_inside(_joined(s)) for s in spans]))

    def take(self, grid: Grid, first: int, stop: int) -> npt.NDArray[Any]:
        """Count, ``(bins, units)``."""
        return self.trains.count(
            self.scan, grid, first, stop, units=self.units, dtype=self.spec.dtype
        )

    @property
    def masked(self) -> bool:
        """Whether a mask goes with the counts."""
        return self.spec.mask == "always" or (
            self.spec.mask == "auto" and self.observed_s is not None
        )

    def mask(self, grid: Grid, first: int, stop: int) -> npt.NDArray[np.bool_]:
        """Say which units were observed in all of which bins, ``(bins, units)``."""
        made = np.ones((stop - first, len(self.units)), dtype=bool)
        part = Grid(grid.start + first, stop - first, grid.bin_ms)
        for unit, spans in enumerate(self.observed_s or ()):
            if spans is not None:
                made[:, unit] = False
                for a, b in part.bins_inside(_joined(spans)):
                    made[a:b, unit] = True
        return made

    @cached_property
    def bin_bytes(self) -> int:
        """Bytes of one bin."""
        return len(self.units) * (np.dtype(self.spec.dtype).itemsize + self.masked)

    def session(self) -> dict[str, Any]:
        """Give the unit table, of the units that are taken, and the electrodes they refer to."""
        units = {name: [column[r] for r in self.units] for name, column in self.table.items()}
        if self.electrodes is None:
            return {"units": units}
        rows = sorted({row for unit in units["electrodes"] for row in unit})
        electrodes = {name: [cells[r] for r in rows] for name, cells in self.electrodes.items()}
        return {"units": units, "electrodes": {"row": rows, **electrodes}}

    def report(self) -> dict[str, Any]:
        """Say what was found."""
        low, high = self.trains.starts[self.units], self.trains.ends[self.units]
        counts = high - low
        return {
            "kind": "spikes",
            "units": len(self.units),
            "units_left_out": len(self.trains.ends) - len(self.units),
            "silent_units": int((counts == 0).sum()),
            "spikes": int(counts.sum()),
            "out_of_order": int(self.scan.backward[self.units].sum()),
            "longest_step_back_s": self.scan.longest_back_s,
            "first_s": self.scan.first_s,
            "last_s": self.scan.last_s,
            "units_with_obs_intervals": sum(s is not None for s in self.observed_s or ()),
        }


def _joined(spans: npt.NDArray[np.float64] | None) -> npt.NDArray[np.float64]:
    """Merge spans that touch or overlap, so that a bin over their border lies in one."""
    if spans is None or len(spans) == 0:
        return np.zeros((0, 2))
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    reach = np.maximum.accumulate(spans[:, 1])
    opens = np.concatenate([[True], spans[1:, 0] > reach[:-1]])
    closes = np.concatenate([opens[1:], [True]])
    return np.stack([spans[opens, 0], reach[closes]], axis=1)


def open_spikes(recording: Recording, spec: Spikes, bin_ms: float) -> SpikeChannel:
    """Find the units of a recording, and where their spikes lie.

    Raises
    ------
    DataError
        If there is no unit table, no unit that is wanted, or no spike times.
    """
    units = recording.file.units
    if units is None or "spike_times" not in units.colnames:
        raise DataError(
            "the recording has no spike times",
            path=recording.name,
            key="units",
            found="no unit table"
            if units is None
            else f"a unit table of columns {list(units.colnames)}",
            hint="leave the modality 'spikes' out",
        )
    index = units["spike_times"]
    trains = SpikeTrains(index.target.data, read(index.data).astype(np.int64))
    table, electrodes = columns_of(units), None
    if "electrodes" in units.colnames:
        table["electrodes"], electrodes = _electrodes(units)
    rows = _wanted(table, electrodes, spec.units)
    if len(rows) == 0:
        raise DataError(
            "the recording has no units" if not table["id"] else "no unit is what is wanted",
            path=recording.name,
            key="units",
            expected=", ".join(f"{k}: {v}" for k, v in spec.units.items()) or None,
            found=f"{len(table['id'])} units",
        )
    observed = _observed(units, rows)
    return SpikeChannel(trains, trains.scan(bin_ms), rows, table, electrodes, observed, spec)


def _electrodes(units: Any) -> tuple[list[list[int]], Columns]:
    """Give the rows of the electrode table that each unit refers to, and that table."""
    column = units["electrodes"]
    if hasattr(column, "target"):
        rows = [row.tolist() for row in ragged(units, "electrodes")]
        return rows, columns_of(column.target.table)
    return [[row] for row in read(column.data).tolist()], columns_of(column.table)


def _wanted(
    table: Columns, electrodes: Columns | None, select: Mapping[str, Any]
) -> npt.NDArray[np.int64]:
    """Give the units that are wanted, by their columns, or else by those of their electrodes.

    Of several electrodes of a unit one must have the value.
    """
    found = electrodes or {}
    own = {name: cells for name, cells in select.items() if name in table or name not in found}
    known = {**{name: [None] * len(table["id"]) for name in found}, **table}
    rows = rows_where(known, own, table="units")
    for name in select.keys() - own.keys():
        fitting = set(rows_where(found, {name: select[name]}, table="electrodes").tolist())
        rows = np.array(
            [r for r in rows if not fitting.isdisjoint(table["electrodes"][r])], dtype=np.int64
        )
    return rows


def _observed(
    units: Any, rows: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64] | None, ...] | None:
    if "obs_intervals" not in units.colnames:
        return None
    spans = ragged(units, "obs_intervals")
    taken = [spans[row].astype(np.float64).reshape(-1, 2) for row in rows]
    return tuple(s if len(s) else None for s in taken) if any(map(len, taken)) else None
