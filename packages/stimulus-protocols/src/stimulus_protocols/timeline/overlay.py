"""Timelines at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from neuroai_core.rng import Key
from stimulus_protocols.table import Writer
from stimulus_protocols.timeline.timeline import Timeline

if TYPE_CHECKING:
    # At run time, all kinds of timelines: `catalogue` says which.
    AnyTimeline = Timeline


class Overlay(Timeline):
    """Several timelines at once, on top of each other; the first that names a label wins."""

    type: Literal["overlay"] = "overlay"
    parts: tuple[AnyTimeline, ...] = Field(min_length=1)

    def __len__(self) -> int:
        return max(map(len, self.parts))

    @property
    def layers(self) -> int:
        """Those of all parts together."""
        return sum(part.layers for part in self.parts)

    @property
    def children(self) -> tuple[Timeline, ...]:
        """The timelines that are shown together."""
        return self.parts

    def resolve(self, *keys: Key) -> Timeline:
        """Draw every part."""
        drawn = tuple(part.resolve(*keys, index) for index, part in enumerate(self.parts))
        return Overlay(parts=drawn) if self.is_random else self

    def fill(self, writer: Writer, layer: int, at: int, start: int, stop: int) -> None:
        """Write the steps from `start` to `stop` into a table, from step `at` on."""
        for part in self.parts:
            end = min(stop, len(part))
            if start < end:
                part.fill(writer, layer, at, start, end)
            layer += part.layers
