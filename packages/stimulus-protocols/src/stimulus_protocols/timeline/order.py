"""Timelines one after the other: in sequence, repeated, cut, padded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import model_validator

from neuroai_core.errors import InputError
from neuroai_core.rng import Key
from stimulus_protocols.table import Writer
from stimulus_protocols.timeline.segment import Segment
from stimulus_protocols.timeline.timeline import Timeline, check_steps
from stimulus_protocols.values import Count

if TYPE_CHECKING:
    # At run time, all kinds of timelines: `catalogue` says which.
    AnyTimeline = Timeline


class Sequence(Timeline):
    """One timeline after the other."""

    type: Literal["sequence"] = "sequence"
    parts: tuple[AnyTimeline, ...]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @property
    def children(self) -> tuple[Timeline, ...]:
        """The timelines that this one is made of."""
        return self.parts

    def resolve(self, *keys: Key) -> Timeline:
        """Draw every part."""
        drawn = tuple(part.resolve(*keys, index) for index, part in enumerate(self.parts))
        return Sequence(parts=drawn) if self.is_random else self

    def fill(self, writer: Writer, layer: int, at: int, start: int, stop: int) -> None:
        """Write the steps from `start` to `stop` into a table, from step `at` on."""
        begin = 0
        for part in self.parts:
            end = begin + len(part)
            low, high = max(start, begin), min(stop, end)
            if low < high:
                part.fill(writer, layer, at + low - start, low - begin, high - begin)
            begin = end


class Repeat(Timeline):
    """A timeline several times over; random parts are drawn anew each time."""

    type: Literal["repeat"] = "repeat"
    part: AnyTimeline
    times: Count

    def __len__(self) -> int:
        return len(self.part) * self.times

    @property
    def children(self) -> tuple[Timeline, ...]:
        """The timeline that is repeated."""
        return (self.part,)

    def resolve(self, *keys: Key) -> Timeline:
        """Draw every repetition."""
        if not self.is_random:
            return self
        return Sequence(parts=tuple(self.part.resolve(*keys, i) for i in range(self.times)))

    def fill(self, writer: Writer, layer: int, at: int, start: int, stop: int) -> None:
        """Write the steps from `start` to `stop` into a table, from step `at` on."""
        size = len(self.part)
        while start < stop:
            inside = start % size
            end = min(size, inside + stop - start)
            self.part.fill(writer, layer, at, inside, end)
            at, start = at + end - inside, start + end - inside


class Window(Timeline):
    """Some steps of a timeline; `timeline[start:stop]` makes one."""

    type: Literal["window"] = "window"
    part: AnyTimeline
    start: Count
    stop: Count

    @model_validator(mode="after")
    def _inside(self) -> Window:
        check_steps(self.start, self.stop, len(self.part))
        return self

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def children(self) -> tuple[Timeline, ...]:
        """The timeline that is cut."""
        return (self.part,)

    def fill(self, writer: Writer, layer: int, at: int, start: int, stop: int) -> None:
        """Write the steps from `start` to `stop` into a table, from step `at` on."""
        self.part.fill(writer, layer, at, start + self.start, stop + self.start)


class Padded(Timeline):
    """A timeline with a blank behind it up to a fixed number of steps.

    Jitter moves what is shown inside, and every trial lasts equally long.
    """

    type: Literal["padded"] = "padded"
    part: AnyTimeline
    frames: Count
    phase: str = "outro"

    @model_validator(mode="after")
    def _fits(self) -> Padded:
        if len(self.part) > self.frames:
            raise InputError(
                "a timeline does not fit into its steps",
                key="frames",
                expected=f"{len(self.part)} or more",
                found=self.frames,
            )
        return self

    def __len__(self) -> int:
        return self.frames

    @property
    def children(self) -> tuple[Timeline, ...]:
        """The timeline that is padded."""
        return (self.part,)

    def resolve(self, *keys: Key) -> Timeline:
        """Draw what is padded."""
        if not self.is_random:
            return self
        return self.model_copy(update={"part": self.part.resolve(*keys)})

    def fill(self, writer: Writer, layer: int, at: int, start: int, stop: int) -> None:
        """Write the steps from `start` to `stop` into a table, from step `at` on."""
        rest = Segment(frames=self.frames - len(self.part), phase=self.phase)
        Sequence(parts=(self.part, rest)).fill(writer, layer, at, start, stop)


def in_sequence(*timelines: Timeline) -> Sequence:
    """Put timelines one after the other; the parts of sequences among them stand for themselves."""
    flat = (t.parts if isinstance(t, Sequence) else (t,) for t in timelines)
    return Sequence(parts=tuple(part for parts in flat for part in parts))
