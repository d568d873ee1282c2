"""Protocols that show one image."""

from __future__ import annotations

from typing import Literal

from neuroai_core.errors import InputError, strict_arguments
from stimulus_protocols.contrast import Flicker, Ramp
from stimulus_protocols.protocols.timing import fit, join, steps
from stimulus_protocols.timeline import Between, Choice, Padded, Timeline, blank, image


@strict_arguments
def duration(
    n_timesteps: float,
    stimulus_duration: float,
    intro_duration: float = 0,
    *,
    contrast: float | Ramp | Flicker = 1.0,
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
def contrast_ramp(
    n_timesteps: float,
    stimulus_duration: float,
    intro_duration: float = 0,
    *,
    start: float = 0.0,
    stop: float = 1.0,
    scale: Literal["linear", "log"] = "linear",
    dt_ms: float | None = None,
) -> Timeline:
    """Show an image whose contrast goes from `start` to `stop` (see `Ramp` and `duration`).

    Examples
    --------
    >>> contrast_ramp(5, 3, 1).table().gain[0, 0].tolist()
    [0.0, 0.0, 0.5, 1.0, 0.0]
    """
    ramp = Ramp(start=start, stop=stop, scale=scale)
    return duration(n_timesteps, stimulus_duration, intro_duration, contrast=ramp, dt_ms=dt_ms)


@strict_arguments
def contrast_step(
    n_timesteps: float,
    stimulus_duration: float,
    step_time: float,
    intro_duration: float = 0,
    *,
    before: float = 0.5,
    after: float = 1.0,
    dt_ms: float | None = None,
) -> Timeline:
    """Show an image whose contrast changes at once, `step_time` after its onset.

    Examples
    --------
    >>> contrast_step(6, 4, 1, 1).table().gain[0, 0].tolist()
    [0.0, 0.5, 1.0, 1.0, 1.0, 0.0]
    """
    if not 0 < step_time < stimulus_duration:
        raise InputError(
            "the contrast does not change while the stimulus is shown",
            key="step_time",
            expected=f"more than 0, less than {stimulus_duration}",
            found=step_time,
        )
    parts = {
        "intro_duration": intro_duration,
        "stimulus_duration (before)": step_time,
        "stimulus_duration (after)": stimulus_duration - step_time,
    }
    intro, first, second, outro = fit(n_timesteps, parts, dt_ms)
    return join(
        blank(intro, phase="intro"),
        image(first, contrast=before, phase="before"),
        image(second, contrast=after, phase="after"),
        blank(outro, phase="outro"),
    )


@strict_arguments
def flicker(
    n_timesteps: float,
    stimulus_duration: float,
    period_duration: float,
    intro_duration: float = 0,
    *,
    low: float = 0.0,
    high: float = 1.0,
    shape: Literal["sine", "square"] = "sine",
    dt_ms: float | None = None,
) -> Timeline:
    """Show an image that flickers, as in frequency tagging (see `Flicker`).

    Parameters
    ----------
    period_duration
        One cycle, in steps or milliseconds; not necessarily whole steps.

    Examples
    --------
    >>> flicker(4, 4, 2, shape="square").table().gain[0, 0].tolist()
    [1.0, 0.0, 1.0, 0.0]
    """
    period = period_duration / (1 if dt_ms is None else dt_ms)
    tagged = Flicker(period_frames=period, low=low, high=high, shape=shape)
    return duration(n_timesteps, stimulus_duration, intro_duration, contrast=tagged, dt_ms=dt_ms)


@strict_arguments
def saccades(
    fixations: int,
    item_duration: float,
    *,
    jitter_px: float = 4.0,
    item_duration_spread: float = 0,
    dt_ms: float | None = None,
) -> Timeline:
    """Show an image that jumps, as it does on the eye: a new place at every fixation.

    Parameters
    ----------
    fixations
        How many.
    item_duration, item_duration_spread
        Of a fixation: uniform within the spread around it, drawn for each.
    jitter_px
        Standard deviation of the place, along x and along y, in pixels.

    Examples
    --------
    >>> timeline = saccades(3, 4, jitter_px=2)
    >>> len(timeline), timeline.is_random
    (12, True)
    """
    (longest,) = steps({"item_duration": item_duration + item_duration_spread}, dt_ms)
    shortest = item_duration - item_duration_spread
    (least,) = steps({"item_duration (shortest)": shortest}, dt_ms)
    frames = longest if least == longest else Between(low=least, high=longest)
    return image(frames, jitter_px=jitter_px, phase="fixation") * fixations


@strict_arguments
def idle(timeline: Timeline, frames: int) -> Timeline:
    """Let a model come to rest on a blank before what is shown.

    Examples
    --------
    >>> idle(duration(3, 1), 4).table().source[0, 0].tolist()
    [-1, -1, -1, -1, 0, -1, -1]
    """
    return join(blank(frames, phase="idle"), timeline)


@strict_arguments
def catch(timeline: Timeline, probability: float) -> Timeline:
    """Show nothing at all in some trials, drawn by (seed, image).

    Examples
    --------
    >>> trials = catch(duration(3, 1), probability=0.25)
    >>> sum(trials.resolve(0, i).items == 0 for i in range(1000))
    231
    """
    if not 0 <= probability <= 1:
        raise InputError(
            "a probability is impossible", key="probability", expected="0 to 1", found=probability
        )
    nothing = blank(len(timeline), phase="catch")
    return Choice(options=(timeline, nothing), weights=(1 - probability, probability))


@strict_arguments
def padded(timeline: Timeline, frames: int) -> Timeline:
    """Put a blank behind what is shown, up to a fixed number of steps.

    Examples
    --------
    >>> len(padded(blank(Between(low=0, high=3)) >> image(2), 8).resolve(0, 0))
    8
    """
    return Padded(part=timeline, frames=frames)
