"""What a recording will become: its grid, its windows, and how it is read; no bulk data yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.channels import Channel, LabelChannel, open_channels
from neural_shards.nwb.find import series_in
from neural_shards.nwb.grid import Grid
from neural_shards.nwb.recording import Recording, Source, fingerprint, hash_of, opened
from neural_shards.nwb.runs import Runs, intersect, runs_of, without
from neural_shards.nwb.spec import MASK, ConversionSpec, Windows
from neural_shards.nwb.stored import read
from neural_shards.nwb.tables import columns_of, interval_table, intervals_in, rows_where, spans_of
from neural_shards.nwb.units import SpikeChannel
from neural_shards.nwb.windows import Cut, along, around, between, within
from neuroai_core import DataError, InputError
from neuroai_core.errors import unknown_name

#: Bytes of values that are made at once, apart from what one window needs.
GROUP_BYTES = 48 << 20

Sample = tuple[dict[str, Any], dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Plan:
    """One recording, gone through once.

    Parameters
    ----------
    source
        Where it lies.
    spec
        What is taken of it.
    grid
        Its bins.
    windows
        Where its samples are.
    scans
        By modality: what need not be found out again.
    session
        What is known of it as a whole, stored once: names, tables, the grid.
    report
        What was found and taken, and what was not, as plain values.
    fingerprint
        Which bytes it was made of, see `recording.fingerprint`.
    """

    source: Source
    spec: ConversionSpec
    grid: Grid
    windows: Cut
    scans: Mapping[str, Any]
    session: Mapping[str, Any]
    report: Mapping[str, Any]
    fingerprint: str | None

    def __len__(self) -> int:
        return len(self.windows)

    def samples(self, first: int = 0, stop: int | None = None) -> Iterator[Sample]:
        """Read windows ``first .. stop - 1``: each a dict of values and a dict of metadata."""
        if fingerprint(self.source) != self.fingerprint:
            raise DataError("the recording has changed while it was converted", path=self.source)
        length = self.windows.length
        starts = self.windows.starts[first:stop]
        with opened(self.source) as recording:
            channels = open_channels(recording, self.spec, self.scans)
            bins = GROUP_BYTES // max(sum(c.bin_bytes for c in channels.values()), 1)
            for low, high in groups(starts, length, bins):
                a, b = int(starts[low]), int(starts[high - 1]) + length
                taken = dict(_taken(channels, self.grid, a, b))
                for window in range(low, high):
                    at = int(starts[window]) - a
                    sample = {n: v[at : at + length] for n, v in taken.items()}
                    yield self._labelled(sample, channels, first + window)

    def _labelled(
        self, sample: dict[str, Any], channels: Mapping[str, Channel], window: int
    ) -> Sample:
        """Add the provenance of a window, and the labels of its interval."""
        cut, session = self.windows, self.session
        start, row = int(cut.starts[window]), int(cut.rows[window])
        t_start = float(self.grid.edges(start, start)[0])
        metadata: dict[str, Any] = {
            "t_start": t_start,
            "bin_ms": self.grid.bin_ms,
            "bin": start,
            "source": session["source"],
            "object_id": session["object_id"],
            "sha256": session["sha256"],
        }
        if row >= 0:
            metadata |= {"interval": session["intervals"][row], "table": self.spec.windows.table}
        if np.isfinite(cut.events_s[window]):
            metadata["event"] = float(cut.events_s[window]) - t_start
        for name, channel in channels.items():
            if isinstance(channel, LabelChannel) and self._per_window(channel):
                sample[name] = channel.row(row)
        return sample, metadata

    def _per_window(self, channel: LabelChannel) -> bool:
        return channel.spec.table == self.spec.windows.table


def _taken(
    channels: Mapping[str, Channel], grid: Grid, a: int, b: int
) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    for name, channel in channels.items():
        yield name, channel.take(grid, a, b)
        if channel.masked:
            yield name + MASK, channel.mask(grid, a, b)


def groups(starts: npt.NDArray[np.int64], length: int, bins: int) -> Iterator[tuple[int, int]]:
    """Group windows that lie near each other in time, so that what they share is read once.

    Parameters
    ----------
    bins
        How many bins a group may span, if it has more than one window.

    Examples
    --------
    >>> list(groups(np.array([0, 5, 10, 500, 20]), length=10, bins=18))
    [(0, 2), (2, 3), (3, 4), (4, 5)]
    """
    low = 0
    for high in range(1, len(starts) + 1):
        if (
            high == len(starts)
            or not 0 <= starts[high] - starts[high - 1] <= 2 * length
            or starts[high] + length - starts[low] > bins
        ):
            yield low, high
            low = high


def plan(source: Source, spec: ConversionSpec) -> Plan:
    """Go through a recording: what there is, the grid that holds it, the windows.

    Raises
    ------
    NotFoundError, DataError
        If the file or what is to be taken of it is not there, or cannot be read.
    """
    with opened(source) as recording:
        channels = open_channels(recording, spec)
        grid = _grid(channels, recording, spec)
        runs, parts = _runs(channels, recording, grid, spec.windows)
        windows = _cut(recording, grid, runs, spec.windows)
        scans = {name: channel.scan for name, channel in channels.items()}
        session = _session(recording, source, grid, spec, channels)
        report = {
            **{key: session[key] for key in ("source", "object_id", "sha256", "grid")},
            "modalities": {name: channel.report() for name, channel in channels.items()},
            "not_taken": _not_taken(recording, channels),
            "bins": parts,
            "windows": {
                "samples": len(windows),
                "length": windows.length,
                "left_out": windows.left_out,
            },
        }
        return Plan(source, spec, grid, windows, scans, session, report, fingerprint(source))


def _grid(channels: Mapping[str, Channel], recording: Recording, spec: ConversionSpec) -> Grid:
    extents = [e for e in (c.extent() for c in channels.values()) if e is not None]
    if not extents and (spec.start_s is None or spec.stop_s is None):
        raise DataError(
            "there is no spike and no sample in what is to be taken",
            path=recording.name,
            key=", ".join(channels),
        )
    first = min(e[0] for e in extents) if spec.start_s is None else spec.start_s
    last = max(e[1] for e in extents) if spec.stop_s is None else spec.stop_s
    if first > last:
        raise InputError(
            "the grid would end before it begins",
            key="start_s, stop_s",
            found=f"{first:g} s to {last:g} s",
            path=recording.name,
        )
    grid = Grid.covering(first, last, spec.bin_ms)
    if spec.stop_s is not None and grid.edges(grid.n_bins - 1, grid.n_bins)[0] >= spec.stop_s:
        grid = Grid(grid.start, grid.n_bins - 1, grid.bin_ms)  # it ends on an edge
    return grid


def _runs(
    channels: Mapping[str, Channel], recording: Recording, grid: Grid, windows: Windows
) -> tuple[Runs, dict[str, int]]:
    """Give the runs of bins that a window may lie in, and how many bins each reason took."""
    runs = runs_of([[0, grid.n_bins]])
    taken: dict[str, int] = {"all": grid.n_bins}
    for name, channel in channels.items():
        reason = "unobserved" if isinstance(channel, SpikeChannel) else "gaps"
        if reason not in windows.cross:
            fewer = intersect(runs, channel.runs(grid))
            taken[f"without {name}"] = _bins(runs) - _bins(fewer)
            runs = fewer
    tables = intervals_in(recording.file)
    if "invalid_times" in tables and "invalid_times" not in windows.cross:
        touched = _touched(grid, spans_of(tables["invalid_times"]))
        fewer = without(runs, touched)
        taken["in invalid_times"] = _bins(runs) - _bins(fewer)
        runs = fewer
    if "epochs" in tables and "epochs" not in windows.cross:
        fewer = between(spans_of(tables["epochs"]), grid, runs)
        taken["on a border of epochs"] = _bins(runs) - _bins(fewer)
        runs = fewer
    taken["left"] = _bins(runs)
    return runs, {reason: n for reason, n in taken.items() if n or reason == "left"}


def _touched(grid: Grid, spans_s: npt.NDArray[np.float64]) -> Runs:
    """Give the bins that spans of time touch."""
    spans = spans_s[np.isfinite(spans_s).all(axis=1)]
    outside = np.stack([spans[:, 0] - grid.bin_s, spans[:, 1] + grid.bin_s], axis=1)
    # Whole bins inside a span that is a bin longer on both sides; its edges are exclusive.
    inside = grid.bins_inside(outside + np.array([1, -1]) * 2 * grid.tolerance_s)
    return runs_of(inside)


def _bins(runs: Runs) -> int:
    return int((runs[:, 1] - runs[:, 0]).sum())


def _cut(recording: Recording, grid: Grid, runs: Runs, windows: Windows) -> Cut:
    if windows.table is None:
        return along(runs, windows.length, windows.overlap)
    table = interval_table(recording.file, windows.table, source=recording.name)
    rows = rows_where(columns_of(table), windows.select, table=windows.table)
    if windows.range_s is None:
        return within(runs, grid, spans_of(table), rows, windows.length, windows.overlap)
    if windows.align not in table.colnames:
        raise unknown_name(f"column of {windows.table}", windows.align, table.colnames)
    events = read(table[windows.align].data)
    if events.dtype.kind not in "fiu" or events.ndim != 1:
        raise DataError(
            "windows are aligned to a column of times",
            path=recording.name,
            key=f"{windows.table}.{windows.align}",
            expected="one number of seconds a row",
            found=f"{events.dtype} {events.shape}",
        )
    return around(runs, grid, events.astype(np.float64), rows, windows.range_s)


def _session(
    recording: Recording,
    source: Source,
    grid: Grid,
    spec: ConversionSpec,
    channels: Mapping[str, Channel],
) -> dict[str, Any]:
    session: dict[str, Any] = {
        "source": recording.name,
        "object_id": recording.object_id,
        "identifier": str(recording.file.identifier),
        "session_start_time": str(recording.file.session_start_time),
        "sha256": hash_of(source),
        "grid": {"t0": grid.t0, "bin_ms": grid.bin_ms, "bins": grid.n_bins},
        "modalities": {name: channel.session() for name, channel in channels.items()},
    }
    if spec.windows.table is not None:
        table = interval_table(recording.file, spec.windows.table, source=recording.name)
        session["intervals"] = columns_of(table)["id"]
    return session


def _not_taken(recording: Recording, channels: Mapping[str, Channel]) -> list[str]:
    """Give what the recording holds besides: series and tables of intervals."""
    taken = {s.path for c in channels.values() for s in getattr(c, "series", ())}
    left = [
        f"{path} ({type(series).__name__})"
        for path, series in series_in(recording.file).items()
        if path not in taken
    ]
    tables = {c.spec.table for c in channels.values() if isinstance(c, LabelChannel)}
    left += [f"intervals/{name}" for name in intervals_in(recording.file) if name not in tables]
    if recording.file.units is not None and not any(
        isinstance(c, SpikeChannel) for c in channels.values()
    ):
        left.append("units")
    return left
