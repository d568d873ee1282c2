"""A pseudo-random permutation with random access and constant memory at any size."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import InputError
from neuroai_core.rng import Key, digest, generator

#: Up to this size a permutation is a table: exactly uniform, and faster.
TABLE = 4096
#: Above it, the positions of the largest permutation: halves fit 32 bits.
LARGEST = 2**62
ROUNDS = 8

_Step: TypeAlias = Callable[[npt.NDArray[np.uint64]], npt.NDArray[np.uint64]]

_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


class Permutation:
    """A permutation of ``range(n)``, any element of which can be asked for alone.

    Small ones are a table (Fisher and Yates). Large ones are a Feistel network
    over ``a * b >= n`` with cycle walking (Black and Rogaway 2002, "Ciphers
    with arbitrary finite domains", doi:10.1007/3-540-45760-7_9), so nothing is
    stored and 10**10 elements cost nothing to open.

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
        if not 0 <= n <= LARGEST:
            raise InputError("a size is out of range", key="n", expected="0 to 2**62", found=n)
        self.n = n
        if n <= TABLE:
            self._table = generator(*keys, "permutation").permutation(n)
            self._back = np.argsort(self._table)
            return
        self._a = math.isqrt(n - 1) + 1
        self._b = -(-n // self._a)
        words = np.frombuffer(digest(*keys, "permutation", size=64), dtype="<u8")
        self._round_keys = [np.uint64(w) for w in words[:ROUNDS]]

    def __len__(self) -> int:
        return self.n

    def __call__(self, positions: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Give the elements at `positions`: int64, of the same shape."""
        at = self._check(positions)
        if self.n <= TABLE:
            return self._table[at]
        return self._walk(at, self._forward)

    def inverse(self, elements: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Give the positions at which `elements` stand: int64, of the same shape."""
        at = self._check(elements)
        if self.n <= TABLE:
            return self._back[at]
        return self._walk(at, self._backward)

    def _check(self, positions: npt.ArrayLike) -> npt.NDArray[np.int64]:
        at = np.asarray(positions)
        if at.size == 0:
            return at.astype(np.int64)
        if at.dtype.kind not in "iu" or at.min() < 0 or at.max() >= self.n:
            raise InputError(
                "a position is outside the permutation",
                expected=f"integers from 0 to {self.n - 1}",
                found=f"{at.dtype} from {at.min()} to {at.max()}",
            )
        return at.astype(np.int64)

    def _walk(self, at: npt.NDArray[np.int64], step: _Step) -> npt.NDArray[np.int64]:
        # a * b exceeds n by less than a, so a step outside is rare and soon back.
        x = step(at.astype(np.uint64))
        outside = x >= self.n
        while outside.any():
            x = np.where(outside, step(x), x)
            outside = x >= self.n
        return x.astype(np.int64)

    def _forward(self, x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
        a, b = np.uint64(self._a), np.uint64(self._b)
        left, right = x // b, x % b
        for i in range(0, ROUNDS, 2):
            left = (left + _mix(right, self._round_keys[i]) % a) % a
            right = (right + _mix(left, self._round_keys[i + 1]) % b) % b
        return left * b + right

    def _backward(self, x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
        a, b = np.uint64(self._a), np.uint64(self._b)
        left, right = x // b, x % b
        for i in range(ROUNDS - 2, -1, -2):
            right = (right + b - _mix(left, self._round_keys[i + 1]) % b) % b
            left = (left + a - _mix(right, self._round_keys[i]) % a) % a
        return left * b + right


def _mix(x: npt.NDArray[np.uint64], key: np.uint64) -> npt.NDArray[np.uint64]:
    """Mix 64 bits with a key (the finaliser of SplitMix64)."""
    x = x ^ key
    x = (x ^ (x >> np.uint64(30))) * _MIX[0]
    x = (x ^ (x >> np.uint64(27))) * _MIX[1]
    return x ^ (x >> np.uint64(31))
