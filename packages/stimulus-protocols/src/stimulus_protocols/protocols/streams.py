"""Protocols that show a stream of images: RSVP, oddball, omission."""

from __future__ import annotations

from typing import Literal

from neuroai_core.errors import InputError, check_known, strict_arguments
from stimulus_protocols.protocols.timing import join, steps
from stimulus_protocols.timeline import Choice, Timeline, blank, image


@strict_arguments
def rsvp(
    count: int,
    item_duration: float,
    gap_duration: float = 0,
    *,
    target: int | None = None,
    lag: int | None = None,
    dt_ms: float | None = None,
) -> Timeline:
    """Show different images in rapid succession.

    Parameters
    ----------
    count
        How many images.
    item_duration, gap_duration
        Of each, and of the blank behind it; the rate is one over both.
    target
        The place, from 0, of the trial's own image, the only one with a
        label. None: the trial's own image comes first, and all have labels.
    lag
        How many places behind the first a second target comes.

    Examples
    --------
    >>> rsvp(4, 1, target=1, lag=2).table().source[0, 0].tolist()
    [2, 0, 3, 1]
    """
    targets = [] if target is None else [target] + ([] if lag is None else [target + lag])
    if lag is not None and (target is None or lag < 1):
        raise InputError("a lag needs a target before it, and 1 or more", key="lag", found=lag)
    if any(not 0 <= place < count for place in targets):
        raise InputError(
            "a target is outside the stream",
            key="target",
            expected=f"places from 0 to {count - 1}",
            found=targets,
        )
    shown, gap = steps({"item_duration": item_duration, "gap_duration": gap_duration}, dt_ms)
    stream: list[Timeline] = []
    distractors = iter(range(len(targets), count))
    for place in range(count):
        item = targets.index(place) if place in targets else next(distractors)
        named = target is None or place in targets
        phase = "target" if place in targets else "item"
        stream += [
            image(shown, item, label="item" if named else "void", phase=phase),
            blank(gap, phase="gap"),
        ]
    return join(*stream)


@strict_arguments
def oddball(
    count: int,
    item_duration: float,
    gap_duration: float = 0,
    *,
    probability: float = 0.1,
    lead: int = 3,
    control: Literal["none", "flip_flop", "many_standards"] = "none",
    standards: int = 10,
    dt_ms: float | None = None,
) -> Timeline:
    """Show one image again and again, and now and then another.

    Parameters
    ----------
    count, item_duration, gap_duration
        As in `rsvp`.
    probability
        Of a deviant at each place after the first `lead`; drawn by (seed, image).
    control
        ``"flip_flop"`` exchanges the two images: the deviant of the one is the
        standard of the other. ``"many_standards"`` shows one of `standards`
        images at each place, all equally often: no rule, so nothing to violate.

    Examples
    --------
    >>> trial = oddball(8, 1, probability=0.5).resolve(0, 4)
    >>> trial.table().source[0, 0].tolist()
    [0, 0, 0, 1, 1, 0, 0, 0]
    """
    check_known("control", [control], ("none", "flip_flop", "many_standards"))
    if not 0 <= probability <= 1 or not 0 <= lead <= count or standards < 2:
        raise InputError(
            "an oddball stream is impossible",
            expected=f"probability from 0 to 1, lead from 0 to {count}, standards of 2 or more",
            found=f"probability={probability}, lead={lead}, standards={standards}",
        )
    shown, gap = steps({"item_duration": item_duration, "gap_duration": gap_duration}, dt_ms)
    pause = blank(gap, phase="gap")
    if control == "many_standards":
        any_of = [image(shown, item, phase="standard") for item in range(standards)]
        return join(Choice(options=tuple(any_of)), pause) * count
    standard, deviant = (1, 0) if control == "flip_flop" else (0, 1)
    usual = image(shown, standard, phase="standard")
    either = Choice(
        options=(usual, image(shown, deviant, phase="deviant")),
        weights=(1 - probability, probability),
    )
    return join(join(usual, pause) * lead, join(either, pause) * (count - lead))


@strict_arguments
def omission(
    count: int,
    item_duration: float,
    gap_duration: float,
    *,
    omitted: int | None = None,
    probability: float | None = None,
    dt_ms: float | None = None,
) -> Timeline:
    """Show an image at a regular rate, and leave it out once, or now and then.

    Parameters
    ----------
    count, item_duration, gap_duration
        As in `rsvp`.
    omitted
        The place, from 0, that stays blank.
    probability
        Instead: of each place after the first to stay blank.

    Examples
    --------
    >>> omission(4, 1, 1, omitted=2).table().source[0, 0].tolist()
    [0, -1, 0, -1, -1, -1, 0, -1]
    """
    if (omitted is None) == (probability is None):
        raise InputError("either omitted or probability says what is left out")
    if omitted is not None and not 0 <= omitted < count:
        raise InputError(
            "the omitted place is outside the stream",
            key="omitted",
            expected=f"0 to {count - 1}",
            found=omitted,
        )
    if probability is not None and not 0 <= probability <= 1:
        raise InputError(
            "a probability is impossible", key="probability", expected="0 to 1", found=probability
        )
    shown, gap = steps({"item_duration": item_duration, "gap_duration": gap_duration}, dt_ms)
    there, gone = image(shown, phase="item"), blank(shown, phase="omission")
    pause = blank(gap, phase="gap")
    if probability is None:
        return join(*(join(gone if place == omitted else there, pause) for place in range(count)))
    either = Choice(options=(there, gone), weights=(1 - probability, probability))
    return join(there, pause, join(either, pause) * (count - 1))
