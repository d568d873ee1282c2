"""One picture, or none, for a number of steps."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import model_validator

from neuroai_core.errors import InputError
from neuroai_core.rng import Key, generator
from stimulus_protocols.contrast import Changing, Flicker, Ramp, gains
from stimulus_protocols.stimuli.catalogue import AnyStimulus
from stimulus_protocols.stimuli.stimulus import Stimulus
from stimulus_protocols.table import SCRAMBLED, VOID, Writer
from stimulus_protocols.timeline.timeline import Timeline
from stimulus_protocols.values import Count, NotNegative, Value, Whole


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
