"""The frame table: what is shown at every step, as arrays of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import InputError

if TYPE_CHECKING:
    from stimulus_protocols.stimuli.stimulus import Stimulus

#: The source of a blank step, and the item of a label that is none.
VOID = -1
#: What is added to the number of an image to show it phase-scrambled.
SCRAMBLED = 1 << 20


@dataclass(frozen=True, eq=False)
class FrameTable:
    """What is shown at every step of one trial, or of several.

    Sources are not pixels but numbers: 0 and up are the images of a trial
    (plus `SCRAMBLED`: their phase-scrambled versions), -1 is the blank, -2 and
    down the computed `stimuli`. Several layers are
    shown on top of each other: what a step looks like is
    ``void + sum(gain * (image - void))`` over its layers.

    Parameters
    ----------
    source, source_frame
        Source of each step, and which frame of a computed stimulus;
        ``(trials, layers, steps)``, integer. One trial stands for all where
        nothing differs between trials.
    gain
        Contrast of the source, float32, same shape.
    shift_x, shift_y
        By how many pixels it is moved rightward and up, integer, same shape.
    label_item, label_value
        Whose label a step has (-1: no item's), and the label itself where
        that is -1 and `label_fixed`.
    label_fixed
        Whether `label_value` is a label.
    phase, since_onset
        Index into `phases`, and steps since that segment began.
    valid
        ``(trials, steps)``: False where a shorter trial was padded.
    phases, stimuli
        The names and the computed stimuli that the numbers stand for.

    Examples
    --------
    >>> from stimulus_protocols import blank, image
    >>> table = (blank(2) >> image(3) >> blank(1)).table()
    >>> table.source[0, 0].tolist()
    [-1, -1, 0, 0, 0, -1]
    """

    source: npt.NDArray[np.int32]
    source_frame: npt.NDArray[np.int64]
    gain: npt.NDArray[np.float32]
    shift_x: npt.NDArray[np.int32]
    shift_y: npt.NDArray[np.int32]
    label_item: npt.NDArray[np.int32]
    label_value: npt.NDArray[np.int64]
    label_fixed: npt.NDArray[np.bool_]
    phase: npt.NDArray[np.int32]
    since_onset: npt.NDArray[np.int64]
    valid: npt.NDArray[np.bool_]
    phases: tuple[str, ...] = ()
    stimuli: tuple[Stimulus, ...] = ()

    @classmethod
    def empty(cls, trials: int, layers: int, steps: int) -> FrameTable:
        """Make a table of blank steps."""
        shape = (trials, layers, steps)
        return cls(
            source=np.full(shape, VOID, np.int32),
            source_frame=np.zeros(shape, np.int64),
            gain=np.zeros(shape, np.float32),
            shift_x=np.zeros(shape, np.int32),
            shift_y=np.zeros(shape, np.int32),
            label_item=np.full(shape, VOID, np.int32),
            label_value=np.zeros(shape, np.int64),
            label_fixed=np.zeros(shape, np.bool_),
            phase=np.zeros(shape, np.int32),
            since_onset=np.zeros(shape, np.int64),
            valid=np.ones((trials, steps), np.bool_),
        )

    @classmethod
    def stack(cls, tables: Sequence[FrameTable], steps: int | None = None) -> FrameTable:
        """Put trials into one table, blank and not `valid` behind the shorter ones."""
        if not tables:
            raise InputError("there is no table to stack", key="tables")
        longest = max(map(len, tables)) if steps is None else steps
        layers = max(table.source.shape[1] for table in tables)
        whole = cls.empty(len(tables), layers, longest)
        whole.valid[:] = False
        phases: dict[str, int] = {}
        stimuli: list[Stimulus] = []
        for row, table in enumerate(tables):
            part = (row, slice(table.source.shape[1]), slice(len(table)))
            for name in _PER_LAYER:
                getattr(whole, name)[part] = getattr(table, name)[0]
            names = [phases.setdefault(name, len(phases)) for name in table.phases]
            whole.phase[part] = np.asarray(names, np.int32)[table.phase[0]]
            new = np.asarray([_number(stimuli, s) for s in table.stimuli], np.int32)
            computed = table.source[0] < VOID
            whole.source[part][computed] = -2 - new[-2 - table.source[0][computed]]
            whole.valid[row, : len(table)] = table.valid[0]
        return cls(
            **{f.name: getattr(whole, f.name) for f in fields(cls) if f.name in _ARRAYS},
            phases=tuple(phases),
            stimuli=tuple(stimuli),
        )

    def __len__(self) -> int:
        return int(self.source.shape[2])

    @property
    def items(self) -> int:
        """How many images a trial needs, those that only give a label included."""
        shown = np.where(self.source >= SCRAMBLED, self.source - SCRAMBLED, self.source)
        return int(max(shown.max(initial=VOID), self.label_item.max(initial=VOID))) + 1

    def trial(self, number: int) -> FrameTable:
        """Give the table of one trial alone."""
        row = 0 if self.trials == 1 else number
        arrays = {name: getattr(self, name)[row : row + 1] for name in _ARRAYS}
        return FrameTable(**arrays, phases=self.phases, stimuli=self.stimuli)

    @property
    def trials(self) -> int:
        """How many trials differ; 1 stands for all."""
        return int(self.source.shape[0])

    @property
    def layers(self) -> int:
        """How many sources are shown on top of each other at most."""
        return int(self.source.shape[1])

    def changes(self) -> npt.NDArray[np.int64]:
        """Give the first step of every stretch over which no trial's picture changes."""
        parts = (self.source, self.source_frame, self.gain, self.shift_x, self.shift_y)
        different = np.zeros(max(len(self) - 1, 0), np.bool_)
        for part in parts:
            different |= (part[..., 1:] != part[..., :-1]).any(axis=(0, 1))
        return np.concatenate([[0], np.flatnonzero(different) + 1])[: len(self)]

    def labels(self, item_labels: npt.NDArray[np.int64], void_label: int) -> npt.NDArray[np.int64]:
        """Give the label of every step.

        Parameters
        ----------
        item_labels
            ``(trials, items)``: the labels of the images of each trial.
        void_label
            The label where nothing is to be named.

        Returns
        -------
        int64 array ``(trials, steps)``. Of several layers, the first that has
        a label gives it.
        """
        count = max(len(item_labels), self.trials)
        labels = np.full((count, len(self)), void_label, np.int64)
        rows = np.arange(count)[:, np.newaxis]
        for layer in reversed(range(self.layers)):
            item = np.broadcast_to(self.label_item[:, layer], labels.shape)
            fixed = np.broadcast_to(self.label_fixed[:, layer], labels.shape)
            named = item != VOID
            value = np.broadcast_to(self.label_value[:, layer], labels.shape)
            if named.any():
                labels = np.where(named, item_labels[rows, np.maximum(item, 0)], labels)
            labels = np.where(fixed, value, labels)
        return labels


@dataclass(frozen=True)
class Writer:
    """A table of one trial that is being filled by the parts of a timeline."""

    table: FrameTable
    phases: dict[str, int] = field(default_factory=dict)
    stimuli: list[Stimulus] = field(default_factory=list)

    def phase(self, name: str) -> int:
        """Give the number of a phase."""
        return self.phases.setdefault(name, len(self.phases))

    def stimulus(self, stimulus: Stimulus) -> int:
        """Give the source number of a computed stimulus."""
        return -2 - _number(self.stimuli, stimulus)

    def done(self) -> FrameTable:
        """Give the finished table."""
        arrays = {name: getattr(self.table, name) for name in _ARRAYS}
        return FrameTable(**arrays, phases=tuple(self.phases), stimuli=tuple(self.stimuli))


_ARRAYS = tuple(f.name for f in fields(FrameTable) if f.name not in ("phases", "stimuli"))
_PER_LAYER = tuple(name for name in _ARRAYS if name not in ("valid", "phase"))


def _number(stimuli: list[Stimulus], stimulus: Stimulus) -> int:
    if stimulus not in stimuli:
        stimuli.append(stimulus)
    return stimuli.index(stimulus)
