"""What a stimulus or a timeline is, in words, without rendering it."""

from __future__ import annotations

from stimulus_protocols.contrast import Flicker, Ramp
from stimulus_protocols.stimuli import InTurn, Stimulus, Together
from stimulus_protocols.timeline import (
    Between,
    Choice,
    Overlay,
    Padded,
    Repeat,
    Segment,
    Timeline,
    Window,
)
from stimulus_protocols.values import Value


def describe(shown: Stimulus | Timeline, *, most: int = 12) -> str:
    """Describe a stimulus or a timeline as an indented list.

    Parameters
    ----------
    shown
        What to describe.
    most
        Of longer lists, only so many are shown.

    Examples
    --------
    >>> from stimulus_protocols import blank, image
    >>> print(describe((blank(2) >> image(3, contrast=0.5)) * 1_000_000))
    5,000,000 steps: 1,000,000 times
      5 steps: one after the other
        2 steps: blank
        3 steps: stimulus, image 0, contrast 0.5
    >>> from stimulus_protocols.stimuli import Disc, MovingBar
    >>> print(describe(MovingBar(frames=60, height=16, width=18, width_px=2, speed_px_s=30,
    ...                          aperture=Disc(radius_px=6))))
    60 frames (2 s, 1 x 16 x 18): moving_bar(aperture=disc(radius_px=6), width_px=2, speed_px_s=30)
    """
    return "\n".join(_lines(shown, 0, most))


def _lines(shown: Stimulus | Timeline, depth: int, most: int) -> list[str]:
    lines = ["  " * depth + _headline(shown)]
    if isinstance(shown, Timeline):
        parts: tuple[Stimulus | Timeline, ...] = shown.children
    else:
        parts = shown.parts if isinstance(shown, InTurn | Together) else ()
    for part in parts[:most]:
        lines += _lines(part, depth + 1, most)
    if len(parts) > most:
        lines.append("  " * (depth + 1) + f"... and {len(parts) - most:,} more")
    return lines


def _headline(shown: Stimulus | Timeline) -> str:
    if isinstance(shown, Stimulus):
        c, t, h, w = shown.shape
        seconds = t / shown.frame_rate_hz
        return f"{t:,} frames ({seconds:g} s, {c} x {h} x {w}): {_parameters(shown)}"
    length = f"{len(shown):,} steps"
    if isinstance(shown, Segment):
        return _segment(shown)
    if isinstance(shown, Repeat):
        return f"{length}: {shown.times:,} times"
    if isinstance(shown, Window):
        return f"{length}: from step {shown.start:,} to {shown.stop:,} of"
    if isinstance(shown, Choice):
        weights = "" if shown.weights is None else f", weights {list(shown.weights)}"
        return f"up to {length}: one of, drawn for each trial{weights}"
    if isinstance(shown, Overlay):
        return f"{length}: at once"
    if isinstance(shown, Padded):
        return f"{length}: padded with blank"
    return f"{length}: one after the other"


def _segment(segment: Segment) -> str:
    frames = segment.frames
    length = f"{frames.low:,} to {frames.high:,}" if isinstance(frames, Between) else f"{frames:,}"
    words = [segment.phase or "segment"]
    if segment.item is not None:
        words.append(f"image {segment.item}{', phases scrambled' if segment.scrambled else ''}")
    if segment.stimulus is not None:
        words.append(_parameters(segment.stimulus))
    if isinstance(segment.contrast, Ramp | Flicker):
        words.append(_parameters(segment.contrast))
    elif segment.contrast != 1:
        words.append(f"contrast {segment.contrast:g}")
    if segment.jitter_px:
        words.append(f"jitter {segment.jitter_px:g} px")
    return f"{length} steps: {', '.join(words)}"


def _parameters(value: Value) -> str:
    skipped = ("type", "frames", "height", "width", "channels", "parts")
    changed = {
        name: getattr(value, name)
        for name, field in type(value).model_fields.items()
        if name not in skipped and getattr(value, name) != field.default
    }
    kind = getattr(value, "type", type(value).__name__.lower())
    listed = [f"{name}={_written(part)}" for name, part in changed.items()]
    return f"{kind}({', '.join(listed)})"


def _written(part: object) -> str:
    if isinstance(part, Value):
        return _parameters(part)
    return f"{part:g}" if isinstance(part, float) else str(part)
