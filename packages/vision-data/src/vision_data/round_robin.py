"""One class after another in turn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from neuroai_core import EpochOrder
from neuroai_core.rng import generator


class RoundRobin(EpochOrder):
    """The order of an epoch in which the classes take turns.

    In every turn each class that has samples left gives one. The order of the
    classes within a turn, and of the samples of a class, is another in every
    epoch. Classes of equal size give every batch as many of each as can be.

    Parameters
    ----------
    labels
        The label of each sample.
    seed
        The seed of all epochs.

    Examples
    --------
    >>> order = RoundRobin([0, 0, 0, 1, 1, 1], seed=0)
    >>> labels = np.array([0, 0, 0, 1, 1, 1])[order.indices(0, np.arange(6))]
    >>> [sorted(turn) for turn in labels.reshape(3, 2).tolist()]
    [[0, 1], [0, 1], [0, 1]]
    """

    def __init__(self, labels: Sequence[int] | npt.NDArray[np.integer], *, seed: int) -> None:
        self._labels = np.asarray(labels)
        super().__init__(len(self._labels), seed=seed)
        self._made: tuple[int, npt.NDArray[np.int64]] | None = None

    def indices(self, epoch: int, positions: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Give the samples at some positions of an epoch."""
        if self._made is None or self._made[0] != epoch:
            self._made = epoch, self._whole(epoch)
        return self._made[1][np.asarray(positions, dtype=np.int64)]

    def _whole(self, epoch: int) -> npt.NDArray[np.int64]:
        turns = np.zeros(self.n, dtype=np.int64)
        places = np.zeros(self.n, dtype=np.int64)
        for label in np.unique(self._labels):
            members = np.flatnonzero(self._labels == label)
            drawn = generator(self.seed, "round robin", epoch, int(label))
            turns[members] = drawn.permutation(len(members))
            places[members] = drawn.integers(0, 2**62, len(members))
        return np.lexsort((places, turns))
