"""The modalities of an open recording: where each has values, and its values in some bins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.circle import Circle
from neural_shards.nwb.clock import Clock
from neural_shards.nwb.find import find, series_in
from neural_shards.nwb.grid import Grid
from neural_shards.nwb.recording import Recording
from neural_shards.nwb.resample import AVERAGES, Rule, resample, rule_for
from neural_shards.nwb.runs import Runs, intersect, runs_of
from neural_shards.nwb.series import Series, read_series
from neural_shards.nwb.spec import Signals, Spikes
from neural_shards.nwb.spikes import SpikeScan, SpikeTrains
from neural_shards.nwb.stored import read
from neural_shards.nwb.stretch import sound_spans
from neuroai_core import DataError

Extent = tuple[float, float]


class Channel(Protocol):
    """One modality of one recording."""

    def extent(self) -> Extent | None:
        """Give its first and last time in seconds, None if it has none of its own."""

    def runs(self, grid: Grid) -> Runs:
        """Give the bins in which it has values."""

    def take(self, grid: Grid, first: int, stop: int) -> npt.NDArray[Any]:
        """Give its values in bins ``first .. stop - 1``, ``(bins, ...)``."""

    def scan(self) -> Any:
        """Give what is known of it, for who opens the recording again."""


@dataclass(frozen=True, eq=False)
class SpikeChannel:
    """Spike counts."""

    trains: SpikeTrains
    found: SpikeScan
    units: npt.NDArray[np.int64]
    spec: Spikes

    def extent(self) -> Extent | None:
        """Give the times of the first and the last spike."""
        if self.found.first_s is None or self.found.last_s is None:
            return None
        return self.found.first_s, self.found.last_s

    def runs(self, grid: Grid) -> Runs:
        """Give all bins: no spike is a count of 0."""
        return runs_of([[0, grid.n_bins]])

    def take(self, grid: Grid, first: int, stop: int) -> npt.NDArray[Any]:
        """Count, ``(bins, units)``."""
        return self.trains.count(
            self.found, grid, first, stop, units=self.units, dtype=self.spec.dtype
        )

    def scan(self) -> SpikeScan:
        """Give where the spikes of a stretch of time lie in the file."""
        return self.found


@dataclass(frozen=True, eq=False)
class SignalChannel:
    """Series side by side."""

    series: tuple[Series, ...]
    rules: tuple[Rule, ...]
    spec: Signals

    def extent(self) -> Extent | None:
        """Give the first and last time of all series."""
        clocks = [s.clock for s in self.series if s.clock.n]
        if not clocks:
            return None
        return min(c.first_s for c in clocks), max(c.last_s for c in clocks)

    def runs(self, grid: Grid) -> Runs:
        """Give the bins in which every series has a value."""
        runs = runs_of([[0, grid.n_bins]])
        for series, rule in zip(self.series, self.rules, strict=True):
            spans = sound_spans(series, forward=rule == "previous")
            runs = intersect(runs, runs_of(grid.bins_centred(spans)))
        return runs

    def take(self, grid: Grid, first: int, stop: int) -> npt.NDArray[Any]:
        """Resample, ``(bins, channels)``, or ``(bins, ...)`` for one series of images."""
        parts = []
        for series, rule in zip(self.series, self.rules, strict=True):
            values, _ = resample(series, grid, first, stop, rule=rule, circle=self._circle)
            if rule in AVERAGES or len(self.series) > 1:
                values = values.astype(self.spec.dtype)
            parts.append(values[:, None] if values.ndim == 1 else values)
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    @property
    def _circle(self) -> Circle | None:
        return None if self.spec.period is None else Circle(self.spec.period, self.spec.low)

    def scan(self) -> tuple[Clock, ...]:
        """Give the clocks, so that timestamps are gone through once."""
        return tuple(s.clock for s in self.series)


def open_spikes(
    recording: Recording, spec: Spikes, bin_ms: float, found: SpikeScan | None = None
) -> SpikeChannel:
    """Find the units of a recording and, unless `found` says it, where their spikes lie."""
    units = recording.file.units
    if units is None or "spike_times" not in units.colnames:
        raise DataError(
            "the recording has no spike times",
            path=recording.name,
            key="units",
            found="no unit table" if units is None else f"columns {', '.join(units.colnames)}",
            hint="leave the modality 'spikes' out",
        )
    index = units["spike_times"]
    trains = SpikeTrains(index.target.data, read(index.data).astype(np.int64))
    if len(trains.ends) == 0:
        raise DataError("the recording has no units", path=recording.name, key="units")
    rows = np.arange(len(trains.ends))
    return SpikeChannel(trains, found or trains.scan(bin_ms), rows, spec)


def open_signals(
    recording: Recording,
    name: str,
    spec: Signals,
    bin_ms: float,
    clocks: tuple[Clock, ...] | None = None,
) -> SignalChannel:
    """Find the series of a modality and, unless `clocks` says it, when they were taken."""
    stored = find(series_in(recording.file), name, spec.series, source=recording.name)
    known = clocks or (None,) * len(stored)
    series = tuple(
        read_series(s, path, clock=clock, gap=spec.gap)
        for (path, s), clock in zip(stored.items(), known, strict=True)
    )
    if len(series) > 1 and any(len(s.sample_shape) > 1 for s in series):
        raise DataError(
            "series of images or volumes cannot be laid side by side",
            path=recording.name,
            key=name,
            expected="one such series, or series of numbers",
            found=", ".join(f"{s.path} {s.sample_shape}" for s in series),
            hint="name the one to take",
        )
    rules = tuple(spec.rule or rule_for(s, bin_ms / 1000) for s in series)
    return SignalChannel(series, rules, spec)


def open_channels(
    recording: Recording,
    modalities: Mapping[str, Spikes | Signals],
    bin_ms: float,
    scans: Mapping[str, Any] | None = None,
) -> dict[str, Channel]:
    """Open all modalities; `scans` is what `Channel.scan` gave when it was done before."""
    known = scans or {}
    made: dict[str, Channel] = {}
    for name, spec in modalities.items():
        if isinstance(spec, Spikes):
            made[name] = open_spikes(recording, spec, bin_ms, known.get(name))
        else:
            made[name] = open_signals(recording, name, spec, bin_ms, known.get(name))
    return made
