"""Protocols that show one thing after another: repetition, adaptation, masking, matching."""

from __future__ import annotations

from typing import Literal

from neuroai_core.errors import InputError, check_known, strict_arguments
from stimulus_protocols.protocols.timing import fit, join
from stimulus_protocols.stimuli import Stimulus
from stimulus_protocols.timeline import Choice, Segment, Timeline, blank, image


@strict_arguments
def interval(
    n_timesteps: float,
    stimulus_duration: float,
    interval_duration: float,
    intro_duration: float = 0,
    *,
    contrast: float = 1.0,
    pair: Literal["AA", "AB"] = "AA",
    dt_ms: float | None = None,
) -> Timeline:
    """Show an image twice with a pause: intro, stimulus, interval, the same again, outro.

    Parameters and errors as in `duration`; `interval_duration` is the pause,
    and 0 is none.

    Parameters
    ----------
    pair
        ``"AA"`` shows the same image again; ``"AB"``, the control of paired
        pulses, another one first: what differs in the response to the second
        is due to the repetition.

    Examples
    --------
    >>> interval(10, 2, 3, 1).table().source[0, 0].tolist()
    [-1, 0, 0, -1, -1, -1, 0, 0, -1, -1]
    >>> interval(5, 1, 1, pair="AB").table().source[0, 0].tolist()
    [1, -1, 0, -1, -1]
    """
    check_known("pair", [pair], ("AA", "AB"))
    parts = {
        "intro_duration": intro_duration,
        "stimulus_duration": stimulus_duration,
        "interval_duration": interval_duration,
        "stimulus_duration (again)": stimulus_duration,
    }
    intro, first, pause, second, outro = fit(n_timesteps, parts, dt_ms)
    return join(
        blank(intro, phase="intro"),
        image(first, 0 if pair == "AA" else 1, contrast=contrast, phase="stimulus"),
        blank(pause, phase="interval"),
        image(second, contrast=contrast, phase="stimulus_2"),
        blank(outro, phase="outro"),
    )


@strict_arguments
def adaptation(
    n_timesteps: float,
    adapter_duration: float,
    gap_duration: float,
    test_duration: float,
    intro_duration: float = 0,
    *,
    adapter: Literal["same", "other", "blank"] = "same",
    adapter_contrast: float = 1.0,
    test_contrast: float = 1.0,
    top_ups: int = 0,
    top_up_duration: float | None = None,
    dt_ms: float | None = None,
) -> Timeline:
    """Show an adapter, a gap, a test; then, for each top-up, adapter, gap and test again.

    Parameters
    ----------
    adapter
        ``"same"`` image as the test; the controls are ``"other"``, another
        image, and ``"blank"``.
    top_ups, top_up_duration
        How many, and how long the adapter is shown in each (a fifth of
        `adapter_duration` by default).

    Examples
    --------
    >>> adaptation(9, 3, 1, 1, top_ups=1, top_up_duration=1).table().source[0, 0].tolist()
    [0, 0, 0, -1, 0, 0, -1, 0, -1]
    """
    check_known("adapter", [adapter], ("same", "other", "blank"))
    if top_ups < 0:
        raise InputError("top_ups is negative", key="top_ups", expected=">= 0", found=top_ups)
    top_up = adapter_duration / 5 if top_up_duration is None else top_up_duration
    parts = {"intro_duration": intro_duration}
    for number in range(top_ups + 1):
        name = "adapter_duration" if number == 0 else f"adapter_duration (top-up {number})"
        parts[name] = adapter_duration if number == 0 else top_up
        parts[f"gap_duration ({number})"] = gap_duration
        parts[f"test_duration ({number})"] = test_duration
    intro, *rounds, outro = fit(n_timesteps, parts, dt_ms)
    shown: list[Timeline] = [blank(intro, phase="intro")]
    item = {"same": 0, "other": 1, "blank": None}[adapter]
    for number in range(top_ups + 1):
        adapt, gap, test = rounds[3 * number : 3 * number + 3]
        phase = "adapter" if number == 0 else "top_up"
        shown += [
            Segment(frames=adapt, item=item, contrast=adapter_contrast, label="void", phase=phase),
            blank(gap, phase="gap"),
            image(test, contrast=test_contrast, phase="test"),
        ]
    return join(*shown, blank(outro, phase="outro"))


