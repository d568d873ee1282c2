"""The protocols of the field, each a function that makes a timeline.

Durations are steps, or milliseconds where `dt_ms` is given. A trial's own
image is item 0; other items are other images, drawn by (seed, image).
"""

from collections.abc import Callable

from stimulus_protocols.protocols.pairs import adaptation, delayed_match, interval, masking
from stimulus_protocols.protocols.series import log_steps, series
from stimulus_protocols.protocols.single import (
    catch,
    contrast_ramp,
    contrast_step,
    duration,
    flicker,
    idle,
    padded,
    saccades,
)
from stimulus_protocols.protocols.streams import oddball, omission, rsvp
from stimulus_protocols.timeline import Timeline

#: The protocols by name; `catch`, `idle` and `padded` change another timeline instead.
BY_NAME: dict[str, Callable[..., Timeline]] = {
    protocol.__name__: protocol
    for protocol in (
        duration,
        interval,
        contrast_ramp,
        contrast_step,
        flicker,
        saccades,
        adaptation,
        masking,
        delayed_match,
        rsvp,
        oddball,
        omission,
    )
}

__all__ = [
    "BY_NAME",
    "adaptation",
    "catch",
    "contrast_ramp",
    "contrast_step",
    "delayed_match",
    "duration",
    "flicker",
    "idle",
    "interval",
    "log_steps",
    "masking",
    "oddball",
    "omission",
    "padded",
    "rsvp",
    "saccades",
    "series",
]
