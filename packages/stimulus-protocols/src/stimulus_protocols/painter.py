"""What each step of a presentation looks like, for a batch of trials."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from neuroai_core.errors import InputError
from neuroai_core.rng import generator
from stimulus_protocols.noise import scramble
from stimulus_protocols.table import SCRAMBLED, VOID, FrameTable

Array: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]
Void: TypeAlias = float | Sequence[float] | Literal["image_mean"]


class Painter:
    """Puts the images of a batch of trials together to the pictures of single steps.

    Parameters
    ----------
    images
        ``(images, channels, height, width)``: every image once.
    items
        ``(trials, items)``: which of `images` are the images of a trial; None:
        every image is a trial of its own.
    table
        What is shown when.
    void_value
        What a blank shows (see `Presentation`).
    keys, seed
        ``(trials,)``: what each trial is known by, and the seed, for phase scrambling.
    """

    def __init__(
        self,
        images: torch.Tensor,
        items: torch.Tensor | None,
        table: FrameTable,
        *,
        void_value: Void,
        keys: torch.Tensor,
        seed: int,
    ) -> None:
        self.images = images
        self.every_image_once = items is None
        self.items = torch.arange(len(images))[:, None] if items is None else items
        self.table = table
        self.keys = keys
        self.seed = seed
        self._void = _void(void_value, images, self.items)
        self._scrambled: dict[int, torch.Tensor] = {}

    def picture(self, step: int) -> torch.Tensor:
        """Give the picture of a step, ``(trials, channels, height, width)``; not to be changed."""
        table = self.table
        columns = np.stack([getattr(table, name)[:, :, step] for name in _COLUMNS], axis=-1)
        columns = columns.astype(np.float64)
        if (columns == columns[0]).all():
            return self._show(columns[0], np.arange(len(self.items)))
        kinds, which = np.unique(columns, axis=0, return_inverse=True)
        out = self.images.new_empty((len(self.items), *self.images.shape[1:]))
        for number, kind in enumerate(kinds):
            rows = np.flatnonzero(which.reshape(-1) == number)
            out[rows] = self._show(kind, rows)
        return out

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
        return as_type(total, self.images.dtype).expand(len(rows), *self.images.shape[1:])

    def _source(self, layer: Array, rows: Rows, void: torch.Tensor) -> torch.Tensor:
        source, frame, _, right, up = layer.tolist()
        if source < VOID:
            stimulus = self.table.stimuli[-2 - int(source)]
            picture = stimulus.tensor(int(frame), int(frame) + 1)[:, 0].to(self.images.device)
            return as_type(picture, self.images.dtype).expand(len(rows), -1, -1, -1)
        if source >= SCRAMBLED:
            picture = self._scramble(int(source) - SCRAMBLED)[rows]
        elif self.every_image_once and len(rows) == len(self.items):
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
            self._scrambled[item] = as_type(whole, self.images.dtype)
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
    out = as_type(void, images.dtype).expand(images.shape).contiguous().clone()
    height, width = images.shape[2:]
    if abs(right) < width and abs(up) < height:
        rows, columns = _overlap(-up, height), _overlap(right, width)
        out[:, :, rows[0], columns[0]] = images[:, :, rows[1], columns[1]]
    return out


def _overlap(by: int, size: int) -> tuple[slice, slice]:
    """Give where a shifted axis lands, and what of it does."""
    return slice(max(by, 0), size + min(by, 0)), slice(max(-by, 0), size - max(by, 0))


def check_void(value: object) -> None:
    """Refuse what can be no void value, of whatever images."""
    if isinstance(value, str) and value == "image_mean":
        return
    try:
        numbers = np.asarray(value.detach().cpu() if isinstance(value, torch.Tensor) else value)
    except ValueError:  # rows of different lengths
        numbers = np.empty(0)
    fits = numbers.dtype.kind in "iuf" and numbers.ndim <= 1 and numbers.size > 0
    if not fits or not np.isfinite(numbers).all():
        near = difflib.get_close_matches(str(value), ["image_mean"])
        raise InputError(
            "a void value is not known",
            key="void_value",
            expected="a finite number, one number a channel, or 'image_mean'",
            found=repr(value),
            hint=f"did you mean {near[0]!r}?" if near else None,
        )


def _void(value: Void, images: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
    """Give what a blank shows as ``(1 or trials, channels, 1, 1)``, in a type to reckon in."""
    check_void(value)
    kind = torch.float64 if images.dtype == torch.float64 else torch.float32
    if isinstance(value, str):
        return images.to(kind).mean(dim=(2, 3), keepdim=True)[items[:, 0]]
    void = torch.as_tensor(value, dtype=kind, device=images.device).reshape(1, -1, 1, 1)
    if void.shape[1] not in (1, images.shape[1]):
        raise InputError(
            "there is not one void value a channel",
            key="void_value",
            expected=f"1 or {images.shape[1]} numbers",
            found=value,
        )
    return void


def as_type(values: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Convert to the type of the data; whole numbers are rounded and kept in range."""
    if dtype.is_floating_point:
        return values.to(dtype)
    limits = torch.iinfo(dtype)
    return values.round().clamp(limits.min, limits.max).to(dtype)
