"""Stored values that become numbers when they are read: words, marks of states, events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.stored import pieces, read, shape_of
from neuroai_core import DataError

#: More different words than this are notes, not categories.
MOST_WORDS = 10_000


def words_in(data: Any, path: str) -> tuple[str, ...]:
    """Give the different words of stored text, sorted.

    Raises
    ------
    DataError
        If there are too many to be categories.
    """
    words: set[str] = set()
    for _, piece in pieces(data):
        words.update(str(v) for v in piece.ravel())
        if len(words) > MOST_WORDS:
            raise DataError(
                "a text series holds too many different words to be categories",
                key=path,
                expected=f"{MOST_WORDS} at most",
            )
    return tuple(sorted(words))


@dataclass(frozen=True, eq=False)
class Coded:
    """Text as the positions of its words in a list.

    Examples
    --------
    >>> coded = Coded(["run", "rest", "run"], ("rest", "run"))
    >>> coded[0:3].tolist(), coded.shape
    ([1, 0, 1], (3,))
    """

    data: Any
    words: Sequence[str]
    dtype = np.dtype(np.int32)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the text."""
        return shape_of(self.data)

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {word: code for code, word in enumerate(self.words)}

    def __getitem__(self, rows: slice) -> npt.NDArray[np.int32]:
        found = read(self.data, rows.start or 0, rows.stop)
        codes = [self._codes[str(v)] for v in found.ravel()]
        return np.array(codes, dtype=np.int32).reshape(found.shape)


@dataclass(frozen=True, eq=False)
class States:
    """Marks of an ``IntervalSeries`` as the state that each begins: its kind, or 0 for none.

    Examples
    --------
    >>> States(np.array([2, -2, 1], dtype=np.int8))[0:3].tolist()
    [2, 0, 1]
    """

    data: Any
    dtype = np.dtype(np.int8)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the marks."""
        return shape_of(self.data)

    def __getitem__(self, rows: slice) -> npt.NDArray[np.int8]:
        marks = read(self.data, rows.start or 0, rows.stop)
        return np.asarray(np.maximum(marks, 0), dtype=np.int8)


@dataclass(frozen=True)
class Happenings:
    """Events of which only the time counts: one each.

    Examples
    --------
    >>> Happenings(5)[1:3].tolist()
    [1, 1]
    """

    n: int
    dtype = np.dtype(np.uint32)

    @property
    def shape(self) -> tuple[int, ...]:
        """One number an event."""
        return (self.n,)

    def __getitem__(self, rows: slice) -> npt.NDArray[np.uint32]:
        return np.ones(len(range(self.n)[rows]), dtype=self.dtype)
