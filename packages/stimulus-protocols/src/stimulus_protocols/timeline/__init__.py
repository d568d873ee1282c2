"""Timelines: what is shown when, as small immutable values.

- `timeline`: what every timeline can do.
- `segment`: one picture, or none, for a number of steps.
- `order`: one after the other: in sequence, repeated, cut, padded.
- `overlay`: at once.
- `choice`: one of several, drawn for every trial.
- `catalogue`: all of them, for specifications.
"""

from stimulus_protocols.timeline.catalogue import AnyTimeline
from stimulus_protocols.timeline.choice import Choice
from stimulus_protocols.timeline.order import Padded, Repeat, Sequence, Window
from stimulus_protocols.timeline.overlay import Overlay
from stimulus_protocols.timeline.segment import Between, Segment, blank, computed, image
from stimulus_protocols.timeline.timeline import Timeline, check_steps

__all__ = [
    "AnyTimeline",
    "Between",
    "Choice",
    "Overlay",
    "Padded",
    "Repeat",
    "Segment",
    "Sequence",
    "Timeline",
    "Window",
    "blank",
    "check_steps",
    "computed",
    "image",
]
