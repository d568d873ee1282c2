"""A batch of trials: its unique images once, and a table of what is shown when."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from neuroai_core.errors import InputError
from neuroai_core.rng import generator
from stimulus_protocols.noise import Noise, scramble
from stimulus_protocols.table import SCRAMBLED, VOID, FrameTable

Array: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]
Void: TypeAlias = float | Sequence[float] | Literal["image_mean"]


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
    noise
        What is added to every frame.
    keys, seed
        ``(trials,)``: what each trial is known by, and the seed, for noise and
        phase scrambling; by default its number.

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
        noise: Noise | None = None,
        keys: torch.Tensor | None = None,
        seed: int = 0,
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
        self.noise = noise
        self.keys = torch.arange(len(self.items)) if keys is None else keys
        self.seed = seed
        self._scrambled: dict[int, torch.Tensor] = {}
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
        restless = self.noise is not None and self.noise.dynamics != "static"
        changes = range(len(self)) if restless else self.table.changes().tolist()
        for start, stop in itertools.pairwise([*changes, len(self)]):
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
        picture = self._clean(step)
        return picture if self.noise is None else self._noisy(picture, self.noise, step)

    def _clean(self, step: int) -> torch.Tensor:
        table = self.table
        columns = np.stack([getattr(table, name)[:, :, step] for name in _COLUMNS], axis=-1)
        columns = columns.astype(np.float64)
        if (columns == columns[0]).all():
            return self._show(columns[0], np.arange(self.trials))
        kinds, which = np.unique(columns, axis=0, return_inverse=True)
        out = self.images.new_empty((self.trials, *self.images.shape[1:]))
        for number, kind in enumerate(kinds):
            rows = np.flatnonzero(which.reshape(-1) == number)
            out[rows] = self._show(kind, rows)
        return out

    def _noisy(self, picture: torch.Tensor, noise: Noise, step: int) -> torch.Tensor:
        """Add the noise of a step: that of the trials to which it belongs there."""
        blank = (self.table.source[:, :, step] == VOID).all(axis=1)
        clean = picture.to(torch.float64).cpu().numpy()
        out = clean.copy()
        for trial in range(self.trials):
            if noise.where == "stimulus" and blank[trial % len(blank)]:
                continue
            image = self.images[self.items[trial, 0]].to(torch.float64).cpu().numpy()
            out[trial] += noise.of(image, clean[trial], int(self.keys[trial]), step)
        return _as(torch.from_numpy(out).to(picture.device), picture.dtype)

    def _show(self, layers: Array, rows: Rows) -> torch.Tensor:
        """Show the same for several trials: a row of numbers (`_COLUMNS`) for each layer."""
        shown = [layer for layer in layers if layer[0] != VOID]
        void = self._void[rows] if len(self._void) > 1 else self._void
        if len(shown) == 1 and shown[0][2] == 1:
            return self._source(shown[0], rows, void)
        total = void
        for layer in shown:
            picture = self._source(layer, rows, void).to(void.dtype)
            total = total + float(layer[2]) * (picture - void)
        return _as(total, self.images.dtype).expand(len(rows), *self.images.shape[1:])

    def _source(self, layer: Array, rows: Rows, void: torch.Tensor) -> torch.Tensor:
        source, frame, _, right, up = layer.tolist()
        if source < VOID:
            stimulus = self.table.stimuli[-2 - int(source)]
            picture = stimulus.tensor(int(frame), int(frame) + 1)[:, 0].to(self.images.device)
            return _as(picture, self.images.dtype).expand(len(rows), -1, -1, -1)
        if source >= SCRAMBLED:
            picture = self._scramble(int(source) - SCRAMBLED)[rows]
        elif self.every_image_once and len(rows) == self.trials:
            picture = self.images
        else:
            picture = self.images[self.items[rows, int(source)]]
        return moved(picture, int(right), int(up), void) if right or up else picture

    def _scramble(self, item: int) -> torch.Tensor:
        """Give an item of every trial with its phases scrambled; made once."""
        if item not in self._scrambled:
            made = []
            for key, number in zip(self.keys.tolist(), self.items[:, item].tolist(), strict=True):
                image = self.images[number].to(torch.float64).cpu().numpy()
                made.append(scramble(image, generator(self.seed, "scramble", key, item)))
            whole = torch.from_numpy(np.stack(made)).to(self.images.device)
            self._scrambled[item] = _as(whole, self.images.dtype)
        return self._scrambled[item]


#: What a step shows in a layer, as numbers.
_COLUMNS = ("source", "source_frame", "gain", "shift_x", "shift_y")


def moved(images: torch.Tensor, right: int, up: int, void: torch.Tensor) -> torch.Tensor:
    """Move images by whole pixels, with the void beside them.

    Parameters
    ----------
    images
        ``(trials, channels, height, width)``.
    right, up
        By how many pixels.
    void
        What shows where no image is, broadcastable to `images`.
    """
    out = _as(void, images.dtype).expand(images.shape).contiguous().clone()
    height, width = images.shape[2:]
    if abs(right) < width and abs(up) < height:
        rows, columns = _overlap(-up, height), _overlap(right, width)
        out[:, :, rows[0], columns[0]] = images[:, :, rows[1], columns[1]]
    return out


def _overlap(by: int, size: int) -> tuple[slice, slice]:
    """Give where a shifted axis lands, and what of it does."""
    return slice(max(by, 0), size + min(by, 0)), slice(max(-by, 0), size - max(by, 0))


def _check(table: FrameTable, items: torch.Tensor) -> None:
    if table.trials not in (1, len(items)):
        raise InputError(
            "the table is of another number of trials",
            expected=f"1 or {len(items)}",
            found=table.trials,
        )
    if items.shape[1] < table.items:
        raise InputError(
            "the trials have too few images",
            expected=table.items,
            found=items.shape[1],
            key="items",
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
