"""A batch of trials: its unique images once, and a table of what is shown when."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch

from neuroai_core.errors import InputError
from stimulus_protocols.memory import new_memory
from stimulus_protocols.noise import Noise
from stimulus_protocols.painter import Painter, Void, as_type
from stimulus_protocols.table import VOID, FrameTable


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
    numbers
        For each trial, the numbers of its images in the data set, for tables
        of events; by default its key.

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
        numbers: list[list[int]] | None = None,
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
        self.items = torch.arange(len(images))[:, None] if items is None else items
        self.void_label = void_label
        self.noise = noise
        self.keys = torch.arange(len(self.items)) if keys is None else keys
        self.seed = seed
        self.numbers = [[key] for key in self.keys.tolist()] if numbers is None else numbers
        _check(table, self.items)
        self._painter = Painter(
            images, items, table, void_value=void_value, keys=self.keys, seed=seed
        )
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
            out = new_memory(self.shape, self.images.dtype, self.images.device)
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
        picture = self._painter.picture(step)
        return picture if self.noise is None else self._noisy(picture, self.noise, step)

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
        return as_type(torch.from_numpy(out).to(picture.device), picture.dtype)


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
