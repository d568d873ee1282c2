"""What a recording will become: its grid, its windows, and how it is read; no bulk data yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.channels import Channel, open_channels
from neural_shards.nwb.grid import Grid
from neural_shards.nwb.recording import Recording, Source, hash_of, opened
from neural_shards.nwb.runs import intersect, runs_of
from neural_shards.nwb.session import table
from neural_shards.nwb.spec import ConversionSpec, Spikes
from neural_shards.nwb.windows import continuous
from neuroai_core import DataError


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
    starts
        First bin of each window, ``(windows,)``.
    scans
        By modality: what need not be found out again.
    session
        What is known of it as a whole, as plain values.
    """

    source: Source
    spec: ConversionSpec
    grid: Grid
    starts: npt.NDArray[np.int64]
    scans: Mapping[str, Any]
    session: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.starts)

    def samples(self, first: int = 0, stop: int | None = None) -> Iterator[tuple[Any, Any]]:
        """Read windows ``first .. stop - 1``: each a dict of arrays and a dict of metadata."""
        length = self.spec.windows.length
        starts = self.starts[first:stop]
        with opened(self.source) as recording:
            channels = open_channels(recording, self.spec.modalities, self.spec.bin_ms, self.scans)
            for low, high in _groups(starts, length):
                a, b = int(starts[low]), int(starts[high - 1]) + length
                taken = {name: c.take(self.grid, a, b) for name, c in channels.items()}
                for start in starts[low:high] - a:
                    sample = {n: v[start : start + length] for n, v in taken.items()}
                    yield sample, self._metadata(a + int(start))

    def _metadata(self, start: int) -> dict[str, Any]:
        session = self.session
        return {
            "t_start": float(self.grid.edges(start, start)[0]),
            "bin_ms": self.grid.bin_ms,
            "bin": start,
            "source": session["source"],
            "object_id": session["object_id"],
            "sha256": session["sha256"],
        }


#: Bins that are made at once, apart from what one window needs.
GROUP_BINS = 1 << 14


def _groups(starts: npt.NDArray[np.int64], length: int) -> Iterator[tuple[int, int]]:
    """Group windows that follow each other in time, so that what they share is read once."""
    low = 0
    for high in range(1, len(starts) + 1):
        if high == len(starts) or not (
            starts[high - 1] <= starts[high] <= starts[high - 1] + length
            and starts[high] + length - starts[low] <= max(GROUP_BINS, length)
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
        channels = open_channels(recording, spec.modalities, spec.bin_ms)
        grid = _grid(channels, recording, spec.bin_ms)
        runs = runs_of([[0, grid.n_bins]])
        for channel in channels.values():
            runs = intersect(runs, channel.runs(grid))
        starts = continuous(runs, spec.windows.length, spec.windows.overlap)
        session = _session(recording, source, grid, spec)
        return Plan(source, spec, grid, starts, {n: c.scan() for n, c in channels.items()}, session)


def _grid(channels: Mapping[str, Channel], recording: Recording, bin_ms: float) -> Grid:
    extents = [e for e in (c.extent() for c in channels.values()) if e is not None]
    if not extents:
        raise DataError(
            "there is no spike and no sample in what is to be taken",
            path=recording.name,
            key=", ".join(channels),
        )
    return Grid.covering(min(e[0] for e in extents), max(e[1] for e in extents), bin_ms)


def _session(
    recording: Recording, source: Source, grid: Grid, spec: ConversionSpec
) -> dict[str, Any]:
    session: dict[str, Any] = {
        "source": recording.name,
        "object_id": recording.object_id,
        "sha256": hash_of(source),
        "grid": {"t0": grid.t0, "bin_ms": grid.bin_ms, "bins": grid.n_bins},
    }
    units = recording.file.units
    if units is not None and any(isinstance(s, Spikes) for s in spec.modalities.values()):
        session["units"] = table(units)
    return session
