"""How many rounds the Feistel network of `Permutation` needs: statistics for 2 to 12 of them.

Prints, for every number of rounds, the standard deviations by which each
statistic lies from what chance gives, the worst over many sizes. What chance
itself gives is in the row of NumPy's Generator.permutation.

Run: python campaigns/rounds.py [keys [rounds ...]]
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from neuroai_core import permutation
from neuroai_core.permutation import Permutation

SIZES = (4097, 4099, 65 * 65, 65 * 65 + 1, 66 * 65 + 1, 2**13, 10007, 2**16 + 1)
Orders = npt.NDArray[np.int64]


def chi_square(counts: npt.NDArray[np.int64]) -> float:
    """Standard deviations from the mean of a chi-square of equal expectations."""
    expected = counts.sum() / counts.size
    degrees = counts.size - 1
    return float((((counts - expected) ** 2).sum() / expected - degrees) / math.sqrt(2 * degrees))


def fixed_points(orders: Orders) -> float:
    keys, n = orders.shape
    return float(((orders == np.arange(n)).sum() - keys) / math.sqrt(keys))


def steps(orders: Orders) -> float:
    n = orders.shape[1]
    return chi_square(np.bincount((np.diff(orders) % n).ravel(), minlength=n)[1:])


def far_steps(orders: Orders) -> float:
    """Steps between positions that share a half: the weak spot of a network."""
    n = orders.shape[1]
    half = -(-n // (math.isqrt(n - 1) + 1))
    return chi_square(np.bincount(((orders[:, half:] - orders[:, :-half]) % n).ravel())[1:])


def displacement(orders: Orders) -> float:
    n = orders.shape[1]
    return chi_square(np.bincount(((orders - np.arange(n)) % n).ravel(), minlength=n))


def serial(orders: Orders) -> float:
    keys, n = orders.shape
    ranks = orders - (n - 1) / 2
    mean = (ranks[:, 1:] * ranks[:, :-1]).mean() / (n * n / 12)
    return float((mean + 1 / n) * math.sqrt(keys * n))


def places(orders: Orders) -> float:
    """Where single elements go, over the keys."""
    keys, n = orders.shape
    at = np.linspace(0, n - 1, 64).astype(int)
    bins = 16
    width = np.bincount(np.arange(n) * bins // n, minlength=bins) / n
    total = 0.0
    for k in at:
        counts = np.bincount(orders[:, k] * bins // n, minlength=bins)
        total += float(((counts - keys * width) ** 2 / (keys * width)).sum())
    degrees = (bins - 1) * len(at)
    return (total - degrees) / math.sqrt(2 * degrees)


def halves_agree(orders: Orders) -> float:
    """Pairs of neighbours that end in the same row, against chance."""
    keys, n = orders.shape
    width = -(-n // (math.isqrt(n - 1) + 1))
    rows = orders // width
    same = (rows[:, 1:] == rows[:, :-1]).sum()
    sizes = np.bincount(np.arange(n) // width)
    chance = float((sizes * (sizes - 1)).sum() / (n * (n - 1)))
    trials = keys * (n - 1)
    return float((same - trials * chance) / math.sqrt(trials * chance))


STATISTICS: tuple[Callable[[Orders], float], ...] = (
    fixed_points,
    steps,
    far_steps,
    displacement,
    serial,
    places,
    halves_agree,
)


def network(n: int, keys: int) -> Orders:
    return np.stack([Permutation(n, 99, key)(np.arange(n)) for key in range(keys)])


def numpy_orders(n: int, keys: int) -> Orders:
    generator = np.random.default_rng(99)
    return np.stack([generator.permutation(n) for _ in range(keys)])


def row(make: Callable[[int, int], Orders], keys: int) -> list[float]:
    worst = [0.0] * len(STATISTICS)
    for n in SIZES:
        orders = make(n, keys)
        found = [statistic(orders) for statistic in STATISTICS]
        worst = [f if abs(f) > abs(w) else w for f, w in zip(found, worst, strict=True)]
    return worst


def main(keys: int, trials: list[int]) -> None:
    print(f"{keys} keys, sizes {', '.join(map(str, SIZES))}; standard deviations, the worst size")
    print("rounds  " + " ".join(f"{s.__name__:>14}" for s in STATISTICS))
    print("numpy   " + " ".join(f"{value:14.1f}" for value in row(numpy_orders, keys)), flush=True)
    for rounds in trials:
        permutation.ROUNDS = rounds
        print(f"{rounds:<8}" + " ".join(f"{v:14.1f}" for v in row(network, keys)), flush=True)


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    main((numbers or [200])[0], numbers[1:] or [2, 3, 4, 5, 6, 7, 8, 10, 12])
