"""A table of intervals as a modality: trials, epochs, stimulus presentations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.grid import Grid
from neural_shards.nwb.recording import Recording
from neural_shards.nwb.runs import Runs, runs_of
from neural_shards.nwb.spec import Labels
from neural_shards.nwb.tables import Columns, columns_of
from neural_shards.nwb.timed import interval_table, spans_of
from neuroai_core.errors import unknown_name


@dataclass(frozen=True, eq=False)
class LabelChannel:
    """Which interval each bin lies in, and what its table says of it.

    Parameters
    ----------
    columns
        What is taken of the table, with its ids.
    spans_s
        Start and stop of each interval, ``(rows, 2)``.
    """

    columns: Columns
    spans_s: npt.NDArray[np.float64]
    spec: Labels
    masked: bool = False
    bin_bytes: int = 4

    def extent(self) -> None:
        """Give nothing: intervals alone make no recording."""

    def runs(self, grid: Grid) -> Runs:
        """Give all bins: to lie in no interval is a label too."""
        return runs_of([[0, grid.n_bins]])

    def take(self, grid: Grid, first: int, stop: int) -> npt.NDArray[Any]:
        """Give the row of the interval that holds each bin's middle, -1 for none, ``(bins,)``.

        Where intervals overlap it is that of the latest start.
        """
        made = np.full(stop - first, -1, dtype=np.int32)
        part = Grid(grid.start + first, stop - first, grid.bin_ms)
        whole = np.flatnonzero(np.isfinite(self.spans_s).all(axis=1))
        for row in whole[np.argsort(self.spans_s[whole, 0], kind="stable")].tolist():
            for a, b in part.bins_centred(self.spans_s[row]):
                made[a:b] = row
        return made

    def mask(self, grid: Grid, first: int, stop: int) -> npt.NDArray[np.bool_]:
        """Say that every bin has a label, ``(bins,)``."""
        return np.ones(stop - first, dtype=bool)

    def row(self, row: int) -> dict[str, Any]:
        """Give what the table says of one interval."""
        return {name: column[row] for name, column in self.columns.items()}

    def session(self) -> dict[str, Any]:
        """Give the table."""
        return {"table": self.spec.table, "columns": self.columns}

    def report(self) -> dict[str, Any]:
        """Say what was found."""
        return {
            "kind": "labels",
            "table": self.spec.table,
            "intervals": len(self.spans_s),
            "columns": list(self.columns),
        }


def open_labels(recording: Recording, spec: Labels) -> LabelChannel:
    """Read a table of intervals.

    Raises
    ------
    DataError
        If there is none of that name.
    UnknownNameError
        For a column that it has not.
    """
    table = interval_table(recording.file, spec.table, source=recording.name)
    columns = columns_of(table)
    for name in spec.columns:
        if name not in columns:
            raise unknown_name(f"column of {spec.table}", name, columns)
    taken = {n: c for n, c in columns.items() if not spec.columns or n in ("id", *spec.columns)}
    return LabelChannel(taken, spans_of(table), spec)
