"""Data sets seen as trials: which images each trial shows, known by their numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sized
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset, Sampler

from neuroai_core.errors import DataError, InputError
from neuroai_core.order import EpochOrder
from neuroai_core.rng import generator

Collate: TypeAlias = Callable[[list[Any]], Any]


@dataclass(frozen=True)
class TrialBatch:
    """The images of a batch of trials, each once.

    Parameters
    ----------
    images, labels
        ``(images, channels, height, width)`` and ``(images,)``.
    items
        ``(trials, items)``: which of the images a trial shows.
    keys
        ``(trials,)``: the number of each trial's first image in the data set,
        or of the trial itself where the loader does not tell.
    numbers
        For each trial, the numbers of its images, as far as they are known.
    extra
        What else the samples hold, of the first image of each trial.
    mean
        The mean luminance in the space of the images, where it is known.
    """

    images: torch.Tensor
    labels: torch.Tensor
    items: torch.Tensor
    keys: torch.Tensor
    numbers: list[list[int]]
    extra: tuple[Any, ...] = ()
    mean: float | None = None


#: The mean luminance of images from 0 to 1.
MIDDLE_GREY = 0.5


class Trials(Dataset[tuple[list[int], list[Any]]]):
    """A map-style data set of which every sample begins a trial.

    Trial `i` shows sample `i` first; its other images are drawn from the rest
    of the data set by ``(seed, i)``.
    """

    def __init__(self, dataset: Dataset[Any], items: int, seed: int) -> None:
        if not isinstance(dataset, Sized):
            raise InputError("a map-style data set needs a length", key="dataset")
        if len(dataset) < items:
            raise InputError(
                "the data set has too few samples for the protocol",
                expected=f"{items} or more: a trial shows as many different ones",
                found=len(dataset),
            )
        self.dataset = dataset
        self.items = items
        self.seed = seed
        self._size = len(dataset)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int) -> tuple[list[int], list[Any]]:
        numbers = self.shown(int(index))
        return numbers, [self.dataset[number] for number in numbers]

    def shown(self, index: int) -> list[int]:
        """Give the numbers of the images that a trial shows, all different."""
        if self.items <= 1:
            return [index]
        draw = generator(self.seed, "items", index)
        others = draw.choice(self._size - 1, size=self.items - 1, replace=False)
        return [index, *(int(other) + int(other >= index) for other in others)]


class Collector:
    """Makes a batch of the samples of some trials; picklable where `collate` is."""

    def __init__(self, collate: Collate) -> None:
        self.collate = collate

    def __call__(self, trials: list[tuple[list[int], list[Any]]]) -> TrialBatch:
        """Collate what `Trials` gives."""
        numbers = [shown for shown, _ in trials]
        given = [sample for _, shown in trials for sample in shown]
        samples = [_plain(sample) for sample in given]
        count = len(samples) // len(trials)
        images, labels, extra = split_batch(self.collate(samples))
        return TrialBatch(
            images,
            labels,
            torch.arange(len(samples)).reshape(len(trials), count),
            torch.tensor([shown[0] for shown in numbers]),
            numbers,
            tuple(part[::count] for part in extra),
            MIDDLE_GREY if all(map(_is_picture, given)) else None,
        )


class Order(Sampler[int]):
    """The order of an epoch: a pure function of (seed, epoch), resumed at any sample."""

    def __init__(self, n: int, *, seed: int, shuffle: bool) -> None:
        self._order = EpochOrder(n, seed=seed, shuffle=shuffle)
        self.epoch = 0
        self.start = 0

    def __len__(self) -> int:
        return len(self._order) - self.start

    def __iter__(self) -> Iterator[int]:
        positions = np.arange(self.start, len(self._order))
        return iter(self._order.indices(self.epoch, positions).tolist())

    def set_epoch(self, epoch: int) -> None:
        """Go to another epoch, at its start."""
        self.epoch, self.start = epoch, 0


def batch_trials(batch: Any, items: int, first: int) -> TrialBatch:
    """See the batch of any loader as trials.

    Parameters
    ----------
    batch
        ``(images, labels, ...)``, or a mapping with ``image`` and ``label``.
    items
        How many images a trial shows: its own, and those behind it in the
        batch, which goes round.
    first
        The number of the batch's first sample in the epoch.
    """
    images, labels, extra = split_batch(batch)
    count = len(images)
    if count < items:
        raise DataError(
            "a batch has too few images for the protocol",
            expected=f"{items} or more: a trial shows as many different ones",
            found=count,
            hint="use larger batches and drop_last=True, or give the data set itself",
        )
    rows = torch.arange(count)
    shown = (rows[:, None] + torch.arange(max(items, 1))) % max(count, 1)
    return TrialBatch(images, labels, shown, first + rows, (first + shown).tolist(), extra)


def split_batch(batch: Any) -> tuple[torch.Tensor, torch.Tensor, tuple[Any, ...]]:
    """Take a batch apart into images, labels and what else there is."""
    if isinstance(batch, Mapping):
        names = [next((k for k in kinds if k in batch), None) for kinds in _NAMES]
        images = batch.get(names[0]) if names[0] else None
        labels = batch.get(names[1]) if names[1] else None
        extra = tuple(v for k, v in batch.items() if k not in names)
    elif isinstance(batch, tuple | list) and batch:
        images, labels, *rest = [*batch, None] if len(batch) == 1 else batch
        extra = tuple(rest)
    else:
        images, labels, extra = batch, None, ()
    images = torch.from_numpy(images) if isinstance(images, np.ndarray) else images
    if not isinstance(images, torch.Tensor) or images.ndim != 4:
        raise DataError(
            "a batch does not begin with images",
            expected="a tensor (batch, channels, height, width), first or under 'image'",
            found=f"{type(images).__name__} of shape {tuple(getattr(images, 'shape', ()))}",
        )
    if labels is None:
        return images, torch.full((len(images),), -1), extra
    labels = torch.as_tensor(labels).to(images.device)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]  # as FFCV delivers them
    if labels.shape != images.shape[:1] or labels.is_floating_point():
        raise DataError(
            "a batch has no whole-number label for every image",
            expected=f"{len(images)} whole numbers",
            found=f"{labels.dtype} of shape {tuple(labels.shape)}",
        )
    return images, labels, extra


_NAMES = (("image", "images", "input", "inputs"), ("label", "labels", "target", "targets"))


def _is_picture(sample: Any) -> bool:
    """Say whether the image of a sample is one of Pillow, which `_plain` brings to 0 to 1."""
    if isinstance(sample, Mapping):
        sample = next((sample[name] for name in _NAMES[0] if name in sample), None)
    elif isinstance(sample, tuple | list) and sample:
        sample = sample[0]
    return isinstance(sample, Image.Image)


def _plain(sample: Any) -> Any:
    """Turn pictures of Pillow into tensors from 0 to 1, as data sets without transforms give."""
    if isinstance(sample, Image.Image):
        pixels = np.array(sample)
        if pixels.ndim == 2:
            pixels = pixels[..., np.newaxis]
        if pixels.dtype != np.uint8:
            raise DataError(
                "a picture is not of 8 bits", expected="mode L or RGB", found=sample.mode
            )
        return torch.from_numpy(pixels).permute(2, 0, 1).contiguous().to(torch.float32) / 255
    if isinstance(sample, Mapping):
        return {key: _plain(value) for key, value in sample.items()}
    if isinstance(sample, tuple | list):
        return tuple(_plain(value) for value in sample)
    return sample
