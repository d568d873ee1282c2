"""The random numbers that the Gollisch lab's stimuli are made of.

The generator ``ran1`` of Press et al. (Numerical Recipes in C, second edition
1992, section 7.1): the multiplicative congruential generator of Park and
Miller (1988, doi:10.1145/63039.63042), its output shuffled by a table as of
Bays and Durham (1976, doi:10.1145/355666.355670). A stimulus made of these is
known by its seed.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import whole_number

MULTIPLIER, MODULUS = 16807, 2**31 - 1
#: Values thrown away at the start, entries of the table that is filled after them, and by
#: which bits of a value the next entry is chosen.
WARM_UP, TABLE, SHIFT = 8, 32, 26
#: The largest number that comes out.
LARGEST = 1 - 1.2e-7
#: Values drawn at once.
BLOCK = 1 << 18

Words = npt.NDArray[np.uint64]


class Ran1:
    """A stream of random numbers that goes on from call to call.

    Parameters
    ----------
    seed
        As the stimulus program was given it, a negative number. There 0 and
        all positive ones are one and the same seed, and so they are here.

    Examples
    --------
    >>> stream = Ran1(-1000)
    >>> stream.uniform(3).round(6).tolist()
    [0.190594, 0.464514, 0.928778]
    >>> Ran1(-1000).bits(5).tolist()
    [False, False, True, True, False]
    """

    def __init__(self, seed: int) -> None:
        self._last = max(-whole_number("seed", seed), 1)
        self._table = self._park_miller(WARM_UP + TABLE)[WARM_UP:][::-1].tolist()
        self._value = self._table[0]

    def uniform(self, n: int) -> npt.NDArray[np.float64]:
        """Draw `n` numbers between 0 and 1."""
        drawn = np.empty(n)
        for first in range(0, n, BLOCK):
            part = drawn[first : first + BLOCK]
            part[:] = self._shuffled(len(part))
        return np.minimum(drawn * (1.0 / MODULUS), LARGEST)

    def integers(self, n: int, below: int) -> npt.NDArray[np.int64]:
        """Draw `n` whole numbers from 0 to ``below - 1``."""
        return np.floor(below * self.uniform(n)).astype(np.int64)

    def bits(self, n: int) -> npt.NDArray[np.bool_]:
        """Draw `n` times whether a number is a half or more: the top bit of its value."""
        drawn = np.empty(n, dtype=bool)
        for first in range(0, n, BLOCK):
            part = drawn[first : first + BLOCK]
            part[:] = np.array(self._shuffled(len(part))) > MODULUS // 2
        return drawn

    def _shuffled(self, n: int) -> list[int]:
        """Draw `n` values: each from the entry of the table that the one before chooses."""
        table, value, drawn = self._table, self._value, []
        for fresh in self._park_miller(n).tolist():
            entry = value >> SHIFT
            value = table[entry]
            table[entry] = fresh
            drawn.append(value)
        self._value = value
        return drawn

    def _park_miller(self, n: int) -> Words:
        """Give the next values of the congruential generator, all at once."""
        values = np.uint64(self._last) * _powers(n) % np.uint64(MODULUS)
        if n:
            self._last = int(values[-1])
        return values


@cache
def _powers(n: int) -> Words:
    """Give the first `n` powers of the multiplier, from the first, by doubling."""
    powers = np.ones(1, np.uint64)
    while len(powers) <= n:
        next_power = powers[-1] * np.uint64(MULTIPLIER) % np.uint64(MODULUS)
        powers = np.concatenate([powers, powers * next_power % np.uint64(MODULUS)])
    return powers[1 : n + 1]
