"""The one grid of a recording: bin k covers ``[t0 + k * bin, t0 + (k + 1) * bin)``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.runs import Runs
from neuroai_core import InputError

#: How far below its edge a time still belongs to the bin above, in bins. Times that were
#: computed (9000 / 30000 s, a sum of steps) miss the edge they mean by much less than this.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Grid:
    """Half-open bins of one width, counted in integers from one start.

    Parameters
    ----------
    start
        `t0` in whole bins from the recording's own time zero; may be negative.
    n_bins
        How many bins there are.
    bin_ms
        Width of a bin in milliseconds, taken as the decimal it is written as.

    Examples
    --------
    >>> grid = Grid(start=0, n_bins=4, bin_ms=100.0)
    >>> grid.index([0.0, 0.1, 0.3, 0.39, 0.4, -0.01]).tolist()
    [0, 1, 3, 3, 4, -1]
    >>> grid.edges(2, 4).tolist()
    [0.2, 0.3, 0.4]
    """

    start: int
    n_bins: int
    bin_ms: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.bin_ms) and self.bin_ms > 0):
            raise InputError(
                "a bin has no width",
                key="bin_ms",
                expected="more than 0 milliseconds",
                found=self.bin_ms,
            )
        if self.n_bins < 0:
            raise InputError("a grid has a negative length", key="n_bins", found=self.n_bins)

    @classmethod
    def covering(cls, first_s: float, last_s: float, bin_ms: float) -> Grid:
        """Make the smallest grid whose bins hold both times; it starts at a multiple of the bin.

        Examples
        --------
        >>> Grid.covering(0.013, 0.05, 10.0)
        Grid(start=1, n_bins=5, bin_ms=10.0)
        """
        ruler = cls(0, 0, bin_ms)
        if not (math.isfinite(first_s) and math.isfinite(last_s) and first_s <= last_s):
            raise InputError(
                "a grid needs a first and a last time",
                expected="finite seconds in order",
                found=f"{first_s} to {last_s}",
            )
        first, last = (int(k) for k in ruler.index([first_s, last_s]))
        return cls(first, last + 1 - first, bin_ms)

    @property
    def bin_s(self) -> float:
        """Width of a bin in seconds."""
        return float(self._width)

    @property
    def t0(self) -> float:
        """Left edge of bin 0 in seconds on the recording's clock."""
        return self.edge(0)

    @property
    def tolerance_s(self) -> float:
        """`TOLERANCE` in seconds."""
        return TOLERANCE * self.bin_s

    @cached_property
    def _width(self) -> Fraction:
        return Fraction(repr(float(self.bin_ms))) / 1000

    def index(self, times_s: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Give the bin of each time, also outside ``0 .. n_bins - 1``.

        Parameters
        ----------
        times_s
            Finite times in seconds, any shape.

        Returns
        -------
        int64 array of the same shape.
        """
        bins = np.asarray(times_s, dtype=np.float64) / self.bin_s
        bins += TOLERANCE
        np.floor(bins, out=bins)
        return bins.astype(np.int64) - self.start

    def edge(self, number: int) -> float:
        """Give the left edge of one bin in seconds: the float nearest to its exact decimal."""
        return (self.start + number) * self._width.numerator / self._width.denominator

    def edges(self, first: int = 0, stop: int | None = None) -> npt.NDArray[np.float64]:
        """Give the edges of bins ``first .. stop - 1`` in seconds, shape ``(stop - first + 1,)``.

        Each edge is the float nearest to its exact decimal; errors do not add up.
        """
        return self._at(first, (self.n_bins if stop is None else stop) + 1, Fraction(0))

    def centres(self, first: int = 0, stop: int | None = None) -> npt.NDArray[np.float64]:
        """Give the middles of bins ``first .. stop - 1`` in seconds, shape ``(stop - first,)``."""
        return self._at(first, self.n_bins if stop is None else stop, Fraction(1, 2))

    def _at(self, first: int, stop: int, shift: Fraction) -> npt.NDArray[np.float64]:
        width = self._width
        top, bottom = width.numerator, width.denominator * shift.denominator
        numbers = (self.start + np.arange(first, stop, dtype=np.int64)) * shift.denominator
        numbers += shift.numerator
        if numbers.size and int(np.abs(numbers[[0, -1]]).max()) * top < 2**53:
            # Both sides of this division are exact, so its result is the nearest float.
            return (numbers * top).astype(np.float64) / bottom
        return np.array([float(int(n) * top / Fraction(bottom)) for n in numbers])

    def bins_inside(self, spans_s: npt.ArrayLike) -> Runs:
        """Give the runs of bins that lie wholly inside spans of time.

        Parameters
        ----------
        spans_s
            Start and stop of each span in seconds, shape ``(spans, 2)``.

        Returns
        -------
        Runs ``[first, stop)`` clipped to the grid, shape ``(runs, 2)``; a span
        that holds no whole bin gives none.

        Examples
        --------
        >>> Grid(0, 10, 100.0).bins_inside([[0.05, 0.4], [0.7, 9.0]]).tolist()
        [[1, 4], [7, 10]]
        """
        spans = np.asarray(spans_s, dtype=np.float64).reshape(-1, 2)
        spans = np.clip(spans, self.t0 - self.bin_s, self.t0 + (self.n_bins + 1) * self.bin_s)
        bins = spans / self.bin_s - self.start
        first = np.ceil(bins[:, 0] - TOLERANCE)
        stop = np.floor(bins[:, 1] + TOLERANCE)
        runs: Runs = np.clip(np.stack([first, stop], axis=1), 0, self.n_bins).astype(np.int64)
        return runs[runs[:, 0] < runs[:, 1]].reshape(-1, 2)

    def bins_centred(self, spans_s: npt.ArrayLike) -> Runs:
        """Give the runs of bins whose middle lies in half-open spans of time.

        Parameters and result are as for `bins_inside`.

        Examples
        --------
        >>> Grid(0, 10, 100.0).bins_centred([[0.05, 0.45]]).tolist()
        [[0, 4]]
        """
        spans = np.asarray(spans_s, dtype=np.float64).reshape(-1, 2)
        spans = np.clip(spans, self.t0 - self.bin_s, self.t0 + (self.n_bins + 1) * self.bin_s)
        bins = np.ceil(spans / self.bin_s - self.start - 0.5 - TOLERANCE)
        runs: Runs = np.clip(bins, 0, self.n_bins).astype(np.int64)
        return runs[runs[:, 0] < runs[:, 1]].reshape(-1, 2)
