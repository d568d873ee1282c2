"""The protocols of the field, each a function that makes a timeline."""

from __future__ import annotations

import math
import numbers

from neuroai_core.errors import InputError, strict_arguments
from neuroai_core.timebase import Timebase
from stimulus_protocols.timeline import Timeline, blank, image


@strict_arguments
def duration(
    n_timesteps: float,
    stimulus_duration: float,
    intro_duration: float = 0,
    *,
    contrast: float = 1.0,
    dt_ms: float | None = None,
) -> Timeline:
    """Show an image for a while: intro, stimulus, outro.

    Parameters
    ----------
    n_timesteps
        Steps in all; what is left behind the stimulus is the outro.
    stimulus_duration, intro_duration
        Steps.
    contrast
        Of the stimulus: 0 is blank, 1 as it is.
    dt_ms
        Milliseconds a step. With it all times are milliseconds; the edges
        between them are rounded to steps.

    Raises
    ------
    InputError
        If the parts do not fit, or the stimulus would not be shown.

    Examples
    --------
    >>> duration(6, 3, 2).table().source[0, 0].tolist()
    [-1, -1, 0, 0, 0, -1]
    """
    intro, stimulus, outro = fit(
        n_timesteps,
        {"intro_duration": intro_duration, "stimulus_duration": stimulus_duration},
        dt_ms,
    )
    return join(
        blank(intro, phase="intro"),
        image(stimulus, contrast=contrast),
        blank(outro, phase="outro"),
    )


@strict_arguments
def interval(
    n_timesteps: float,
    stimulus_duration: float,
    interval_duration: float,
    intro_duration: float = 0,
    *,
    contrast: float = 1.0,
    dt_ms: float | None = None,
) -> Timeline:
    """Show an image twice with a pause: intro, stimulus, interval, the same again, outro.

    Parameters and errors as in `duration`; `interval_duration` is the pause,
    and 0 is none.

    Examples
    --------
    >>> interval(10, 2, 3, 1).table().source[0, 0].tolist()
    [-1, 0, 0, -1, -1, -1, 0, 0, -1, -1]
    """
    intro, first, pause, second, outro = fit(
        n_timesteps,
        {
            "intro_duration": intro_duration,
            "stimulus_duration": stimulus_duration,
            "interval_duration": interval_duration,
            "stimulus_duration (again)": stimulus_duration,
        },
        dt_ms,
    )
    return join(
        blank(intro, phase="intro"),
        image(first, contrast=contrast, phase="stimulus"),
        blank(pause, phase="interval"),
        image(second, contrast=contrast, phase="stimulus_2"),
        blank(outro, phase="outro"),
    )


def join(*parts: Timeline) -> Timeline:
    """Show one part after the other, leaving out those of no steps."""
    shown = [part for part in parts if len(part)]
    whole = shown[0]
    for part in shown[1:]:
        whole = whole >> part
    return whole


def fit(total: float, parts: dict[str, float], dt_ms: float | None) -> list[int]:
    """Turn durations into steps, with what is left of the total behind them.

    Parameters
    ----------
    total
        How long all is; steps, or milliseconds if `dt_ms` is given.
    parts
        Durations in the same unit. Those whose name begins with
        ``stimulus`` must be more than 0.
    dt_ms
        Milliseconds a step.
    """
    unit = "steps" if dt_ms is None else "ms"
    for name, length in {"n_timesteps": total, **parts}.items():
        _check_duration(name, length, unit)
    needed = sum(parts.values())
    if needed > total:
        listed = " + ".join(f"{name} {length:g}" for name, length in parts.items())
        raise InputError(
            "the parts are longer than the whole",
            key="n_timesteps",
            expected=f"{needed:g} {unit} or more ({listed} = {needed:g})",
            found=f"{total:g} {unit}",
        )
    if dt_ms is None:
        return [int(length) for length in parts.values()] + [int(total - needed)]
    base = Timebase.from_dt_ms(dt_ms)
    steps = base.frames_ms(parts.values())
    return [*steps, base.edge_ms(total) - sum(steps)]


def _check_duration(name: str, length: object, unit: str) -> None:
    number = isinstance(length, numbers.Real) and not isinstance(length, bool)
    value = float(length) if number else math.nan  # type: ignore[arg-type]
    shown = name.startswith(("n_timesteps", "stimulus"))
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
