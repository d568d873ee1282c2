"""What every timeline can do: be put together, drawn, cut and compiled."""

from __future__ import annotations

from abc import abstractmethod

from neuroai_core.errors import InputError
from neuroai_core.rng import Key
from stimulus_protocols.table import FrameTable, Writer
from stimulus_protocols.values import Value


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

    # The operators make kinds that build on this class: they are imported when used.

    def __rshift__(self, other: Timeline) -> Timeline:
        from stimulus_protocols.timeline.order import in_sequence

        if not isinstance(other, Timeline):
            return NotImplemented
        return in_sequence(self, other)

    def __mul__(self, times: int) -> Timeline:
        from stimulus_protocols.timeline.order import Repeat

        return Repeat(part=self, times=times)

    __rmul__ = __mul__

    def __or__(self, other: Timeline) -> Timeline:
        from stimulus_protocols.timeline.overlay import Overlay

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
        from stimulus_protocols.timeline.order import Window

        start, stop, _ = steps.indices(len(self))
        return Window(part=self, start=start, stop=max(start, stop))


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
