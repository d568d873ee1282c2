"""Durations as steps, and parts as timelines."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping

from neuroai_core.errors import InputError
from neuroai_core.timebase import Timebase
from stimulus_protocols.timeline import Sequence, Timeline

#: What the names of durations begin with that must not be 0.
SHOWN = ("n_timesteps", "stimulus", "adapter", "test", "target", "mask", "item", "sample", "period")


def join(*parts: Timeline) -> Timeline:
    """Show one part after the other, leaving out those of no steps."""
    whole: Timeline = Sequence(parts=())
    for part in parts:
        whole = whole >> part if len(part) else whole
    return whole


def fit(total: float, parts: Mapping[str, float], dt_ms: float | None) -> list[int]:
    """Turn durations into steps, with what is left of the total behind them.

    Parameters
    ----------
    total
        How long all is; steps, or milliseconds if `dt_ms` is given.
    parts
        Durations in the same unit. Those of what is shown (`SHOWN`) must be
        more than 0.
    dt_ms
        Milliseconds a step.
    """
    unit = "steps" if dt_ms is None else "ms"
    _check_duration("n_timesteps", total, unit)
    durations = steps(parts, dt_ms)
    whole = int(total) if dt_ms is None else Timebase.from_dt_ms(dt_ms).edge_ms(total)
    needed = math.fsum(parts.values())
    # Sums of floats are off by their last digits: 0.1 + 0.2 is more than 0.3.
    if sum(durations) > whole or needed > total * (1 + _TOLERANCE):
        listed = " + ".join(f"{name} {length:.12g}" for name, length in parts.items())
        raise InputError(
            "the parts are longer than the whole",
            key="n_timesteps",
            expected=f"{needed:.12g} {unit} or more ({listed} = {needed:.12g})",
            found=f"{total:.12g} {unit}",
        )
    return [*durations, whole - sum(durations)]


#: By which part of the whole the parts may be longer, as sums of floats are.
_TOLERANCE = 1e-9


def steps(parts: Mapping[str, float], dt_ms: float | None) -> list[int]:
    """Turn consecutive durations into steps; as `fit`, without a total."""
    unit = "steps" if dt_ms is None else "ms"
    for name, length in parts.items():
        _check_duration(name, length, unit)
    if dt_ms is None:
        return [int(length) for length in parts.values()]
    return Timebase.from_dt_ms(dt_ms).frames_ms(parts.values())


def _check_duration(name: str, length: object, unit: str) -> None:
    number = isinstance(length, numbers.Real) and not isinstance(length, bool)
    value = float(length) if number else math.nan  # type: ignore[arg-type]
    shown = name.startswith(SHOWN)
    if not (math.isfinite(value) and value >= 0) or (shown and value == 0):
        raise InputError(
            "a duration is impossible",
            key=name,
            expected=f"more than 0 {unit}" if shown else f"0 {unit} or more",
            found=repr(length),
        )
    if unit == "steps" and value != int(value):
        raise InputError(
            "a duration is no whole number of steps",
            key=name,
            expected="a whole number, or milliseconds together with dt_ms",
            found=length,
        )
