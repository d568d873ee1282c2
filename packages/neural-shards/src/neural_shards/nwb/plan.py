"""What a recording will become: its grid, its windows, and how it is read; no bulk data yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.names import MASK
from neural_shards.nwb.channels import Channel, LabelChannel, open_channels
from neural_shards.nwb.grid import Grid
from neural_shards.nwb.identity import fingerprint, hashing
from neural_shards.nwb.places import attached, detached
from neural_shards.nwb.recording import Recording, Source, opened
from neural_shards.nwb.runs import Runs, intersect, runs_of, without
from neural_shards.nwb.session import not_taken, session_of
from neural_shards.nwb.signals import SignalChannel
from neural_shards.nwb.spec import ConversionSpec, Windows
from neural_shards.nwb.stored import read
from neural_shards.nwb.tables import columns_of, rows_where
from neural_shards.nwb.timed import interval_table, intervals_in, spans_of
from neural_shards.nwb.units import SpikeChannel
from neural_shards.nwb.windows import Cut, along, around, between, within
from neuroai_core import DataError, InputError
from neuroai_core.errors import unknown_name

#: Bytes of values that are made at once, apart from what one window needs.
GROUP_BYTES = 24 << 20

Sample = tuple[dict[str, Any], dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Plan:
    """One recording, gone through once.

    Parameters
    ----------
    source
        Where it lies.
    files
        Files beside it that hold some of its data.
    spec
        What is taken of it.
    grid
        Its bins.
    windows
        Where its samples are.
    channels
        The modalities, as far as one pass over the recording has made them known, see
        `places.detached`.
    session
        What is known of it as a whole, stored once: names, tables, the grid, the
        specification, what was left out.
    report
        What was found and taken, and what was not, as plain values.
    fingerprint
        Which bytes it was made of, see `identity.fingerprint`.
    """

    source: Source
    files: tuple[str, ...]
    spec: ConversionSpec
    grid: Grid
    windows: Cut
    channels: Mapping[str, Channel]
    session: Mapping[str, Any]
    report: Mapping[str, Any]
    fingerprint: str | None

    def __len__(self) -> int:
        return len(self.windows)

    def samples(self, first: int = 0, stop: int | None = None) -> Iterator[Sample]:
        """Read windows ``first .. stop - 1``: each a dict of values and a dict of metadata."""
        if fingerprint(self.source, *self.files) != self.fingerprint:
            raise DataError("the recording has changed while it was converted", path=self.source)
        length = self.windows.length
        starts = self.windows.starts[first:stop]
        with attached(self.channels, self.source) as channels:
            bins = GROUP_BYTES // max(sum(c.bin_bytes for c in channels.values()), 1)
            for low, high in groups(starts, length, bins):
                a, b = int(starts[low]), int(starts[high - 1]) + length
                taken = dict(values_of(channels, self.grid, a, b))
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
        t_start = self.grid.edge(start)
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


def values_of(
    channels: Mapping[str, Channel], grid: Grid, a: int, b: int
) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Read bins ``a .. b - 1`` of all modalities, with their masks."""
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
    with opened(source) as recording, hashing(source, wanted=spec.sha256) as sha256:
        channels = open_channels(recording, spec)
        grid = _grid(channels, recording, spec)
        runs, parts = _runs(channels, recording, grid, spec.windows)
        windows = _cut(recording, grid, runs, spec.windows)
        became = {
            "not_taken": not_taken(recording, channels),
            "bins": parts,
            "windows": {
                "samples": len(windows),
                "length": windows.length,
                "left_out": windows.left_out,
            },
        }
        session = session_of(recording, sha256(), grid, spec, channels) | became
        report = {
            **{key: session[key] for key in ("source", "object_id", "grid")},
            "modalities": {name: channel.report() for name, channel in channels.items()},
            **became,
        }
        files = tuple(
            film.path
            for channel in channels.values()
            if isinstance(channel, SignalChannel)
            for scan in channel.scan
            for film in scan.films
        )
        known_by = fingerprint(source, *files)
        found = {name: detached(channel, source) for name, channel in channels.items()}
        return Plan(source, files, spec, grid, windows, found, session, report, known_by)


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
    if spec.stop_s is not None and grid.edge(grid.n_bins - 1) >= spec.stop_s:
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
    of_events = "timestamp" in table.colnames and windows.align == "start_time"
    align = "timestamp" if of_events else windows.align
    if align not in table.colnames:
        raise unknown_name(f"column of {windows.table}", align, table.colnames)
    events = read(table[align].data)
    if events.dtype.kind not in "fiu" or events.ndim != 1:
        raise DataError(
            "windows are aligned to a column of times",
            path=recording.name,
            key=f"{windows.table}.{align}",
            expected="one number of seconds a row",
            found=f"{events.dtype} {events.shape}",
        )
    return around(runs, grid, events.astype(np.float64), rows, windows.range_s)
