"""A batch of trials: its unique images once, and a table of what is shown when."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import torch

from neuroai_core.errors import InputError
from stimulus_protocols.table import VOID, FrameTable

Void = float | Sequence[float] | Literal["image_mean"]


class Presentation:
    """A batch of trials, presented step by step.

    Parameters
    ----------
    images
        ``(images, channels, height, width)``: every image once.
    labels
        ``(images,)``, integer.
    table
        What is shown when, of one trial for all, or of each.
    items
        ``(trials, items)``: which of `images` are the images of a trial; by
        default every image is a trial of its own.
    void_value
        What a blank shows: a number, one a channel, or ``"image_mean"``, the
        mean of each trial's first image, channel by channel. Contrast is
        scaled around it.
    void_label
        The label of steps without one.

    Examples
    --------
    >>> from stimulus_protocols import blank, image
    >>> table = (blank(1) >> image(1000)).table()
    >>> shown = Presentation(torch.ones(2, 3, 8, 8), torch.tensor([4, 7]), table)
    >>> [tuple(frame.shape) for frame in shown.frames()][:1], len(shown)
    ([(2, 3, 8, 8)], 1001)
    >>> shown.labels[:, :3].tolist()
    [[-1, 4, 4], [-1, 7, 7]]
    >>> shown.materialise().shape
    torch.Size([2, 1001, 3, 8, 8])
    """

    def __init__(
        self,
        images: torch.Tensor,
        labels: torch.Tensor,
        table: FrameTable,
        *,
        items: torch.Tensor | None = None,
        void_value: Void = 0.0,
        void_label: int = -1,
    ) -> None:
        if images.ndim != 4:
            raise InputError(
                "images have the wrong number of axes",
                expected="(images, channels, height, width)",
                found=tuple(images.shape),
            )
        if labels.shape != images.shape[:1] or labels.is_floating_point():
            raise InputError(
                "labels do not belong to the images",
                expected=f"{len(images)} whole numbers",
                found=f"{labels.dtype} of shape {tuple(labels.shape)}",
            )
        self.images = images
        self.item_labels = labels
        self.table = table
        self.every_image_once = items is None
        self.items = torch.arange(len(images))[:, None] if items is None else items
        self.void_label = void_label
        _check(table, self.items)
        self._void = _void(void_value, images, self.items)
        for stimulus in table.stimuli:
            expected, size = tuple(images.shape[1:]), stimulus.shape
            if (size[0], *size[2:]) != expected:
                raise InputError(
                    "a computed stimulus has not the size of the images",
                    expected=f"(channels, height, width) = {expected}",
                    found=(size[0], *size[2:]),
                )

    def __len__(self) -> int:
        return len(self.table)

    @property
    def trials(self) -> int:
        """How many trials there are."""
        return len(self.items)

    @property
    def shape(self) -> tuple[int, int, int, int, int]:
        """``(trials, steps, channels, height, width)``: what `materialise` would make."""
        channels, height, width = self.images.shape[1:]
        return self.trials, len(self), channels, height, width

    @property
    def labels(self) -> torch.Tensor:
        """The label of every step, int64 ``(trials, steps)``."""
        of_items = self.item_labels.cpu().to(torch.int64)[self.items]
        labels = self.table.labels(of_items.numpy(), self.void_label)
        return torch.from_numpy(labels).to(self.images.device)

    @property
    def mask(self) -> torch.Tensor:
        """Where a trial has not ended, bool ``(trials, steps)``."""
        valid = torch.from_numpy(self.table.valid)
        return valid.expand(self.trials, -1).to(self.images.device)

    def stretches(self) -> Iterator[tuple[int, int, torch.Tensor]]:
        """Give each stretch over which nothing changes: its first step, its end, its picture.

        Pictures are ``(trials, channels, height, width)``, and not to be
        written into: they may be the images themselves.
        """
        starts = [*self.table.changes().tolist(), len(self)]
        for start, stop in itertools.pairwise(starts):
            yield start, stop, self.frame(start)

    def frames(self) -> Iterator[torch.Tensor]:
        """Step through the frames, each ``(trials, channels, height, width)``.

        While nothing changes, the very same tensor comes again, so that
        ``frame is last`` tells a model that it has seen it.
        """
        for start, stop, frame in self.stretches():
            for _ in range(start, stop):
                yield frame

    def views(self) -> Iterator[torch.Tensor]:
        """Give each stretch as an expanded view ``(trials, steps, channels, height, width)``."""
        for start, stop, frame in self.stretches():
            yield frame.unsqueeze(1).expand(-1, stop - start, -1, -1, -1)

    def materialise(self, out: torch.Tensor | None = None) -> torch.Tensor:
        """Fill a dense tensor ``(trials, steps, channels, height, width)``.

        Parameters
        ----------
        out
            Memory to fill, of that shape; by default it is new.
        """
        if out is None:
            out = torch.empty(self.shape, dtype=self.images.dtype, device=self.images.device)
        elif tuple(out.shape) != self.shape:
            raise InputError(
                "the memory to fill has the wrong shape",
                key="out",
                expected=self.shape,
                found=tuple(out.shape),
            )
        for start, stop, frame in self.stretches():
            out[:, start:stop] = frame.unsqueeze(1)
        return out

    def frame(self, step: int) -> torch.Tensor:
        """Give the picture of one step, ``(trials, channels, height, width)``."""
        table = self.table
        columns = np.stack(
            [a[:, :, step] for a in (table.source, table.source_frame, table.gain)], axis=-1
        ).astype(np.float64)
        if (columns == columns[0]).all():
            return self._show(columns[0], slice(None))
        kinds, which = np.unique(columns, axis=0, return_inverse=True)
        out = torch.empty(
            (self.trials, *self.images.shape[1:]),
            dtype=self.images.dtype,
            device=self.images.device,
        )
        for number, kind in enumerate(kinds):
            rows = np.flatnonzero(which.reshape(-1) == number)
            out[rows] = self._show(kind, rows)
        return out

    def _show(
        self, layers: np.ndarray[tuple[int, ...], np.dtype[np.float64]], rows: slice | np.ndarray
    ) -> torch.Tensor:
        """Show the same for several trials: a row of (source, frame, gain) for each layer."""
        shown = [layer for layer in layers if layer[0] != VOID]
        void = self._void[rows] if len(self._void) > 1 else self._void
        if len(shown) == 1 and shown[0][2] == 1:
            return self._source(int(shown[0][0]), int(shown[0][1]), rows)
        count = self.trials if isinstance(rows, slice) else len(rows)
        total = void
        for source, frame, gain in shown:
            picture = self._source(int(source), int(frame), rows).to(void.dtype)
            total = total + float(gain) * (picture - void)
        return _as(total, self.images.dtype).expand(count, *self.images.shape[1:])

    def _source(self, source: int, frame: int, rows: slice | np.ndarray) -> torch.Tensor:
        if source < VOID:
            stimulus = self.table.stimuli[-2 - source]
            picture = stimulus.tensor(frame, frame + 1)[:, 0].to(self.images.device)
            count = self.trials if isinstance(rows, slice) else len(rows)
            return _as(picture, self.images.dtype).expand(count, -1, -1, -1)
        if self.every_image_once and isinstance(rows, slice):
            return self.images
        return self.images[self.items[rows, source]]


def _check(table: FrameTable, items: torch.Tensor) -> None:
    if table.trials not in (1, len(items)):
        raise InputError(
            "the table is of another number of trials",
            expected=f"1 or {len(items)}",
            found=table.trials,
        )
    needed = int(max(table.source.max(initial=VOID), table.label_item.max(initial=VOID))) + 1
    if items.shape[1] < needed:
        raise InputError(
            "the trials have too few images", expected=needed, found=items.shape[1], key="items"
        )


def _void(value: Void, images: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
    """Give what a blank shows as ``(1 or trials, channels, 1, 1)``, in a type to reckon in."""
    kind = torch.float64 if images.dtype == torch.float64 else torch.float32
    if isinstance(value, str):
        if value == "image_mean":
            return images.to(kind).mean(dim=(2, 3), keepdim=True)[items[:, 0]]
        raise InputError(
            "a void value is not known",
            key="void_value",
            expected="a number, one number a channel, or 'image_mean'",
            found=repr(value),
        )
    void = torch.as_tensor(value, dtype=kind, device=images.device).reshape(1, -1, 1, 1)
    if void.shape[1] not in (1, images.shape[1]):
        raise InputError(
            "there is not one void value a channel",
            key="void_value",
            expected=f"1 or {images.shape[1]} numbers",
            found=value,
        )
    return void


def _as(values: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Convert to the type of the data; whole numbers are rounded and kept in range."""
    if dtype.is_floating_point:
        return values.to(dtype)
    limits = torch.iinfo(dtype)
    return values.round().clamp(limits.min, limits.max).to(dtype)
