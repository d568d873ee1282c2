import itertools
import json
import math
import time
import tracemalloc
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core import permutation as module
from neuroai_core.errors import InputError
from neuroai_core.permutation import CHUNK, LARGEST, TABLE, Permutation

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text())["permutation"]
#: Sizes of a network: just above the table, primes, squares, squares and one, powers of two.
SIZES = [
    TABLE + 1,
    TABLE + 2,
    4099,
    65 * 65,
    65 * 65 + 1,
    66 * 65,
    66 * 65 + 1,
    2**13,
    10007,
    2**16 + 1,
]


def far(statistic: float, degrees: int) -> float:
    """How many standard deviations a chi-square lies from its mean."""
    return (statistic - degrees) / math.sqrt(2 * degrees)


def chi_square(counts: np.ndarray) -> float:
    expected = counts.sum() / counts.size
    return float(((counts - expected) ** 2).sum() / expected)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 17, TABLE - 1, TABLE, *SIZES, 3 * CHUNK + 5])
def test_it_is_a_permutation_and_inverse_undoes_it(n: int) -> None:
    p = Permutation(n, 3)
    whole = p(np.arange(n))
    assert (np.sort(whole) == np.arange(n)).all()
    assert (p.inverse(whole) == np.arange(n)).all()
    assert len(p) == n


@given(st.integers(1, LARGEST), st.integers(), st.data())
def test_any_size_is_bijective_where_looked_at(n: int, seed: int, data: st.DataObject) -> None:
    p = Permutation(n, seed)
    at = np.array(data.draw(st.lists(st.integers(0, n - 1), max_size=20, unique=True)), np.int64)
    there = p(at)
    assert ((there >= 0) & (there < n)).all()
    assert (p.inverse(there) == at).all()
    assert (p(p.inverse(at)) == at).all()
    assert [int(p(i)) for i in at] == there.tolist()


@pytest.mark.parametrize("n", [9, 10**6])
def test_shape_and_type_of_the_positions_are_kept(n: int) -> None:
    p = Permutation(n, 1)
    whole = p(range(9))
    assert whole.dtype == np.int64
    assert p(np.arange(6).reshape(2, 3)).tolist() == whole[:6].reshape(2, 3).tolist()
    assert p(np.int8(4)) == p(4) == whole[4]
    assert np.shape(p(4)) == np.shape(p.inverse(4)) == ()
    assert p(np.array([8], np.uint64)) == whole[8]
    assert p([]).shape == (0,)
    assert p(np.zeros((0, 3), int)).shape == (0, 3)


@pytest.mark.parametrize("n", [9, 10**6])
@pytest.mark.parametrize("wrong", [[-1], [10**6], [0.0], [True], ["a"], [2**64 - 1], [None]])
def test_positions_outside_are_refused(n: int, wrong: list) -> None:
    for method in (Permutation(n, 1), Permutation(n, 1).inverse):
        with pytest.raises(InputError, match="position is out of range"):
            method(wrong)


@pytest.mark.parametrize("n", [-1, LARGEST + 1, 2.0, "3", None])
def test_sizes_that_cannot_be_are_refused(n: object) -> None:
    with pytest.raises(InputError, match="n is"):
        Permutation(n, 1)


def test_an_empty_one_has_no_positions() -> None:
    assert Permutation(0, 1)([]).tolist() == []
    with pytest.raises(InputError, match="nothing"):
        Permutation(0, 1)(0)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: str(case["n"]))
def test_nothing_changes_between_releases(case: dict) -> None:
    p = Permutation(case["n"], *case["keys"])
    assert p(range(len(case["values"]))).tolist() == case["values"]


def test_ten_thousand_million_positions_cost_nothing() -> None:
    tracemalloc.start()
    before = time.perf_counter()
    p = Permutation(10**10, 1)
    opened = time.perf_counter() - before
    p(np.arange(256) + 5 * 10**9)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert opened < 0.1
    assert peak < 200_000


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_every_order_of_a_small_one_is_as_likely(n: int) -> None:
    draws = 60 * math.factorial(n)
    counts = Counter(tuple(Permutation(n, 17, i)(range(n)).tolist()) for i in range(draws))
    orders = np.array([counts[order] for order in itertools.permutations(range(n))])
    assert abs(far(chi_square(orders), orders.size - 1)) < 5


