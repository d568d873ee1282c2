"""All kinds of timelines, by the name that stands in their `type`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import Field

from stimulus_protocols.timeline import choice, order, overlay
from stimulus_protocols.timeline.choice import Choice
from stimulus_protocols.timeline.order import Padded, Repeat, Sequence, Window
from stimulus_protocols.timeline.overlay import Overlay
from stimulus_protocols.timeline.segment import Segment
from stimulus_protocols.timeline.timeline import Timeline

if TYPE_CHECKING:
    AnyTimeline: TypeAlias = Timeline
else:
    AnyTimeline = Annotated[
        Segment | Sequence | Repeat | Overlay | Window | Padded | Choice,
        Field(discriminator="type"),
    ]
    # Timelines made of timelines could not name all kinds before these were there.
    for _module, _kinds in (
        (order, (Sequence, Repeat, Window, Padded)),
        (overlay, (Overlay,)),
        (choice, (Choice,)),
    ):
        for _kind in _kinds:
            _kind.model_rebuild(_types_namespace={**vars(_module), "AnyTimeline": AnyTimeline})
