"""Series of a recording as a modality: on the grid, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.circle import Circle
from neural_shards.nwb.find import find, series_in
from neural_shards.nwb.grid import Grid
from neural_shards.nwb.recording import Recording
from neural_shards.nwb.resample import AVERAGES, Rule, resample, rule_for
from neural_shards.nwb.runs import Runs, intersect, runs_of
from neural_shards.nwb.series import Series, read_series
from neural_shards.nwb.spec import Signals
from neural_shards.nwb.stored import read
from neural_shards.nwb.stretch import sound_spans
from neural_shards.nwb.tables import columns_of
from neural_shards.nwb.video import Film, external_films
from neuroai_core import DataError


@dataclass(frozen=True, eq=False)
class SignalScan:
    """What one pass over a series has found.

    Parameters
    ----------
    spans_s
        For which times it has values, ``(spans, 2)``.
    circle
        Its range, if it goes round.
    films
        The video files that hold its data, if they do.
    """

    spans_s: npt.NDArray[np.float64]
    circle: Circle | None
    films: tuple[Film, ...] = ()


@dataclass(frozen=True, eq=False)
class SignalChannel:
    """Series side by side, each by its rule."""

    series: tuple[Series, ...]
    rules: tuple[Rule, ...]
    scan: tuple[SignalScan, ...]
    rows: tuple[dict[str, list[Any]] | None, ...]
    spec: Signals
    masked: bool

    def extent(self) -> tuple[float, float] | None:
        """Give the first and last time of all series."""
        clocks = [s.clock for s in self.series if s.clock.n]
        if not clocks:
            return None
        return min(c.first_s for c in clocks), max(c.last_s for c in clocks)

    def runs(self, grid: Grid) -> Runs:
        """Give the bins in which every series has a value."""
        runs = runs_of([[0, grid.n_bins]])
        for scan in self.scan:
            runs = intersect(runs, runs_of(grid.bins_centred(scan.spans_s)))
        return runs

    def take(self, grid: Grid, first: int, stop: int) -> npt.NDArray[Any]:
        """Resample, ``(bins, channels)``, or ``(bins, ...)`` for one series of images."""
        parts = []
        for series, rule, scan in zip(self.series, self.rules, self.scan, strict=True):
            values, _ = resample(series, grid, first, stop, rule=rule, circle=scan.circle)
            if rule in AVERAGES or len(self.series) > 1:
                values = _as(values, self.spec.dtype, series.path)
            parts.append(values[:, None] if values.ndim == 1 else values)
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def mask(self, grid: Grid, first: int, stop: int) -> npt.NDArray[np.bool_]:
        """Say in which bins all series have a value, ``(bins,)``."""
        part = Grid(grid.start + first, stop - first, grid.bin_ms)
        made = np.zeros(stop - first, dtype=bool)
        for a, b in self.runs(part):
            made[a:b] = True
        return made

    @property
    def bin_bytes(self) -> int:
        """Bytes of one bin."""
        itemsize = max(8 if s.dtype.kind == "f" else s.dtype.itemsize for s in self.series)
        return itemsize * sum(max(int(np.prod(s.sample_shape)), 1) for s in self.series)

    def session(self) -> dict[str, Any]:
        """Say what the columns are."""
        described = []
        for series, rule, scan, rows in zip(
            self.series, self.rules, self.scan, self.rows, strict=True
        ):
            entry: dict[str, Any] = {
                "path": series.path,
                "type": series.neurodata_type,
                "unit": series.unit,
                "sample_shape": list(series.sample_shape),
                "rule": rule,
            }
            if scan.circle is not None:
                entry |= {"period": scan.circle.period, "low": scan.circle.low}
            if series.channels is not None:
                entry["channels"] = series.channels.tolist()
            if scan.films:
                entry["files"] = [{"path": film.path, "frames": len(film)} for film in scan.films]
            if series.words is not None:
                entry["words"] = list(series.words)
            if rows is not None:
                entry["rows"] = rows
            described.append(entry)
        return {"series": described}

    def report(self) -> dict[str, Any]:
        """Say what was found."""
        found = []
        for series, rule, scan in zip(self.series, self.rules, self.scan, strict=True):
            clock = series.clock
            found.append(
                {
                    "path": series.path,
                    "type": series.neurodata_type,
                    "unit": series.unit,
                    "samples": clock.n,
                    "sample_shape": list(series.sample_shape),
                    "dtype": str(series.dtype),
                    "rate_hz": _rate_hz(series, rule),
                    "rule": rule,
                    "first_s": clock.first_s if clock.n else None,
                    "last_s": clock.last_s if clock.n else None,
                    "gaps": clock.gaps,
                    "stretches_with_values": len(scan.spans_s),
                    "out_of_order": clock.order is not None,
                }
            )
        return {"kind": "series", "series": found}


def _rate_hz(series: Series, rule: Rule) -> float | None:
    """Give how often samples were taken; events happen at no rate."""
    step = series.clock.step_s
    return round(1 / step, 6) if step and rule != "counts" else None


def _as(values: npt.NDArray[Any], dtype: str, path: str) -> npt.NDArray[Any]:
    """Turn values into the type that was asked for; none may become infinite by it."""
    if values.dtype == dtype:
        return values
    with np.errstate(over="ignore"):
        made = values.astype(dtype)
    lost = np.isinf(made) & np.isfinite(values)
    if lost.any():
        limit = float(np.finfo(made.dtype).max)
        raise DataError(
            "a value is too large for its type",
            key=path,
            expected=f"{limit:g} at most ({made.dtype})",
            found=f"{values[lost][0]:g}",
            hint="ask for a wider dtype of the modality: float32 or float64",
        )
    return made


def open_signals(
    recording: Recording,
    name: str,
    spec: Signals,
    bin_ms: float,
    *,
    masked: bool,
) -> SignalChannel:
    """Find the series of a modality, and what their samples cover.

    Raises
    ------
    DataError
        If there is none, or series cannot stand side by side.
    """
    stored = find(series_in(recording.file), name, spec.series, source=recording.name)
    series, rules, made = [], [], []
    for path, thing in stored.items():
        films = _films(thing, recording, path)
        counted = spec.rule == "counts" or (spec.rule is None and _holds_events(thing))
        one = read_series(
            thing, path, films=films, channels=spec.channels, gap=spec.gap, events=counted
        )
        rule = spec.rule or ("counts" if counted else rule_for(one, bin_ms / 1000))
        series.append(one)
        rules.append(rule)
        made.append(_scan(one, thing, spec, rule, bin_ms, films))
    if len(series) > 1 and any(len(s.sample_shape) > 1 for s in series):
        raise DataError(
            "series of images or volumes cannot be laid side by side",
            path=recording.name,
            key=name,
            expected="one such series, or series of numbers",
            found=", ".join(f"{s.path} {s.sample_shape}" for s in series),
            hint="name the one to take",
        )
    rows = tuple(_rows(thing, spec) for thing in stored.values())
    return SignalChannel(tuple(series), tuple(rules), tuple(made), rows, spec, masked)


def _holds_events(stored: Any) -> bool:
    """Say whether the times of a series are those of events, such as licks."""
    events = type(stored.parent).__name__ == "BehavioralEvents"
    return events and stored.timestamps is not None


def _films(stored: Any, recording: Recording, path: str) -> tuple[Film, ...]:
    outside = getattr(stored, "external_file", None) is not None
    return external_films(stored, recording.folder, path) if outside else ()


def _scan(
    series: Series,
    stored: Any,
    spec: Signals,
    rule: Rule,
    bin_ms: float,
    films: tuple[Film, ...],
) -> SignalScan:
    _check_rule(series, rule, bin_ms / 1000)
    if rule == "counts":  # that nothing happened is a count of 0
        return SignalScan(np.array([[-np.inf, np.inf]]), None)
    spans = sound_spans(series, forward=rule == "previous")
    return SignalScan(spans, _circle(series, stored, spec), films)


def _check_rule(series: Series, rule: Rule, bin_s: float) -> None:
    if rule == "mean" and series.clock.n > 1 and bin_s < 1.5 * series.clock.step_s:
        raise DataError(
            "bins are too short for means: some would hold no sample",
            key=series.path,
            expected=f"bins of {1.5e3 * series.clock.step_s:g} ms at least",
            found=f"{1e3 * bin_s:g} ms",
            hint="use the rule 'linear'",
        )


#: Periods of the units in which NWB gives directions.
PERIODS = {"radians": 2 * np.pi, "radian": 2 * np.pi, "rad": 2 * np.pi} | dict.fromkeys(
    ("degrees", "degree", "deg"), 360.0
)


def _circle(series: Series, stored: Any, spec: Signals) -> Circle | None:
    """Say whether a series goes round: when it was told, or stands in a CompassDirection.

    A direction in metres, which pynwb says of every series whose unit nobody named, is in the
    unit that all its values fit into.
    """
    if spec.period is not None:
        return Circle(spec.period, spec.low)
    unit = series.unit.lower()
    if type(stored.parent).__name__ != "CompassDirection" or unit not in {*PERIODS, "meters"}:
        return None
    values = series.scaled(series.rows(0, series.clock.n))
    values = values[np.isfinite(values)]
    low, high = np.min(values, initial=0.0), np.max(values, initial=0.0)
    fits = [p for p in (2 * np.pi, 360.0) if -p / 2 <= low * (1 - 1e-6) and high <= p * (1 + 1e-6)]
    period = PERIODS.get(unit, fits[0] if fits else None)
    return None if period is None else Circle(float(period), -period / 2 if low < 0 else 0.0)


def _rows(stored: Any, spec: Signals) -> dict[str, list[Any]] | None:
    """Give what the recording's tables say of each channel: electrodes, regions of interest."""
    region = getattr(stored, "electrodes", None)
    region = getattr(stored, "rois", None) if region is None else region
    if region is None:
        return None
    rows = read(region.data).astype(np.int64)
    if spec.channels is not None:
        rows = rows[np.array(spec.channels)]
    return {name: [cells[r] for r in rows] for name, cells in columns_of(region.table).items()}