@strict_arguments
def masking(
    n_timesteps: float,
    target_duration: float,
    soa_duration: float,
    mask_duration: float,
    intro_duration: float = 0,
    *,
    order: Literal["backward", "forward"] = "backward",
    mask: Literal["phase_scrambled", "other"] | Stimulus = "phase_scrambled",
    dt_ms: float | None = None,
) -> Timeline:
    """Show a target and a mask, `soa_duration` from the onset of the first to that of the second.

    Parameters
    ----------
    order
        ``"backward"``: target, then mask; ``"forward"``: mask, then target.
    mask
        The target with its phases scrambled, another image, or a computed
        stimulus. A mask has no label.

    Raises
    ------
    InputError
        If the second would begin before the first has ended.

    Examples
    --------
    >>> masking(8, 1, 3, 2, 1, mask="other").table().source[0, 0].tolist()
    [-1, 0, -1, -1, 1, 1, -1, -1]
    """
    check_known("order", [order], ("backward", "forward"))
    backward = order == "backward"
    first, second = (
        (target_duration, mask_duration) if backward else (mask_duration, target_duration)
    )
    if soa_duration < first:
        raise InputError(
            "the second would begin before the first has ended",
            key="soa_duration",
            expected=f"{first:g} or more",
            found=soa_duration,
        )
    names = (
        ("target_duration", "mask_duration") if backward else ("mask_duration", "target_duration")
    )
    parts = {
        "intro_duration": intro_duration,
        names[0]: first,
        "gap": soa_duration - first,
        names[1]: second,
    }
    intro, one, gap, two, outro = fit(n_timesteps, parts, dt_ms)
    shown = [
        image(one if backward else two, phase="target"),
        _mask(mask, two if backward else one),
    ]
    before, after = shown if backward else reversed(shown)
    return join(
        blank(intro, phase="intro"),
        before,
        blank(gap, phase="gap"),
        after,
        blank(outro, phase="outro"),
    )


def _mask(mask: str | Stimulus, frames: int) -> Segment:
    if isinstance(mask, Stimulus):
        return Segment(frames=frames, stimulus=mask, phase="mask")
    check_known("mask", [mask], ("phase_scrambled", "other"))
    if mask == "other":
        return image(frames, 1, label="void", phase="mask")
    return image(frames, scrambled=True, phase="mask")


@strict_arguments
def delayed_match(
    n_timesteps: float,
    sample_duration: float,
    delay_duration: float,
    test_duration: float,
    intro_duration: float = 0,
    *,
    match_probability: float = 0.5,
    dt_ms: float | None = None,
) -> Timeline:
    """Show a sample, a delay, and a test that is the same image or another.

    The label of the test is 1 for a match and 0 for none, that of everything
    else the void label. Which it is, is drawn by (seed, image).

    Examples
    --------
    >>> trial = delayed_match(6, 1, 2, 2).resolve(0, 5)
    >>> trial.table().source[0, 0].tolist()
    [0, -1, -1, 0, 0, -1]
    """
    if not 0 <= match_probability <= 1:
        raise InputError(
            "a probability is impossible",
            key="match_probability",
            expected="0 to 1",
            found=match_probability,
        )
    parts = {
        "intro_duration": intro_duration,
        "sample_duration": sample_duration,
        "delay_duration": delay_duration,
        "test_duration": test_duration,
    }
    intro, sample, delay, test, outro = fit(n_timesteps, parts, dt_ms)
    tests = (
        image(test, 0, label=1, phase="match"),
        image(test, 1, label=0, phase="non_match"),
    )
    return join(
        blank(intro, phase="intro"),
        image(sample, label="void", phase="sample"),
        blank(delay, phase="delay"),
        Choice(options=tests, weights=(match_probability, 1 - match_probability)),
        blank(outro, phase="outro"),
    )
