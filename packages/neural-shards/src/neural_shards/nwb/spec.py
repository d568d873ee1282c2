"""What to take of a recording, on which grid, in which windows: typed and checked when made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from neural_shards.names import check_modalities
from neural_shards.nwb.resample import Rule
from neural_shards.nwb.windows import step_of
from neuroai_core import InputError
from neuroai_core.errors import check_known

CountType = Literal["uint8", "uint16", "uint32"]
ValueType = Literal["float16", "float32", "float64"]


@dataclass(frozen=True)
class Spikes:
    """Spike counts of units.

    Parameters
    ----------
    units
        Which units: values that columns of the unit table must have, one or a list of them,
        such as ``{"quality": "good", "location": ["CA1", "CA3"]}``. The default is all.
    dtype
        Type of a count. A count that does not fit is an error, not a wrong number.
    """

    units: Mapping[str, Any] = field(default_factory=dict)
    dtype: CountType = "uint8"

    def __post_init__(self) -> None:
        check_known("dtype", [self.dtype], get_args(CountType), key="spikes.dtype")


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
        For a circular quantity: its period, and the lowest of its values.
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
class Windows:
    """How the grid is cut into samples.

    Parameters
    ----------
    length
        Bins in a sample.
    overlap
        The part of a window that the next one repeats, ``0 <= overlap < 1``.
    """

    length: int = 100
    overlap: float = 0.0

    def __post_init__(self) -> None:
        step_of(self.length, self.overlap)


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
    """

    modalities: Mapping[str, Spikes | Signals]
    bin_ms: float = 10.0
    windows: Windows = field(default_factory=Windows)

    def __post_init__(self) -> None:
        check_modalities(self.modalities)
        if not self.modalities:
            raise InputError("nothing is to be taken", key="modalities", expected="one at least")
        if not (math.isfinite(self.bin_ms) and self.bin_ms > 0):
            raise InputError(
                "a bin has no width",
                key="bin_size_ms",
                expected="more than 0 milliseconds",
                found=self.bin_ms,
            )


def modality(name: str) -> Spikes | Signals:
    """Give what the name of a modality alone means."""
    return Spikes() if name == "spikes" else Signals()
