"""Milliseconds and seconds to frames and back: edges are rounded, not durations."""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from neuroai_core.errors import InputError

Number: TypeAlias = float | Fraction | Decimal | np.floating[Any] | np.integer[Any]


@dataclass(frozen=True)
class Timebase:
    """Frames at a fixed rate, counted from time 0.

    Numbers are taken as the decimals they are written as, so 0.29 s at 100 Hz
    are 29 frames, where ``int(0.29 * 100)`` is 28, and so are 0.29 s in single
    precision. Half a frame rounds up.

    Parameters
    ----------
    rate_hz
        Frames a second, as an exact fraction; see `from_rate` and `from_dt_ms`.

    Examples
    --------
    >>> Timebase.from_rate(60).frames_ms([100, 16.7, 50])
    [6, 1, 3]
    >>> Timebase.from_dt_ms(2).edge_ms(290)
    145
    """

    rate_hz: Fraction

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate_hz", _positive(self.rate_hz, "rate_hz"))

    @classmethod
    def from_rate(cls, rate_hz: Number) -> Timebase:
        """Make the time base of so many frames a second."""
        return cls(_positive(rate_hz, "rate_hz"))

    @classmethod
    def from_dt_ms(cls, dt_ms: Number) -> Timebase:
        """Make the time base of a frame every `dt_ms` milliseconds."""
        return cls(1000 / _positive(dt_ms, "dt_ms"))

    @property
    def dt_ms(self) -> float:
        """The duration of a frame in milliseconds."""
        return float(1000 / self.rate_hz)

    def edge_ms(self, time_ms: Number) -> int:
        """Give the frame edge nearest to a time in milliseconds."""
        return _round(_exact(time_ms, "time_ms") * self.rate_hz / 1000)

    def edge_s(self, time_s: Number) -> int:
        """Give the frame edge nearest to a time in seconds."""
        return _round(_exact(time_s, "time_s") * self.rate_hz)

    def time_ms(self, frame: int) -> float:
        """Give the time of a frame's first edge in milliseconds."""
        return float(operator.index(frame) * 1000 / self.rate_hz)

    def time_s(self, frame: int) -> float:
        """Give the time of a frame's first edge in seconds."""
        return float(operator.index(frame) / self.rate_hz)

    def frames_ms(self, durations_ms: Iterable[Number]) -> list[int]:
        """Turn consecutive durations in milliseconds into whole frames.

        The edges between them are rounded, so the frames add up to the
        rounded total and no error builds up.

        Raises
        ------
        InputError
            For a negative duration, or one that is not 0 and would become
            no frame at all.
        """
        exact = [_exact(d, "durations_ms") for d in durations_ms]
        return _edges_to_frames([d * self.rate_hz / 1000 for d in exact], exact, "ms", self.dt_ms)

    def frames_s(self, durations_s: Iterable[Number]) -> list[int]:
        """Turn consecutive durations in seconds into whole frames, as `frames_ms` does."""
        exact = [_exact(d, "durations_s") for d in durations_s]
        return _edges_to_frames([d * self.rate_hz for d in exact], exact, "s", self.dt_ms)


def _edges_to_frames(
    lengths: Sequence[Fraction], durations: Sequence[Fraction], unit: str, dt_ms: float
) -> list[int]:
    frames, end, last = [], Fraction(0), 0
    for position, (length, duration) in enumerate(zip(lengths, durations, strict=True)):
        if duration < 0:
            raise InputError("a duration is negative", index=position, found=f"{duration} {unit}")
        end += length
        edge = _round(end)
        if duration > 0 and edge == last:
            raise InputError(
                "a duration is too short to show",
                index=position,
                expected=f"at least half a frame of {dt_ms:g} ms that reaches the next edge",
                found=f"{float(duration):g} {unit}, which would become 0 frames",
            )
        frames.append(edge - last)
        last = edge
    return frames


def _round(x: Fraction) -> int:
    return math.floor(x + Fraction(1, 2))


def _exact(value: object, key: str) -> Fraction:
    try:
        if isinstance(value, bool):
            raise TypeError
        if isinstance(value, numbers.Integral):
            return Fraction(operator.index(value))
        if isinstance(value, Fraction | Decimal):
            return Fraction(value)
        if isinstance(value, numbers.Real):
            # The shortest decimal that is this float, in its own precision: what was written.
            return Fraction(str(value))
        raise TypeError
    except (ValueError, TypeError, OverflowError):
        raise InputError(
            "a time is not a finite number", key=key, expected="a number", found=repr(value)
        ) from None


def _positive(value: object, key: str) -> Fraction:
    exact = _exact(value, key)
    if exact <= 0:
        raise InputError(f"{key} is not positive", key=key, expected="more than 0", found=value)
    return exact
