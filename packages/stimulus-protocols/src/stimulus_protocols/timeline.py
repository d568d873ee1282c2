"""Timelines: what is shown when, as small immutable values."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import numpy as np
from pydantic import Field, model_validator

from neuroai_core.errors import InputError
from neuroai_core.rng import Key, generator
from stimulus_protocols.contrast import Changing, Flicker, Ramp, gains
from stimulus_protocols.stimuli.catalogue import AnyStimulus
from stimulus_protocols.stimuli.stimulus import Stimulus
from stimulus_protocols.table import SCRAMBLED, VOID, FrameTable, Writer
from stimulus_protocols.values import Count, NotNegative, Value, Whole


class Timeline(Value):
    """What is shown over a number of steps.

    Timelines are put together with operators:

    - ``a >> b``: `a`, then `b`
    - ``a * 3``: `a` three times
    - ``a | b``: both at once, on top of each other
    - ``a[2:5]``: only these steps

    Nothing is rendered, and a timeline of ten million steps is as small as
    its description.
    """

    @abstractmethod
    def __len__(self) -> int: ...

    @property
    def children(self) -> tuple[Timeline, ...]:
        """The timelines that this one is made of."""
        return ()

    @property
    def layers(self) -> int:
        """How many pictures are shown on top of each other at most."""
        return max((part.layers for part in self.children), default=1)

    @abstractmethod
    def fill(self, writer: Writer, layer: int, at: int, start: int, stop: int) -> None:
        """Write the steps from `start` to `stop` into a table, from step `at` on."""

    @property
    def items(self) -> int:
        """How many images a trial needs."""
        return max((part.items for part in self.children), default=0)

    @property
    def is_random(self) -> bool:
        """Whether trials differ (see `resolve`)."""
        return any(part.is_random for part in self.children)

    def resolve(self, *keys: Key) -> Timeline:
        """Draw what is random: the timeline of the trial that `keys` stand for.

        Parameters
        ----------
        *keys
            Seed and image, by convention. The same keys give the same trial.
        """
        return self

    def table(self, start: int = 0, stop: int | None = None) -> FrameTable:
        """Compile the steps from `start` to `stop` to a frame table of one trial.

        Raises
        ------
        InputError
            If the steps are not within the timeline, or it has random parts
            that were not drawn.
        """
        start, stop = check_steps(start, stop, len(self))
        if self.is_random:
            raise InputError(
                "the timeline is random: its trials differ",
                hint="draw a trial first, timeline.resolve(seed, image).table()",
            )
        writer = Writer(FrameTable.empty(1, self.layers, stop - start))
        writer.phase("")
        self.fill(writer, 0, 0, start, stop)
        return writer.done()

    def __rshift__(self, other: Timeline) -> Timeline:
        if not isinstance(other, Timeline):
            return NotImplemented
        return Sequence(parts=(*_flat(self), *_flat(other)))

    def __mul__(self, times: int) -> Timeline:
        return Repeat(part=self, times=times)

    __rmul__ = __mul__

    def __or__(self, other: Timeline) -> Timeline:
        if not isinstance(other, Timeline):
            return NotImplemented
        return Overlay(parts=(self, other))

    def __getitem__(self, steps: slice) -> Timeline:
        if getattr(steps, "step", 0) not in (None, 1):
            raise InputError("a timeline is cut by steps", expected="timeline[start:stop]")
        if self.is_random:
            raise InputError(
                "a random timeline cannot be cut: where its parts lie differs by trial",
                hint="draw a trial first, timeline.resolve(seed, image)",
            )
        start, stop, _ = steps.indices(len(self))
        return Window(part=self, start=start, stop=max(start, stop))


class Between(Value):
    """A number of steps that differs by trial, uniform from `low` to `high`, both included."""

    low: Count
    high: Count

    @model_validator(mode="after")
    def _ordered(self) -> Between:
        if self.high < self.low:
            raise InputError(
                "the range of a duration is empty",
                expected=f"high of {self.low} or more",
                found=self.high,
            )
        return self


class Segment(Timeline):
    """One picture, or none, for a number of steps.

    Parameters
    ----------
    frames
        How long, in steps; or a `Between`, drawn for every trial.
    item
        Which image of the trial; None shows none.
    stimulus
        A computed stimulus instead, from its first frame on.
    contrast
        1 shows the picture as it is, 0 is blank; a `Ramp` or `Flicker`
        changes from step to step.
    scrambled
        Whether the image is shown with its phases scrambled: the same
        spectrum, nothing to recognise, and no label.
    shift_px
        How far the image is moved, rightward and up, in whole pixels; the
        void shows beside it.
    jitter_px
        Standard deviation of a shift that is drawn for every trial instead.
    label
        ``"item"``: the label of the image, and none for a blank or a
        computed stimulus; ``"void"``: none; or a label.
    phase
        What this part is called in tables of events.
    """

    type: Literal["segment"] = "segment"
    frames: Count | Between
    item: Count | None = None
    stimulus: AnyStimulus | None = None
    contrast: NotNegative | Changing = 1.0
    scrambled: bool = False
    shift_px: tuple[Whole, Whole] = (0, 0)
    jitter_px: NotNegative = 0.0
    label: Literal["item", "void"] | Whole = "item"
    phase: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> Segment:
        if self.stimulus is not None and self.item is not None:
            raise InputError("a segment shows an image or a computed stimulus, not both")
        if self.item is None and (self.scrambled or self.jitter_px or any(self.shift_px)):
            raise InputError("only an image can be scrambled or moved", key="item")
        longest = len(self)
        if self.stimulus is not None and longest > self.stimulus.frames:
            raise InputError(
                "a segment is longer than its computed stimulus",
                key="frames",
                expected=f"{self.stimulus.frames} at most",
                found=longest,
            )
        return self

    def __len__(self) -> int:
        return self.frames.high if isinstance(self.frames, Between) else self.frames

    @property
    def items(self) -> int:
        """How many images a trial needs."""
        return 0 if self.item is None else self.item + 1

    @property
    def is_random(self) -> bool:
        """Whether the duration or the shift is drawn for every trial."""
        return isinstance(self.frames, Between) or self.jitter_px > 0

    def resolve(self, *keys: Key) -> Timeline:
        """Draw the duration and the shift."""
        drawn: dict[str, object] = {}
        if isinstance(self.frames, Between):
            low, high = self.frames.low, self.frames.high
            drawn["frames"] = int(generator(*keys, "frames").integers(low, high + 1))
        if self.jitter_px:
            shift = generator(*keys, "shift").normal(0, self.jitter_px, 2)
            x, y = (moved + int(by) for moved, by in zip(self.shift_px, shift.round(), strict=True))
            drawn |= {"shift_px": (x, y), "jitter_px": 0.0}
        return self.model_copy(update=drawn)

    def fill(self, writer: Writer, layer: int, at: int, start: int, stop: int) -> None:
        """Write the steps from `start` to `stop` into a table, from step `at` on."""
        table, here = writer.table, (0, layer, slice(at, at + stop - start))
        steps = np.arange(start, stop)
        table.phase[here] = writer.phase(self.phase)
        table.since_onset[here] = steps
        if isinstance(self.label, int):
            table.label_value[here], table.label_fixed[here] = self.label, True
        if self.item is not None:
            table.source[here] = self.item + (SCRAMBLED if self.scrambled else 0)
            named = self.label == "item" and not self.scrambled
            table.label_item[here] = self.item if named else VOID
            table.shift_x[here], table.shift_y[here] = self.shift_px
        elif self.stimulus is not None:
            table.source[here] = writer.stimulus(self.stimulus)
            table.source_frame[here] = steps
        else:
            return
        table.gain[here] = gains(self.contrast, steps, len(self))


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


class Choice(Timeline):
    """One of several timelines, drawn for every trial.

    Parameters
    ----------
    options
        The timelines to draw from.
    weights
        How often each is drawn, relative to each other; equally often by default.
    """

    type: Literal["choice"] = "choice"
    options: tuple[AnyTimeline, ...] = Field(min_length=1)
    weights: tuple[NotNegative, ...] | None = None

    @model_validator(mode="after")
    def _weighted(self) -> Choice:
        if self.weights is not None and (
            len(self.weights) != len(self.options) or sum(self.weights) == 0
        ):
            raise InputError(
                "the weights do not fit the options",
                key="weights",
                expected=f"{len(self.options)} numbers, not all 0",
                found=list(self.weights),
            )
        return self

    def __len__(self) -> int:
        return max(map(len, self.options))

    @property
    def children(self) -> tuple[Timeline, ...]:
        """The timelines to draw from."""
        return self.options

    @property
    def is_random(self) -> bool:
        """Always."""
        return True

    def resolve(self, *keys: Key) -> Timeline:
        """Draw one, and what is random in it."""
        weights = np.asarray(self.weights or [1.0] * len(self.options))
        drawn = generator(*keys, "choice").random() * weights.sum()
        index = int(np.searchsorted(np.cumsum(weights), drawn, side="right"))
        return self.options[index].resolve(*keys, index)

    def fill(self, writer: Writer, layer: int, at: int, start: int, stop: int) -> None:
        """Refuse: `table` asks for a drawn trial first."""
        raise InputError("a choice has not been drawn", hint="timeline.resolve(seed, image)")


if TYPE_CHECKING:
    AnyTimeline: TypeAlias = Timeline
else:
    AnyTimeline = Annotated[
        Segment | Sequence | Repeat | Overlay | Window | Padded | Choice,
        Field(discriminator="type"),
    ]

for _node in (Sequence, Repeat, Overlay, Window, Padded, Choice):
    _node.model_rebuild()


def blank(frames: int | Between, *, phase: str = "blank") -> Segment:
    """Show nothing for a number of steps.

    Examples
    --------
    >>> len(blank(2) >> image(3))
    5
    """
    return Segment(frames=frames, phase=phase)


def image(
    frames: int | Between,
    item: int = 0,
    *,
    contrast: float | Ramp | Flicker = 1.0,
    label: Literal["item", "void"] | int = "item",
    phase: str = "stimulus",
    scrambled: bool = False,
    jitter_px: float = 0.0,
) -> Segment:
    """Show an image of the trial for a number of steps (see `Segment`).

    Examples
    --------
    >>> (image(2) >> image(2, 1)).items
    2
    """
    return Segment(
        frames=frames,
        item=item,
        contrast=contrast,
        label=label,
        phase=phase,
        scrambled=scrambled,
        jitter_px=jitter_px,
    )


def computed(stimulus: Stimulus, *, phase: str | None = None) -> Segment:
    """Show a computed stimulus from its first frame to its last.

    Examples
    --------
    >>> from stimulus_protocols.stimuli import Flash
    >>> len(computed(Flash(frames=7, height=4, width=4)))
    7
    """
    name = stimulus.model_dump()["type"] if phase is None else phase
    return Segment(frames=stimulus.frames, stimulus=stimulus, phase=name)


def check_steps(start: int, stop: int | None, length: int) -> tuple[int, int]:
    """Check a range of steps against a length, and fill in its end."""
    stop = length if stop is None else stop
    if not 0 <= start <= stop <= length:
        raise InputError(
            "the steps are not within what there is",
            expected=f"0 <= start <= stop <= {length}",
            found=f"start={start}, stop={stop}",
        )
    return start, stop


def _flat(timeline: Timeline) -> tuple[Timeline, ...]:
    return timeline.parts if isinstance(timeline, Sequence) else (timeline,)
