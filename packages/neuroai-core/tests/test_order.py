import json
import math
import pickle
import threading
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core import EpochOrder, InputError
from neuroai_core.order import _permutation

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text())["order"]

SIZES = st.lists(st.integers(0, 7), max_size=12)


@st.composite
def orders(draw: st.DrawFn) -> dict:
    """Arguments of an EpochOrder of every kind."""
    kind = draw(st.sampled_from(["plain", "one size", "list"]))
    window = draw(st.none() | st.integers(1, 60))
    if kind == "list":
        sizes = draw(SIZES)
        return {"n": sum(sizes), "blocks": sizes, "window": window}
    n = draw(st.integers(0, 60))
    if kind == "plain":
        return {"n": n}
    return {"n": n, "blocks": draw(st.integers(1, 70)), "window": window}


def plain_oracle(
    n: int, seed: int, epoch: int, blocks: int | list[int] | None = None, window: int | None = None
) -> list[int]:
    """The order as its description says it, with lists: permute the blocks, mix the windows."""
    if blocks is None:
        return _permutation(n, seed, epoch, "order")(range(n)).tolist()
    if isinstance(blocks, int):
        window = window or blocks
        blocks = [min(blocks, n - first) for first in range(0, n, blocks)]
    window = window or 1
    numbered, first = [], 0
    for size in blocks:
        numbered.append(list(range(first, first + size)))
        first += size
    order = _permutation(len(numbered), seed, epoch, "order")(range(len(numbered)))
    line = [sample for block in order for sample in numbered[block]]
    mixed = []
    for w, start in enumerate(range(0, n, window)):
        part = line[start : start + window]
        if window > 1:
            inside = _permutation(len(part), seed, epoch, "window", w)(range(len(part)))
            part = [part[i] for i in inside]
        mixed += part
    return mixed


@given(orders(), st.integers(), st.integers(0, 5))
def test_an_epoch_is_what_its_description_says(arguments: dict, seed: int, epoch: int) -> None:
    order = EpochOrder(seed=seed, **arguments)
    whole = order.indices(epoch, np.arange(len(order)))
    assert whole.dtype == np.int64
    assert sorted(whole.tolist()) == list(range(len(order)))
    assert whole.tolist() == plain_oracle(seed=seed, epoch=epoch, **arguments)


@given(orders(), st.integers(0, 2**40), st.data())
def test_positions_come_alone_together_or_in_any_shape(
    arguments: dict, epoch: int, data: st.DataObject
) -> None:
    order = EpochOrder(seed=1, **arguments)
    whole = order.indices(epoch, range(order.n))
    at = data.draw(st.lists(st.integers(0, order.n - 1), max_size=10)) if order.n else []
    again = EpochOrder(seed=1, **arguments)
    assert again.indices(epoch, at).tolist() == whole[at].tolist()
    assert again.indices(epoch, np.array([at, at], int)).tolist() == [whole[at].tolist()] * 2
    for position in at:
        assert int(order.indices(epoch, position)) == whole[position]
        assert np.shape(order.indices(epoch, position)) == ()


@given(orders())
def test_without_shuffle_nothing_moves(arguments: dict) -> None:
    order = EpochOrder(seed=1, shuffle=False, **arguments)
    assert order.indices(3, range(order.n)).tolist() == list(range(order.n))


@given(st.lists(st.integers(1, 7), min_size=1, max_size=12))
def test_blocks_stay_together_and_in_order_without_a_window(sizes: list[int]) -> None:
    order = EpochOrder(sum(sizes), seed=2, blocks=sizes)
    block = np.repeat(np.arange(len(sizes)), sizes)[order.indices(0, range(order.n))]
    assert np.count_nonzero(np.diff(block)) == len(sizes) - 1
    whole = order.indices(0, range(order.n))
    assert ((np.diff(whole) == 1) | (np.diff(block) != 0)).all()


