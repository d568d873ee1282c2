"""Which image stands at which position of an epoch, and what its random choices belong to.

Everything is a function of (seed, epoch, position): any position can be asked
for at any time, so a run resumes anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal, Protocol, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from imagenet_dm.index import Index
from neuroai_core.errors import InputError, check_known
from neuroai_core.order import EpochOrder
from neuroai_core.permutation import Permutation
from neuroai_core.rng import uniform

Ints: TypeAlias = npt.NDArray[np.int64]
SamplingName = Literal["shuffled", "repeated", "balanced", "weighted"]


class Sampling(Protocol):
    """An order of the epochs.

    Attributes
    ----------
    name : str
        What is part of a saved state: going on with another is an error.
    n : int
        Positions in an epoch.
    """

    name: str
    n: int

    def images(self, epoch: int, positions: Ints) -> tuple[Ints, Ints]:
        """Give the images at positions, and what their crops belong to (see `Request`)."""
        ...


class Ordered:
    """Every image once: in order, or shuffled anew in every epoch."""

    def __init__(self, n: int, seed: int, shuffle: bool = True) -> None:
        self.name = "shuffled" if shuffle else "ordered"
        self.n = n
        self._order = EpochOrder(n, seed=seed, shuffle=shuffle)

    def images(self, epoch: int, positions: Ints) -> tuple[Ints, Ints]:
        """Give the images at positions, and what their crops belong to."""
        images = self._order.indices(epoch, positions)
        return images, images


class Repeated:
    """Each image several times in a row, with other crops (Hoffer et al. 2020, arXiv:1901.09335).

    An epoch is as long as the data set and shows a part of it: with three
    repeats, a third of the images three times each.
    """

    def __init__(self, n: int, seed: int, repeats: int) -> None:
        if repeats < 1:
            raise InputError("there are no repeats", key="repeats", expected=">= 1", found=repeats)
        self.name = f"repeated {repeats}"
        self.n = n
        self._repeats = repeats
        self._order = EpochOrder(n, seed=seed)

    def images(self, epoch: int, positions: Ints) -> tuple[Ints, Ints]:
        """Give the images at positions, and what their crops belong to."""
        images = self._order.indices(epoch, positions // self._repeats)
        return images, images + self.n * (positions % self._repeats)


class Balanced:
    """Every class equally often, whatever its size: rounds of one image of each class.

    The images of a class are used up before one comes again, with another crop.
    """

    def __init__(self, labels: npt.NDArray[np.int32], seed: int) -> None:
        self.name = "balanced"
        self.n = len(labels)
        self._seed = seed
        self._by_class = np.argsort(labels, kind="stable")
        counts = np.bincount(labels)
        self._starts = (np.cumsum(counts) - counts)[counts > 0]
        self._counts = counts[counts > 0]

    def images(self, epoch: int, positions: Ints) -> tuple[Ints, Ints]:
        """Give the images at positions, and what their crops belong to."""
        rounds, slots = np.divmod(positions, len(self._counts))
        images, turns = np.empty_like(positions), np.empty_like(positions)
        for at, (turn, slot) in enumerate(zip(rounds.tolist(), slots.tolist(), strict=True)):
            classes = _permutation(len(self._counts), self._seed, epoch, turn, -1)
            label = int(classes(slot))
            turns[at], inside = divmod(turn, int(self._counts[label]))
            order = _permutation(int(self._counts[label]), self._seed, epoch, int(turns[at]), label)
            images[at] = self._by_class[self._starts[label] + int(order(inside))]
        return images, images + self.n * turns


class Weighted:
    """Images drawn with replacement, in proportion to a weight each."""

    def __init__(self, weights: npt.ArrayLike, seed: int) -> None:
        given = np.asarray(weights, dtype=np.float64)
        if given.ndim != 1 or not len(given) or not (given >= 0).all() or not given.sum() > 0:
            raise InputError(
                "these are no weights",
                key="weights",
                expected="a number of 0 or more for each image, not all 0",
            )
        self.name = "weighted"
        self.n = len(given)
        self._seed = seed
        self._ends = np.cumsum(given) / given.sum()

    def images(self, epoch: int, positions: Ints) -> tuple[Ints, Ints]:
        """Give the images at positions; an image that comes twice has two crops."""
        u = uniform(self._seed, "weighted", epoch, index=positions).ravel()
        images = np.searchsorted(self._ends, u, side="right")
        return np.minimum(images, self.n - 1).astype(np.int64), positions


def named_sampling(
    name: SamplingName,
    index: Index,
    *,
    seed: int,
    repeats: int = 3,
    class_weights: Mapping[str, float] | Sequence[float] | None = None,
) -> Sampling:
    """Make the sampling of a configuration.

    Parameters
    ----------
    name
        Which one.
    index
        The images.
    seed
        Of the order.
    repeats
        Of ``"repeated"``.
    class_weights
        Of ``"weighted"``: by synset (1 where none is given) or by label.
    """
    check_known("sampling", [name], get_args(SamplingName), key="sampling")
    if (name == "weighted") != (class_weights is not None):
        raise InputError(
            "weights and weighted sampling go together",
            key="class_weights",
            expected="both or neither",
            found=f"sampling={name!r}, class_weights={class_weights}",
        )
    if name == "shuffled":
        return Ordered(len(index), seed)
    if name == "repeated":
        return Repeated(len(index), seed, repeats)
    if name == "balanced":
        return Balanced(index.labels, seed)
    return Weighted(_class_weights(index, class_weights or {})[index.labels], seed)


def _class_weights(
    index: Index, given: Mapping[str, float] | Sequence[float]
) -> npt.NDArray[np.float64]:
    if isinstance(given, Mapping):
        check_known("class", given, index.classes, key="class_weights")
        given = [given.get(name, 1.0) for name in index.classes]
    weights = np.asarray(given, dtype=np.float64)
    if weights.shape != (len(index.classes),):
        raise InputError(
            "the weights do not fit the classes",
            key="class_weights",
            expected=f"{len(index.classes)} numbers",
            found=f"shape {weights.shape}",
        )
    return weights


@lru_cache(maxsize=8192)
def _permutation(n: int, seed: int, epoch: int, turn: int, label: int) -> Permutation:
    return Permutation(n, seed, "balanced", epoch, turn, label)
