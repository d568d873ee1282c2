"""What to take of a recording, on which grid, in which windows: typed and checked when made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from neural_shards.names import MASK, check_modalities
from neural_shards.nwb.resample import Rule
from neural_shards.nwb.windows import step_of
from neuroai_core import InputError
from neuroai_core.errors import check_known

CountType = Literal["uint8", "uint16", "uint32"]
ValueType = Literal["float16", "float32", "float64"]
Masked = Literal["auto", "always", "never"]
Border = Literal["gaps", "unobserved", "invalid_times", "epochs"]


@dataclass(frozen=True)
class Spikes:
    """Spike counts of units.

    Parameters
    ----------
    units
        Which units: values that columns of the unit table must have, one or a list of them,
        such as ``{"quality": "good", "location": ["CA1", "CA3"]}``; a column that it has not
        is looked for among those of each unit's electrodes. The default is all.
    dtype
        Type of a count. A count that does not fit is an error, not a wrong number.
    mask
        Whether ``spikes_mask``, ``(bins, units)``, says which units were observed in which
        bins: ``"auto"`` where the recording states it (``obs_intervals``).
    """

    units: Mapping[str, Any] = field(default_factory=dict)
    dtype: CountType = "uint8"
    mask: Masked = "auto"

    def __post_init__(self) -> None:
        check_known("dtype", [self.dtype], get_args(CountType), key="dtype")
        check_known("mask", [self.mask], get_args(Masked), key="mask")


@dataclass(frozen=True)
class Signals:
    """Series on the grid; several are laid side by side.

    Parameters
    ----------
    series
        Paths, ends of paths, types or patterns of series; the default is what the name
        of the modality means.
    rule
        See `resample`; the default is chosen by the series.
    period, low
        For a circular quantity: its period, and the lowest of its values. Series in a
        ``CompassDirection`` are circular by themselves.
    channels
        Positions of the channels to take; the default is all.
    gap
        A step between samples longer than this many median steps is a gap.
    dtype
        Type of the values, for rules that average.
    """

    series: tuple[str, ...] = ()
    rule: Rule | None = None
    period: float | None = None
    low: float = 0.0
    channels: tuple[int, ...] | None = None
    gap: float = 1.5
    dtype: ValueType = "float32"

    def __post_init__(self) -> None:
        if self.rule is not None:
            check_known("rule", [self.rule], get_args(Rule), key="rule")
        check_known("dtype", [self.dtype], get_args(ValueType), key="dtype")
        if self.period is not None and not self.period > 0:
            raise InputError("a period is not positive", key="period", found=self.period)
        if not self.gap > 1:
            raise InputError("every step would be a gap", key="gap", expected="> 1", found=self.gap)


@dataclass(frozen=True)
class Labels:
    """What a table of intervals says.

    In windows of that table a dict of the row's values; in other windows the row of the
    interval that holds each bin, -1 where there is none, ``(bins,)``.

    Parameters
    ----------
    table
        ``"trials"``, ``"epochs"`` or another table of intervals or events.
    columns
        The default is all that hold one value a row.
    """

    table: str = "trials"
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Events:
    """Counts of events: licks, rewards, pulses.

    Parameters
    ----------
    tables
        Names of tables of events; the default is all. Each is a column of the counts.
    column
        A column of the tables: each of its values is then a column of the counts.
    dtype
        Type of a count.
    """

    tables: tuple[str, ...] = ()
    column: str | None = None
    dtype: CountType = "uint8"

    def __post_init__(self) -> None:
        check_known("dtype", [self.dtype], get_args(CountType), key="dtype")


Modality: TypeAlias = Spikes | Signals | Labels | Events


@dataclass(frozen=True)
class Windows:
    """How the grid is cut into samples.

    Parameters
    ----------
    length
        Bins in a sample.
    overlap
        The part of a window that the next one repeats, ``0 <= overlap < 1``.
    table
        A table of intervals (``"trials"``, ``"epochs"`` ...). Windows then lie inside its
        intervals, or, with `range_s`, around an event of each. Or a table of events.
    align
        The column of `table` with the time of the event; of a table of events it is
        ``"timestamp"`` by itself.
    range_s
        From where to where around the event, in seconds; rounded to whole bins. It gives the
        length.
    select
        Values that columns of `table` must have, one or a list of them.
    cross
        What a window may hold or cross: ``"gaps"`` of series (each then has a mask),
        ``"unobserved"`` spans of units, ``"invalid_times"``, borders of ``"epochs"``.
        Nothing by default.
    """

    length: int = 100
    overlap: float = 0.0
    table: str | None = None
    align: str = "start_time"
    range_s: tuple[float, float] | None = None
    select: Mapping[str, Any] = field(default_factory=dict)
    cross: tuple[Border, ...] = ()

    def __post_init__(self) -> None:
        step_of(self.length, self.overlap)
        check_known("border", self.cross, get_args(Border), key="cross")
        if self.table is None and (self.range_s is not None or self.select):
            raise InputError(
                "there is no table to align to or to select from",
                key="windows.table",
                expected="'trials', 'epochs' or another table of intervals",
            )
        if self.range_s is not None and not self.range_s[0] < self.range_s[1]:
            raise InputError(
                "a range around an event ends before it begins",
                key="range_s",
                expected="[from, to] in seconds",
                found=list(self.range_s),
            )


@dataclass(frozen=True)
class ConversionSpec:
    """All that decides what a recording becomes.

    Parameters
    ----------
    modalities
        What to take, by the name it will have in a sample.
    bin_ms
        Width of a bin in milliseconds.
    windows
        How the grid is cut into samples.
    start_s, stop_s
        Where the grid begins and ends on the recording's clock, outwards to whole bins;
        the default holds every spike and sample that is taken.
    sha256
        Whether samples store the SHA-256 of their recording, for which all of it is read,
        about a gigabyte a second, whatever little is taken.
    """

    modalities: Mapping[str, Modality]
    bin_ms: float = 10.0
    windows: Windows = field(default_factory=Windows)
    start_s: float | None = None
    stop_s: float | None = None
    sha256: bool = True

    def __post_init__(self) -> None:
        check_modalities(self.modalities)
        for name in self.modalities:
            if name.endswith(MASK):
                raise InputError("this name is kept for masks", key=name)
        if not self.modalities:
            raise InputError("nothing is to be taken", key="modalities", expected="one at least")
        if not (math.isfinite(self.bin_ms) and self.bin_ms > 0):
            raise InputError(
                "a bin has no width",
                key="bin_ms",
                expected="more than 0 milliseconds",
                found=self.bin_ms,
            )


def modality(name: str) -> Modality:
    """Give what the name of a modality alone means."""
    plain: dict[str, Modality] = {
        "events": Events(),
        "labels": Labels(),
        "spikes": Spikes(),
        "trials": Labels(),
    }
    return plain.get(name, Signals())
