"""Which label each step has, which steps count, and a loss that is always finite."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from pydantic import model_validator

from neuroai_core.errors import InputError, whole_number
from stimulus_protocols.table import VOID, FrameTable
from stimulus_protocols.values import Size, Value

Codes: TypeAlias = npt.NDArray[Any]


def check_label(label: object) -> int:
    """Give the label of blank steps as a plain whole number, or refuse it."""
    # True is a number to Python, but nobody means it for a label.
    return whole_number("void_label", repr(label) if isinstance(label, bool) else label)


class LabelPolicy(Value):
    """When the labels of a timeline are asked for.

    Parameters
    ----------
    kind
        ``"stimulus"``: while the image is shown, as the timeline says;
        ``"hold"``: also after its offset, for `steps` or until the next label;
        ``"delayed"``: `steps` later, for as long;
        ``"next_item"``: each label is that of the next image to come, a
        prediction; the last one has none.
    steps
        For ``"hold"`` (None: until the next) and ``"delayed"``.

    Examples
    --------
    >>> from stimulus_protocols import blank, image
    >>> table = (blank(1) >> image(2) >> blank(3)).table()
    >>> hold = LabelPolicy(kind="hold", steps=2).apply(table)
    >>> hold.label_item[0, 0].tolist()
    [-1, 0, 0, 0, 0, -1]
    """

    kind: Literal["stimulus", "hold", "delayed", "next_item"] = "stimulus"
    steps: Size | None = None

    @model_validator(mode="after")
    def _agrees(self) -> LabelPolicy:
        wants, may = self.kind == "delayed", self.kind in ("hold", "delayed")
        if (wants and self.steps is None) or (not may and self.steps is not None):
            raise InputError(
                "steps belong to the policies 'hold' and 'delayed'",
                key="steps",
                found=f"kind {self.kind!r}, steps {self.steps}",
            )
        return self

    def apply(self, table: FrameTable) -> FrameTable:
        """Give the table with its labels moved; pictures and events stay."""
        if self.kind == "stimulus":
            return table
        item, value, fixed = _first_label(table)
        source = np.stack([self._from(*row) for row in zip(item, value, fixed, strict=True)])
        there, at = source >= 0, np.maximum(source, 0)

        def moved(codes: Codes, nothing: int) -> Codes:
            # One layer says it for all.
            whole = np.full(table.source.shape, nothing, codes.dtype)
            whole[:, 0] = np.where(there, np.take_along_axis(codes, at, axis=1), nothing)
            return whole

        return replace(
            table,
            label_item=moved(item, VOID),
            label_value=moved(value, 0),
            label_fixed=moved(fixed, 0),
        )

    def _from(self, item: Codes, value: Codes, fixed: Codes) -> Codes:
        """Give for each step of a trial the step whose label it has, or -1."""
        if self.kind == "next_item":
            return _next(item, value, fixed)
        named = (item != VOID) | fixed
        here = np.arange(len(named))
        if self.kind == "delayed":
            before = here - (self.steps or 0)
            return np.where((before >= 0) & named[np.maximum(before, 0)], before, -1)
        last = np.maximum.accumulate(np.where(named, here, -1))
        near = here - last <= (len(named) if self.steps is None else self.steps)
        return np.asarray(np.where(near, last, -1))


def _first_label(table: FrameTable) -> tuple[Codes, Codes, Codes]:
    """Give the labels of several layers as one, ``(trials, steps)`` each."""
    item, value, fixed = (
        part[:, -1].copy() for part in (table.label_item, table.label_value, table.label_fixed)
    )
    for layer in reversed(range(table.layers - 1)):
        named = (table.label_item[:, layer] != VOID) | table.label_fixed[:, layer]
        item = np.where(named, table.label_item[:, layer], item)
        value = np.where(named, table.label_value[:, layer], value)
        fixed = np.where(named, table.label_fixed[:, layer], fixed)
    return item, value, fixed


def _next(item: Codes, value: Codes, fixed: Codes) -> Codes:
    """Give for each labelled step the first step of the next stretch with a label, or -1."""
    named = (item != VOID) | fixed
    stretch = [
        False,
        *(named[1:] & ~((item[1:] == item[:-1]) & (value[1:] == value[:-1]) & named[:-1])),
    ]
    begins = np.flatnonzero(np.asarray(stretch) | (named & (np.arange(len(named)) == 0)))
    here = np.arange(len(named))
    following = np.searchsorted(begins, here, side="right")
    found = np.append(begins, -1)[following]
    return np.where(named, found, -1)


def loss_mask(
    labels: torch.Tensor, *, void_label: int = -1, reaction_steps: int = 0
) -> torch.Tensor:
    """Say which steps count: those with a label, from a reaction time after its onset on.

    Parameters
    ----------
    labels
        ``(batch, time)``.
    void_label
        The label of steps without one.
    reaction_steps
        How many steps after the onset of a label do not count yet.

    Returns
    -------
    bool tensor ``(batch, time)``.

    Examples
    --------
    >>> loss_mask(torch.tensor([[-1, 4, 4, 4, -1, 5]]), reaction_steps=1).tolist()
    [[False, False, True, True, False, False]]
    """
    if reaction_steps < 0:
        raise InputError("reaction_steps is negative", key="reaction_steps", found=reaction_steps)
    named = labels != void_label
    steps = torch.arange(labels.shape[1], device=labels.device)
    onset = named.clone()
    onset[:, 1:] &= labels[:, 1:] != labels[:, :-1]
    last = torch.where(onset, steps, torch.full_like(steps, -1)).cummax(dim=1).values
    return named & (steps - last >= reaction_steps)


def masked_cross_entropy(
    logits: torch.Tensor,
    labels: torch.Tensor,
    *,
    mask: torch.Tensor | None = None,
    void_label: int = -1,
) -> torch.Tensor:
    """Average the cross entropy over the steps that count; 0 where none does.

    Parameters
    ----------
    logits
        ``(batch, time, classes)``.
    labels
        ``(batch, time)``.
    mask
        ``(batch, time)``: which steps count; by default all with a label.
    void_label
        The label of steps without one; those never count.

    Returns
    -------
    A scalar, finite for finite logits. Its gradient is 0 where nothing counts,
    not NaN.

    Examples
    --------
    >>> logits = torch.zeros(1, 3, 4)
    >>> masked_cross_entropy(logits, torch.tensor([[-1, 2, -1]]))
    tensor(1.3863)
    >>> float(masked_cross_entropy(logits, torch.tensor([[-1, -1, -1]])))
    0.0
    """
    if logits.ndim != 3 or logits.shape[:2] != labels.shape:
        raise InputError(
            "logits and labels do not belong together",
            expected="(batch, time, classes) and (batch, time)",
            found=f"{tuple(logits.shape)} and {tuple(labels.shape)}",
        )
    counts = labels != void_label
    if mask is not None:
        counts = counts & mask
    safe = torch.where(counts, labels, torch.zeros_like(labels))
    losses = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), safe.flatten(), reduction="none"
    ).reshape(labels.shape)
    return torch.where(counts, losses, torch.zeros_like(losses)).sum() / counts.sum().clamp(min=1)
