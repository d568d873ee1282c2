"""Spike times to counts on the grid, a stretch of bins at a time."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.grid import Grid
from neural_shards.nwb.stored import pieces, read, shape_of
from neuroai_core import DataError

#: Bins in a slab (as a power of two): how finely the scan notes where spikes lie in the file.
SLAB = 13
#: A recording does not go on for longer than a year.
LONGEST_S = 366 * 86_400.0
#: More units times slabs than this (a gigabyte of places) come from a wrong time, too.
MAX_PLACES = 1 << 26

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SpikeScan:
    """What one pass over all spike times has found.

    Parameters
    ----------
    slab0
        Number of the first slab; slabs hold ``2**SLAB`` bins, counted from time zero.
    low, high
        Where in the file the spikes of a unit and slab lie, each ``(units, slabs)``;
        between them may be spikes of other slabs where times are out of order.
    first_s, last_s
        The earliest and latest spike in seconds, None if there is none.
    backward
        Steps back in time of each unit, ``(units,)``.
    longest_back_s
        The longest of them in seconds, over all units.
    """

    slab0: int
    low: Positions
    high: Positions
    first_s: float | None
    last_s: float | None
    backward: Positions
    longest_back_s: float


@dataclass(frozen=True, eq=False)
class SpikeTrains:
    """The spike times of all units as they are stored: one flat array, and where units end.

    Parameters
    ----------
    times
        All spike times in seconds, unit after unit, ``(spikes,)``; read in slices only.
    ends
        Position after the last spike of each unit, ``(units,)``. A unit may be silent.
    key
        What to call the times in an error.
    """

    times: Any
    ends: Positions
    key: str = "units/spike_times"

    def __post_init__(self) -> None:
        steps = np.diff(np.concatenate([[0], self.ends]))
        if (steps < 0).any() or (len(self.ends) and self.ends[-1] > shape_of(self.times)[0]):
            raise DataError(
                "the index of the spike times does not fit them",
                key=f"{self.key}_index",
                expected=f"rising ends up to {shape_of(self.times)[0]}",
                found=f"{self.ends[:5].tolist()}... {self.ends[-1:].tolist()}",
            )

    @property
    def starts(self) -> Positions:
        """Position of the first spike of each unit, ``(units,)``."""
        return np.concatenate([[0], self.ends[:-1]]).astype(np.int64)

    def scan(self, bin_ms: float) -> SpikeScan:
        """Go through all spike times once, in pieces, and note where each stretch of time lies."""
        units, n = len(self.ends), int(self.ends[-1]) if len(self.ends) else 0
        backward = np.zeros(units, dtype=np.int64)
        found: list[npt.NDArray[np.int64]] = []
        first_s, last_s, longest, before = np.inf, -np.inf, 0.0, np.nan
        for start, piece in pieces(self.times):
            times = piece[: max(n - start, 0)].astype(np.float64, copy=False)
            if len(times) == 0:
                break
            opens = self.starts[np.searchsorted(self.starts, start) :] - start
            opens = np.unique(opens[opens < len(times)])
            rising = np.empty(len(times), dtype=bool)
            rising[0] = not times[0] < before
            np.greater_equal(
                times[1:], times[:-1], out=rising[1:]
            )  # False beside what is no number
            rising[opens] = True
            sections = np.unique(np.concatenate([[0], opens, [len(times)]]))
            edges = times[np.concatenate([sections[:-1], sections[1:] - 1])]
            if rising.all() and np.isfinite(edges).all():
                first_s, last_s = min(first_s, edges.min()), max(last_s, edges.max())
                rows = _sorted_slabs(times, sections, bin_ms)
            else:
                self._check_finite(times, start)
                first_s, last_s = min(first_s, times.min()), max(last_s, times.max())
                back = np.flatnonzero(~rising)
                if len(back):
                    steps = np.append(before, times)[back] - times[back]
                    longest = max(longest, float(steps.max()))
                    backward += np.bincount(self._unit(back + start), minlength=units)
                rows = _slabs(times, sections, bin_ms)
            before = times[-1]
            slab, low, high = rows
            found.append(np.stack([self._unit(low + start), slab, low + start, high + start]))
        return self._scan_of(found, backward, first_s, last_s, longest)

    def _scan_of(
        self,
        found: list[npt.NDArray[np.int64]],
        backward: Positions,
        first_s: float,
        last_s: float,
        longest: float,
    ) -> SpikeScan:
        units = len(self.ends)
        if not found:
            none = np.zeros((units, 0), dtype=np.int64)
            return SpikeScan(0, none, none, None, None, backward, 0.0)
        unit, slab, start, stop = np.concatenate(found, axis=1)
        slab0, slabs = int(slab.min()), int(np.ptp(slab)) + 1
        if last_s - first_s > LONGEST_S or units * slabs > MAX_PLACES:
            raise DataError(
                "the spike times span far more than a recording",
                key=self.key,
                found=f"{first_s:g} s to {last_s:g} s, {units} units",
                hint="a time is wrong, or not in seconds",
            )
        low = np.full((units, slabs), np.iinfo(np.int64).max)
        high = np.zeros((units, slabs), dtype=np.int64)
        np.minimum.at(low, (unit, slab - slab0), start)
        np.maximum.at(high, (unit, slab - slab0), stop)
        return SpikeScan(slab0, low, high, float(first_s), float(last_s), backward, longest)

    def _check_finite(self, times: npt.NDArray[np.float64], start: int) -> None:
        if np.isfinite(times).all():
            return
        at = int(np.flatnonzero(~np.isfinite(times))[0])
        raise DataError(
            "a spike time is not a number",
            key=self.key,
            index=f"spike {start + at}, unit row {self._unit(np.array([start + at]))[0]}",
            expected="finite seconds",
            found=times[at],
        )

    def _unit(self, positions: Positions) -> Positions:
        return np.searchsorted(self.ends, positions, side="right")

    def count(
        self,
        scan: SpikeScan,
        grid: Grid,
        first: int,
        stop: int,
        *,
        units: Positions | None = None,
        dtype: npt.DTypeLike = np.uint8,
    ) -> npt.NDArray[Any]:
        """Count the spikes in bins ``first .. stop - 1`` of the grid.

        Parameters
        ----------
        scan
            What `scan` has found for the same bin width.
        units
            Rows of the unit table to take; the default is all.
        dtype
            An unsigned integer type.

        Returns
        -------
        Counts, ``(stop - first, units)``. Spikes before, after and between are not counted.

        Raises
        ------
        DataError
            If a count is too large for `dtype`.

        Examples
        --------
        >>> trains = SpikeTrains(np.array([0.0, 0.01, 0.012, 0.005]), np.array([3, 3, 4]))
        >>> trains.count(trains.scan(10.0), Grid(0, 3, 10.0), 0, 3).tolist()
        [[1, 0, 1], [2, 0, 0], [0, 0, 0]]
        """
        rows = np.arange(len(self.ends)) if units is None else units
        made = np.zeros((len(rows), stop - first), dtype=dtype)
        limit, one = int(np.iinfo(made.dtype).max), made.dtype.type(1)
        low, high = self._ranges(scan, grid, first, stop, rows)
        block, at = self._block(low, high)
        for row in np.flatnonzero(low < high):
            a, b = int(low[row]), int(high[row])
            times = block[a - at : b - at] if block is not None else read(self.times, a, b)
            bins = grid.index(times)
            bins -= first
            if scan.backward[rows[row]]:
                bins = np.sort(bins)
            i, j = np.searchsorted(bins, [0, stop - first])
            bins = bins[i:j]
            if len(bins) > limit and (bins[limit:] == bins[:-limit]).any():
                counts = np.bincount(bins)
                raise DataError(
                    "a bin holds more spikes than its type can count",
                    key=self.key,
                    index=f"unit row {rows[row]}, bin {first + int(counts.argmax())}",
                    expected=f"{limit} at most ({made.dtype})",
                    found=int(counts.max()),
                    hint="ask for a wider dtype of the spikes, uint16 or uint32",
                )
            np.add.at(made[row], bins, one)
        return np.ascontiguousarray(made.T)

    def _ranges(
        self, scan: SpikeScan, grid: Grid, first: int, stop: int, rows: Positions
    ) -> tuple[Positions, Positions]:
        """Give the extent in the file that holds all spikes of the bins, for each unit."""
        slabs = scan.low.shape[1]
        a = max(((grid.start + first) >> SLAB) - scan.slab0, 0)
        b = min(((grid.start + stop - 1) >> SLAB) - scan.slab0 + 1, slabs)
        if a >= b:
            none = np.zeros(len(rows), dtype=np.int64)
            return none, none
        return scan.low[rows, a:b].min(axis=1), scan.high[rows, a:b].max(axis=1)

    def _block(self, low: Positions, high: Positions) -> tuple[npt.NDArray[Any] | None, int]:
        """Read all units in one go where what lies between them is little."""
        used = low < high
        if not used.any():
            return None, 0
        a, b = int(low[used].min()), int(high[used].max())
        if b - a > 2 * int((high - low)[used].sum()) + (1 << 16):
            return None, 0
        return read(self.times, a, b), a


_Slabs = tuple[Positions, Positions, Positions]


def _slabs(times: npt.NDArray[np.float64], sections: Positions, bin_ms: float) -> _Slabs:
    """Give slab, first position and stop of each run of spikes in one slab and section."""
    slabs = Grid(0, 0, bin_ms).index(times) >> SLAB
    low = np.union1d(np.flatnonzero(np.diff(slabs, prepend=slabs[0])), sections[:-1])
    return slabs[low], low, np.append(low[1:], len(times))


def _sorted_slabs(times: npt.NDArray[np.float64], sections: Positions, bin_ms: float) -> _Slabs:
    """Do the same where each section rises: only the borders are looked for.

    The extents may reach a little into the neighbours, as those of spikes out of order do.
    """
    ruler = Grid(0, 0, bin_ms)
    found: list[npt.NDArray[np.int64]] = []
    for a, b in itertools.pairwise(sections.tolist()):
        first, last = (ruler.index(times[[a, b - 1]]) >> SLAB).tolist()
        few = b - a <= last - first  # spikes, for so long a time
        slabs = np.unique(ruler.index(times[a:b]) >> SLAB) if few else np.arange(first, last + 1)
        borders = slabs * (ruler.bin_s * (1 << SLAB))
        low = np.searchsorted(times[a:b], borders - ruler.bin_s)
        high = np.searchsorted(times[a:b], borders + ruler.bin_s * ((1 << SLAB) + 1))
        found.append(np.stack([slabs, a + low, a + high]))
    slab, low, high = np.concatenate(found, axis=1)
    some = low < high
    return slab[some], low[some], high[some]