@given(st.integers(1, 500), st.integers(1, 40))
def test_a_block_size_mixes_inside_single_blocks(n: int, size: int) -> None:
    order = EpochOrder(n, seed=2, blocks=size)
    line = order.indices(0, range(n))
    # Only where the short block has moved the borders does a window see two blocks.
    if n % size == 0:
        assert all(len(set(line[i : i + size] // size)) == 1 for i in range(0, n, size))
    window = EpochOrder(n, seed=2, blocks=size, window=1).indices(0, range(n))
    for start in range(0, n, size):
        assert sorted(line[start : start + size]) == sorted(window[start : start + size])


def test_epochs_and_seeds_differ() -> None:
    for arguments in ({}, {"blocks": 10}, {"blocks": [100] * 10, "window": 200}):
        whole = {
            tuple(EpochOrder(1000, seed=seed, **arguments).indices(epoch, range(1000)).tolist())
            for seed in range(5)
            for epoch in range(5)
        }
        assert len(whole) == 25


def test_numpy_numbers_are_as_good() -> None:
    order = EpochOrder(np.int64(100), seed=np.int32(3), blocks=np.int16(7), window=np.int8(20))
    same = EpochOrder(100, seed=3, blocks=7, window=20)
    assert (order.indices(np.int64(1), range(100)) == same.indices(1, range(100))).all()
    sizes = np.array([60, 40], np.uint16)
    listed = EpochOrder(100, seed=3, blocks=sizes)
    assert (
        listed.indices(1, [5]) == EpochOrder(100, seed=3, blocks=[60, 40]).indices(1, [5])
    ).all()


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"{case['arguments']}, {case['epoch']}")
def test_nothing_changes_between_releases(case: dict) -> None:
    order = EpochOrder(seed=case["seed"], **case["arguments"])
    assert order.indices(case["epoch"], case["positions"]).tolist() == case["values"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"n": -1}, "n is out of range"),
        ({"n": 1.5}, "n is no whole number"),
        ({"n": 5, "blocks": 0}, "blocks is out of range"),
        ({"n": 5, "blocks": 2.5}, "blocks is no whole number"),
        ({"n": 5, "blocks": "shard"}, "blocks is no whole number"),
        ({"n": 5, "blocks": [2, 2]}, "block sizes do not fit"),
        ({"n": 5, "blocks": [6, -1]}, "block sizes do not fit"),
        ({"n": 5, "blocks": [2.0, 3.0]}, "block sizes do not fit"),
        ({"n": 5, "blocks": [[2, 3]]}, "block sizes do not fit"),
        ({"n": 5, "blocks": ["a"]}, "block sizes do not fit"),
        ({"n": 5, "blocks": []}, "block sizes do not fit"),
        ({"n": 5, "window": 2}, "window needs blocks"),
        ({"n": 5, "blocks": 2, "window": 0}, "window is out of range"),
        ({"n": 5, "seed": 1.0}, "random key has the wrong type"),
        ({"n": 5, "seed": None}, "random key has the wrong type"),
    ],
)
def test_what_cannot_be_is_refused_at_once(arguments: dict, text: str) -> None:
    with pytest.raises(InputError, match=text):
        EpochOrder(**{"seed": 1, **arguments})


@pytest.mark.parametrize("shuffle", [True, False])
def test_positions_and_epochs_that_cannot_be_are_refused(shuffle: bool) -> None:
    order = EpochOrder(5, seed=1, shuffle=shuffle)
    for wrong in ([5], [-1], [0.5], [True], ["a"]):
        with pytest.raises(InputError, match="position is out of range"):
            order.indices(0, wrong)
    for epoch in (-1, 0.5, None):
        with pytest.raises(InputError, match="epoch is"):
            order.indices(epoch, [0])


@given(orders())
def test_it_goes_to_worker_processes(arguments: dict) -> None:
    order = EpochOrder(seed=4, **arguments)
    before = order.indices(1, range(order.n))
    again = pickle.loads(pickle.dumps(order))
    assert (again.indices(1, range(order.n)) == before).all()


def test_threads_at_different_epochs_do_not_disturb_each_other() -> None:
    order = EpochOrder(1000, seed=1, blocks=[10] * 100, window=30)
    expected = [order.indices(epoch, range(1000)) for epoch in range(4)]
    wrong: list[bool] = []

    def ask(epoch: int) -> None:
        wrong.extend(
            bool((order.indices(epoch, range(1000)) != expected[epoch]).any()) for _ in range(30)
        )

    threads = [threading.Thread(target=ask, args=(epoch,)) for epoch in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wrong) == 120
    assert not any(wrong)


@pytest.mark.parametrize("arguments", [{}, {"blocks": 1000}, {"blocks": 1000, "window": 50_000}])
def test_ten_thousand_million_samples_cost_nothing(arguments: dict) -> None:
    _permutation.cache_clear()
    tracemalloc.start()
    before = time.perf_counter()
    order = EpochOrder(10**10, seed=1, **arguments)
    opened = time.perf_counter() - before
    for batch in range(0, 10**10, 10**9):
        order.indices(batch % 7, np.arange(256) + batch)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert opened < 0.1
    assert peak < 2_000_000


def test_small_windows_over_a_whole_epoch_take_no_quadratic_time() -> None:
    order = EpochOrder(40_000, seed=1, blocks=4)
    before = time.perf_counter()
    assert len(set(order.indices(0, range(40_000)).tolist())) == 40_000
    assert time.perf_counter() - before < 20  # a second; it was minutes when it was quadratic


def test_where_a_sample_stands_is_uniform_over_epochs() -> None:
    epochs = 2000
    for arguments in (
        {"n": 20},
        {"n": 20, "blocks": 5},
        {"n": 20, "blocks": [5] * 4, "window": 10},
        {"n": 20, "blocks": [4, 0, 6, 7, 3], "window": 20},
    ):
        order = EpochOrder(seed=31, **arguments)
        where = np.stack([order.indices(epoch, range(20)) for epoch in range(epochs)])
        counts = np.stack([np.bincount(where[:, k], minlength=20) for k in range(20)])
        expected = epochs / 20
        chi2 = ((counts - expected) ** 2 / expected).sum() * 19 / 20
        if arguments.get("window") == 20 or "blocks" not in arguments:
            assert abs(chi2 - 361) < 5 * math.sqrt(2 * 361)
        else:  # places inside a block go together: fewer degrees of freedom, more spread
            assert counts.min() > expected - 6 * math.sqrt(expected)
            assert counts.max() < expected + 6 * math.sqrt(expected)
