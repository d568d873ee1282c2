"""A pseudo-random permutation with random access and constant memory at any size."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import InputError, whole_number
from neuroai_core.rng import Key, words

#: Up to this size a permutation is a table: uniform, and faster.
TABLE = 4096
#: Above it, the largest size: both halves of a position fit 31 bits.
LARGEST = 2**62
#: Rounds of the Feistel network: with 5 a statistic still shows it, with 6 none does
#: (campaigns/rounds.py); two are to spare.
ROUNDS = 8
#: Positions worked on at once: their temporary arrays stay in the cache.
CHUNK = 8192

_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_TOP = (np.uint64(31), np.uint64(33))
_Words: TypeAlias = npt.NDArray[np.uint64]


class Permutation:
    """A permutation of ``range(n)``, any element of which can be asked for alone.

    Small ones are a table, sorted by random words. Large ones are a Feistel
    network over ``a * b >= n`` with cycle walking (Black and Rogaway 2002,
    "Ciphers with arbitrary finite domains", doi:10.1007/3-540-45760-7_9), so
    nothing is stored and 10**10 elements cost nothing to open. Neither
    depends on the release of NumPy.

    Parameters
    ----------
    n
        Size, 0 to 2**62.
    *keys
        What the permutation is a function of, as in `neuroai_core.rng.generator`.

    Examples
    --------
    >>> p = Permutation(10**10, 7, "epoch", 0)
    >>> where = p([0, 1, 9_999_999_999])
    >>> [int(i) for i in p.inverse(where)]
    [0, 1, 9999999999]
    """

    def __init__(self, n: int, *keys: Key) -> None:
        self.n = whole_number("n", n, least=0, most=LARGEST)
        if self.n <= TABLE:
            # Equal words are as good as impossible, and no bias if they come.
            order = np.argsort(words(*keys, "permutation", n=self.n), kind="stable")
            self._table = order.astype(np.int64)
        else:
            self._a = math.isqrt(self.n - 1) + 1
            self._b = -(-self.n // self._a)
            self._round_keys = words(*keys, "permutation", n=ROUNDS)

    def __len__(self) -> int:
        return self.n

    def __repr__(self) -> str:
        return f"<Permutation of {self.n}>"

    def __call__(self, positions: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Give the elements at `positions`: int64, of the same shape."""
        at = checked_positions(positions, self.n)
        return self._table[at] if self.n <= TABLE else self._walk(at, forward=True)

    def inverse(self, elements: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Give the positions at which `elements` stand: int64, of the same shape."""
        at = checked_positions(elements, self.n)
        return self._back[at] if self.n <= TABLE else self._walk(at, forward=False)

    @cached_property
    def _back(self) -> npt.NDArray[np.int64]:
        return np.argsort(self._table).astype(np.int64)

    def _walk(self, at: npt.NDArray[np.int64], *, forward: bool) -> npt.NDArray[np.int64]:
        flat = at.reshape(-1)
        out = np.empty(flat.shape, dtype=np.int64)
        for first in range(0, flat.size, CHUNK):
            x = self._step(flat[first : first + CHUNK].astype(np.uint64), forward=forward)
            # a * b exceeds n by less than a, so a step outside is rare and soon back.
            while (outside := np.flatnonzero(x >= self.n)).size:
                x[outside] = self._step(x[outside], forward=forward)
            out[first : first + CHUNK] = x
        return out.reshape(at.shape)

    def _step(self, x: _Words, *, forward: bool) -> _Words:
        a, b = np.uint64(self._a), np.uint64(self._b)
        left, right = np.divmod(x, b)
        for i in range(ROUNDS) if forward else reversed(range(ROUNDS)):
            if i % 2 == 0:
                left = _shift(left, _mix(right, self._round_keys[i], a), a, forward=forward)
            else:
                right = _shift(right, _mix(left, self._round_keys[i], b), b, forward=forward)
        left *= b
        left += right
        return left


def _mix(x: _Words, key: np.uint64, size: np.uint64) -> _Words:
    """Map each word to one below `size` (the finaliser of SplitMix64, its top bits scaled)."""
    x = x ^ key
    x ^= x >> np.uint64(30)
    x *= _MIX[0]
    x ^= x >> np.uint64(27)
    x *= _MIX[1]
    x >>= _TOP[0]
    x *= size
    x >>= _TOP[1]
    return x


def _shift(x: _Words, by: _Words, size: np.uint64, *, forward: bool) -> _Words:
    """Add or subtract modulo `size`; both are below it, so one correction is enough."""
    by = x + by if forward else x - by
    other: _Words = by - size if forward else by + size
    return np.minimum(by, other, out=other)  # below zero is a huge number


def checked_positions(positions: npt.ArrayLike, n: int) -> npt.NDArray[np.int64]:
    """Give positions as int64, or raise `InputError` if one is outside ``range(n)``."""
    at = np.asarray(positions)
    if at.size and (at.dtype.kind not in "iu" or at.min() < 0 or at.max() >= n):
        span = f" from {at.min()} to {at.max()}" if at.dtype.kind in "iufb" else ""
        raise InputError(
            "a position is out of range",
            key="positions",
            expected=f"integers from 0 to {n - 1}" if n else "none: there is nothing",
            found=f"{at.dtype}{span}",
        )
    return at.astype(np.int64)