@pytest.fixture(scope="module", params=SIZES)
def sample(request: pytest.FixtureRequest) -> np.ndarray:
    """Many large permutations of one size, shape (keys, n)."""
    n = request.param
    return np.stack([Permutation(n, 23, key)(np.arange(n)) for key in range(300)])


def test_fixed_points_are_as_many_as_chance_has(sample: np.ndarray) -> None:
    keys, n = sample.shape
    fixed = (sample == np.arange(n)).sum()
    assert abs(fixed - keys) < 5 * math.sqrt(keys)


def test_steps_between_neighbours_are_as_chance_has_them(sample: np.ndarray) -> None:
    keys, n = sample.shape
    steps = (np.diff(sample, axis=1) % n).ravel()  # uniform over 1 to n - 1
    assert abs(far(chi_square(np.bincount(steps, minlength=n)[1:]), n - 2)) < 5
    ranks = sample - (n - 1) / 2
    serial = (ranks[:, 1:] * ranks[:, :-1]).mean() / (n * n / 12)
    assert abs(serial + 1 / n) < 5 / math.sqrt(keys * n)


def test_displacements_are_as_chance_has_them(sample: np.ndarray) -> None:
    n = sample.shape[1]
    displaced = ((sample - np.arange(n)) % n).ravel()
    assert abs(far(chi_square(np.bincount(displaced, minlength=n)), n - 1)) < 5


def test_where_an_element_goes_is_uniform(sample: np.ndarray) -> None:
    keys, n = sample.shape
    bins = 32
    # For every position the quantile of its element, over the keys; the bins differ a little in n.
    width = np.bincount(np.arange(n) * bins // n, minlength=bins) / n
    statistics = []
    for k in [0, 1, 2, n // 2, n - 2, n - 1, *range(3, n, n // 20)]:
        counts = np.bincount(sample[:, k] * bins // n, minlength=bins)
        statistics.append((((counts - keys * width) ** 2) / (keys * width)).sum())
    degrees = (bins - 1) * len(statistics)
    assert abs(far(sum(statistics), degrees)) < 5


def test_bits_are_balanced_over_the_keys(sample: np.ndarray) -> None:
    keys, n = sample.shape
    for bit in range(8):
        share = (np.arange(n) >> bit & 1).mean()
        ones = (sample[:, :: max(n // 500, 1)] >> bit & 1).sum(axis=0)
        z = (ones - keys * share) / math.sqrt(keys * share * (1 - share))
        assert abs((z**2).mean() - 1) < 5 * math.sqrt(2 / z.size)


def test_neighbouring_seeds_and_epochs_are_unrelated() -> None:
    n, at = 10007, np.arange(10007)
    keys = [(seed, epoch) for seed in (0, 1, 2, 2**32) for epoch in range(4)]
    orders = np.stack([Permutation(n, *key)(at) for key in keys])
    agreements = [(a == b).sum() for a, b in itertools.combinations(orders, 2)]
    assert abs(np.sum(agreements) - len(agreements)) < 5 * math.sqrt(len(agreements))
    correlations = np.corrcoef(orders)[np.triu_indices(len(orders), 1)]
    assert abs(correlations).max() < 5 / math.sqrt(n)


@pytest.mark.parametrize("n", [6, 24, 30])
def test_the_network_alone_is_nearly_uniform_where_all_can_be_counted(
    n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Far below the sizes that it serves, and there worst: a stricter test than its use.
    monkeypatch.setattr(module, "TABLE", 0)
    draws = 4000
    orders = np.stack([Permutation(n, 29, i)(range(n)) for i in range(draws)])
    places = np.stack([np.bincount(orders[:, k], minlength=n) for k in range(n)])
    assert abs(far(chi_square(places), (n - 1) ** 2)) < 5
    pairs = np.bincount(orders[:, 0] * n + orders[:, 1], minlength=n * n)
    pairs = np.delete(pairs, np.arange(n) * (n + 1))
    assert abs(far(chi_square(pairs), pairs.size - 1)) < 5
