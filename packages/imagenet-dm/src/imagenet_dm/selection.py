"""Which images of a split are used: classes, subsets, a part for validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from imagenet_dm.index import Index
from neuroai_core.errors import DataError, InputError, NotFoundError, check_known
from neuroai_core.rng import generator

#: How many images of each class: a number, a part of 1, or a file that lists names.
Amount: TypeAlias = "int | float | str"


def take_classes(index: Index, classes: Sequence[str], known: Sequence[str] | None = None) -> Index:
    """Keep the images of some classes, numbered in the order given.

    Parameters
    ----------
    index
        All images.
    classes
        Names of classes.
    known
        Which classes there are, with images here or not; the index's without it.

    Raises
    ------
    UnknownNameError
        If there is no such class.
    """
    check_known("class", classes, known or index.classes, path=index.root)
    wanted = [label for label, name in enumerate(index.classes) if name in set(classes)]
    kept = index.take(np.flatnonzero(np.isin(index.labels, wanted)))
    return kept.with_classes(classes)


def take_subset(index: Index, amount: Amount, seed: int) -> Index:
    """Keep some images of each class.

    Parameters
    ----------
    index
        All images.
    amount
        A whole number: so many of each class (few-shot). A number below 1:
        that part of each class, one image at least; 0.01 and 0.1 are usual. A
        path: a file with a name a line, ``n01440764/n01440764_10026.JPEG``, with
        or without more folders before it, or the file's name alone where only
        one image has it.
    seed
        Which images; a smaller amount is part of a larger one.
    """
    if isinstance(amount, str):
        return index.take(_listed(index, Path(amount)))
    ranks = _ranks(index, seed, "subset")
    return index.take(np.flatnonzero(ranks < _counts(index, amount)[index.labels]))


def split_off(index: Index, amount: int | float, seed: int) -> tuple[Index, Index]:
    """Divide a split into one for training and one for validation, class by class.

    Parameters
    ----------
    index
        All images.
    amount
        How many of each class are for validation, or what part of 1.
    seed
        Which ones.

    Returns
    -------
    training, validation : Index
    """
    counts = _counts(index, amount)
    held = _ranks(index, seed, "validation") < counts[index.labels]
    if (counts >= index.counts()).any():
        label = int(np.argmax(counts >= index.counts()))
        raise InputError(
            "nothing would be left to train on",
            key=index.classes[label],
            expected=f"fewer than {index.counts()[label]} images for validation",
            found=int(counts[label]),
        )
    return index.take(np.flatnonzero(~held)), index.take(np.flatnonzero(held))


def _counts(index: Index, amount: int | float) -> npt.NDArray[np.int64]:
    """Give how many images of each class an amount is, shape ``(classes,)``."""
    if amount <= 0 or (amount > 1 and amount != int(amount)):
        raise InputError(
            "this is no number of images",
            expected="a whole number, or a part between 0 and 1",
            found=amount,
        )
    if isinstance(amount, int) or amount > 1:
        return np.full(len(index.classes), int(amount), dtype=np.int64)
    return np.asarray(np.maximum(np.rint(index.counts() * amount), 1), dtype=np.int64)


def _ranks(index: Index, seed: int, what: str) -> npt.NDArray[np.int64]:
    """Give each image a place in a random order of its class, shape ``(n,)``."""
    ranks = np.empty(len(index), dtype=np.int64)
    order = np.argsort(index.labels, kind="stable")
    ends = np.cumsum(index.counts())
    for name, part in zip(index.classes, np.split(order, ends[:-1]), strict=True):
        ranks[part] = generator(seed, what, name).permutation(len(part))
    return ranks


def _listed(index: Index, path: Path) -> npt.NDArray[np.int64]:
    if not path.is_file():
        raise NotFoundError("there is no such list of images", path=path)
    names = [line.strip() for line in path.read_text().splitlines() if line.strip()]
    by_class = {index.name(i): i for i in range(len(index))}
    by_file: dict[str, list[int]] = {}
    for name, i in by_class.items():
        by_file.setdefault(name.rpartition("/")[2], []).append(i)
    found = [_matches(name, by_class, by_file) for name in names]
    missing = [name for name, at in zip(names, found, strict=True) if not at]
    doubtful = [name for name, at in zip(names, found, strict=True) if len(at) > 1]
    if doubtful:
        raise DataError(
            "a list of images gives names that several images have",
            path=path,
            expected="<class>/<name>",
            found=f"{len(doubtful)} such lines: {doubtful[:3]}",
        )
    if missing or not names:
        raise DataError(
            "a list of images does not fit the data set",
            path=path,
            expected="names of images, one a line",
            found=f"{len(names)} lines, {len(missing)} of them unknown: {missing[:3]}",
        )
    return np.unique([at[0] for at in found])


def _matches(
    name: str, by_class: Mapping[str, int], by_file: Mapping[str, list[int]]
) -> Sequence[int]:
    """Give the images that a line may mean; one with a folder means that class alone."""
    if "/" not in name:
        return by_file.get(name, ())
    parts = name.split("/")
    ends = ("/".join(parts[first:]) for first in range(len(parts) - 1))
    return [by_class[end] for end in ends if end in by_class][:1]


@dataclass(frozen=True)
class Selection:
    """Which images are for training and which for validation."""

    classes: list[str] | None
    subset: int | float | str | None
    val_from_train: int | float | None
    seed: int

    @property
    def needs_train(self) -> bool:
        """Whether validation cannot be known without the training images."""
        return self.val_from_train is not None

    def training(self, index: Index) -> tuple[Index, Index | None]:
        """Give the images to train on, and those for validation if they come from there."""
        held = None
        if self.classes is not None:
            index = take_classes(index, self.classes)
        if self.val_from_train is not None:
            index, held = split_off(index, self.val_from_train, self.seed)
        if self.subset is not None:
            index = take_subset(index, self.subset, self.seed)
        return index, held

    def validation(self, index: Index, classes: Sequence[str]) -> Index:
        """Give the validation images, with labels that are positions in `classes`."""
        if self.classes is not None:
            return take_classes(index, self.classes, classes)
        return index.with_classes(classes)
