import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core import DataError, InputError, Progress, Stripes, UnknownNameError

N = st.integers(0, 40)
BATCH = st.integers(1, 6)
WORLD = st.integers(1, 6)


def all_ranks(n: int, batch_size: int, world_size: int, **arguments: object) -> list[Stripes]:
    return [
        Stripes(n, batch_size=batch_size, rank=rank, world_size=world_size, **arguments)
        for rank in range(world_size)
    ]


def global_batches(ranks: list[Stripes]) -> list[list[int]]:
    """The positions that all ranks together have at each step, repeats left out."""
    assert len({r.steps for r in ranks}) == 1
    return [
        [int(i) for r in ranks for i in r.positions(step)[r.valid(step)]]
        for step in range(ranks[0].steps)
    ]


def joined(batches: list[list[int]]) -> list[int]:
    return [i for batch in batches for i in batch]


@given(N, BATCH, WORLD, st.integers(0, 40))
def test_drop_gives_the_full_global_batches(n: int, batch: int, world: int, start: int) -> None:
    start = min(start, n)
    ranks = all_ranks(n, batch, world, tail="drop", start=start)
    size = batch * world
    expected = [list(range(first, first + size)) for first in range(start, n - size + 1, size)]
    assert global_batches(ranks) == expected
    assert all(r.positions(s).size == batch for r in ranks for s in range(r.steps))


@given(N, BATCH, WORLD, st.integers(0, 40))
def test_pad_gives_each_once_and_fills_the_last_step(
    n: int, batch: int, world: int, start: int
) -> None:
    start = min(start, n)
    ranks = all_ranks(n, batch, world, tail="pad", start=start)
    given_once = joined(global_batches(ranks))
    assert given_once == list(range(start, n))
    assert ranks[0].steps == -(-(n - start) // (batch * world))
    # The padding goes on from the epoch's start, as often as it needs.
    padded = [int(i) for s in range(ranks[0].steps) for r in ranks for i in r.positions(s)]
    assert padded == [(start + i) % n for i in range(ranks[0].steps * batch * world)]
    assert all(r.positions(s).size == batch for r in ranks for s in range(r.steps))


@given(N, BATCH, WORLD, st.integers(0, 40))
def test_spread_gives_each_once_in_equal_steps(n: int, batch: int, world: int, start: int) -> None:
    start = min(start, n)
    left = n - start
    # k non-empty batches of at most `batch` a rank exist for some k, or they do not.
    possible = any(k * world <= left <= k * world * batch for k in range(left + 1))
    if not possible:
        with pytest.raises(InputError, match="too few samples"):
            all_ranks(n, batch, world, tail="spread", start=start)
        return
    ranks = all_ranks(n, batch, world, tail="spread", start=start)
    assert joined(global_batches(ranks)) == list(range(start, n))
    sizes = [[r.positions(s).size for r in ranks] for s in range(ranks[0].steps)]
    assert ranks[0].steps == -(-left // (batch * world))
    assert all(1 <= size <= batch for step in sizes for size in step)
    assert all(r.valid(s).all() for r in ranks for s in range(r.steps))
    tail = joined(sizes[-2:])
    assert max(tail[-world:], default=1) - min(tail[-world:], default=1) <= 1


@given(N, BATCH, WORLD, st.sampled_from(["drop", "pad", "spread"]))
def test_delivered_counts_what_came(n: int, batch: int, world: int, tail: str) -> None:
    try:
        ranks = all_ranks(n, batch, world, tail=tail)
    except InputError:
        return
    batches = global_batches(ranks)
    for steps in range(len(batches) + 1):
        assert ranks[-1].delivered(steps) == sum(map(len, batches[:steps]))


@given(
    st.integers(1, 60),
    st.integers(1, 4),
    WORLD,
    st.sampled_from(["drop", "pad", "spread"]),
    st.data(),
)
def test_a_restart_over_other_ranks_goes_on_exactly(
    n: int, batch: int, world: int, tail: str, data: st.DataObject
) -> None:
    try:
        before = all_ranks(n, batch, world, tail=tail)
    except InputError:
        return
    step = data.draw(st.integers(0, before[0].steps))
    size = batch * world
    other = data.draw(st.sampled_from([w for w in range(1, size + 1) if size % w == 0]))
    start = before[0].delivered(step)
    try:
        after = all_ranks(n, size // other, other, tail=tail, start=start)
    except InputError:
        assert tail == "spread"
        assert n % size  # only the tail can be too small for more ranks
        return
    rest = global_batches(before)[step:]
    again = global_batches(after)
    if tail == "spread":
        assert joined(again) == joined(rest)
        full = max((n - start) // size - 1, 0)  # the last two steps may be dealt otherwise
        assert again[:full] == rest[:full]
        if other == world:
            assert again == rest
    else:
        assert again == rest


@given(
    st.integers(0, 60),
    st.lists(st.tuples(BATCH, WORLD, st.integers(0, 5)), min_size=1, max_size=6),
    st.sampled_from(["pad", "spread"]),
)
def test_restarts_with_other_batches_cover_the_rest_exactly(
    n: int, runs: list[tuple[int, int, int]], tail: str
) -> None:
    seen: list[int] = []
    for batch, world, steps in runs:
        try:
            ranks = all_ranks(n, batch, world, tail=tail, start=len(seen))
        except InputError:
            continue
        steps = min(steps, ranks[0].steps)
        seen += joined(global_batches(ranks)[:steps])
        assert len(seen) == ranks[0].delivered(steps)
    last = Stripes(n, batch_size=4, tail=tail, start=len(seen))
    seen += joined(global_batches([last]))
    assert seen == list(range(n))


@given(N, BATCH, st.integers(1, 5))
def test_workers_share_the_steps_in_turn(n: int, batch: int, workers: int) -> None:
    stripes = Stripes(n, batch_size=batch, tail="pad")
    dealt = [list(stripes.worker_steps(w, workers)) for w in range(workers)]
    # As torch collects them: one of each worker in turn, those that are through left out.
    collected = [
        steps[turn] for turn in range(stripes.steps) for steps in dealt if turn < len(steps)
    ]
    assert collected == list(range(stripes.steps))
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 1


def test_spread_needs_no_tail_where_it_fits() -> None:
    stripes = Stripes(8, batch_size=2, world_size=2, tail="spread")
    assert [stripes.positions(step).tolist() for step in range(stripes.steps)] == [[0, 1], [4, 5]]


def test_spread_gives_the_larger_batches_first() -> None:
    ranks = all_ranks(17, 2, 4, tail="spread")  # 8, and 9 over two steps of four ranks
    sizes = [[r.positions(s).size for r in ranks] for s in range(ranks[0].steps)]
    assert sizes == [[2, 2, 2, 2], [2, 1, 1, 1], [1, 1, 1, 1]]


def test_positions_are_int64_and_large_epochs_cost_nothing() -> None:
    stripes = Stripes(10**12 + 3, batch_size=256, rank=7, world_size=8, tail="spread")
    last = stripes.positions(stripes.steps - 1)
    assert last.dtype == np.int64
    assert last[-1] == 10**12 + 2


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        ({"n": -1}, "n"),
        ({"n": 5.0}, "n"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": None}, "batch_size"),
        ({"world_size": 0}, "world_size"),
        ({"rank": 2, "world_size": 2}, "rank"),
        ({"rank": -1}, "rank"),
        ({"start": 6}, "start"),
        ({"start": -1}, "start"),
    ],
)
def test_what_cannot_be_is_refused(arguments: dict, key: str) -> None:
    with pytest.raises(InputError, match=f"{key} is") as raised:
        Stripes(**{"n": 5, "batch_size": 2, **arguments})
    assert raised.value.key == key


def test_an_unknown_tail_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="'drop', 'pad', 'spread'"):
        Stripes(5, batch_size=2, tail="dorp")


def test_steps_and_workers_out_of_range_are_refused() -> None:
    stripes = Stripes(np.int64(5), batch_size=np.int32(2))
    assert json.dumps(stripes.n) == "5"
    for call in (stripes.positions, stripes.valid):
        for step in (-1, 2, 0.5):
            with pytest.raises(InputError, match="step is"):
                call(step)
    with pytest.raises(InputError, match="steps is out of range"):
        stripes.delivered(3)
    for worker, workers in ((-1, 1), (1, 1), (0, 0)):
        with pytest.raises(InputError, match="worker"):
            stripes.worker_steps(worker, workers)
    with pytest.raises(InputError, match="nothing"):
        Stripes(0, batch_size=1).positions(0)


def test_equal_stripes_are_equal_and_travel() -> None:
    stripes = Stripes(7, batch_size=2, tail="spread")
    assert stripes.steps == 4
    assert pickle.loads(pickle.dumps(stripes)) == stripes == Stripes(7, batch_size=2, tail="spread")
    assert replace(stripes, start=2).steps == 3


# Progress

PROGRESS = st.builds(
    lambda f, n, seed, epoch, d: Progress(f, n, seed, epoch, min(d, n)),
    st.text(),
    st.integers(0, 10**12),
    st.integers(),
    st.integers(0, 10**6),
    st.integers(0, 10**12),
)


@given(PROGRESS)
def test_a_state_comes_back_from_json(progress: Progress) -> None:
    state = json.loads(json.dumps(progress.state_dict()))
    assert Progress.from_state(state) == progress
    assert state["version"] == Progress.VERSION


def test_numpy_numbers_become_plain_ones() -> None:
    progress = Progress("a", np.int64(5), np.int32(1), np.uint8(2), np.int16(3))
    assert json.loads(json.dumps(progress.state_dict()))["delivered"] == 3


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"version": 2}, "not a state of this format"),
        ({"more": 1}, "not a state of this format"),
        ({"delivered": 6}, "state is out of range"),
        ({"delivered": -1}, "state is out of range"),
        ({"epoch": -1}, "state is out of range"),
        ({"n": -1, "delivered": 0}, "state is out of range"),
        ({"n": True}, "value of the wrong type"),
        ({"version": True}, "value of the wrong type"),
        ({"fingerprint": 3}, "value of the wrong type"),
        ({"seed": 1.0}, "value of the wrong type"),
    ],
)
def test_what_is_no_state_is_refused(change: dict, text: str) -> None:
    state = Progress("a", n=5, seed=1).state_dict()
    with pytest.raises(DataError, match=text):
        Progress.from_state({**state, **change})


@pytest.mark.parametrize("missing", ["version", "n", "delivered", "fingerprint"])
def test_a_state_with_a_part_missing_is_refused(missing: str) -> None:
    state = Progress("a", n=5, seed=1).state_dict()
    del state[missing]
    with pytest.raises(DataError, match="not a state of this format"):
        Progress.from_state(state)


@pytest.mark.parametrize("wrong", [{"n": -1}, {"epoch": 0.5}, {"delivered": 6}, {"seed": "x"}])
def test_a_progress_that_cannot_be_is_refused(wrong: dict) -> None:
    with pytest.raises(InputError, match="is "):
        Progress(**{"fingerprint": "a", "n": 5, "seed": 1, **wrong})


def test_another_data_set_is_refused() -> None:
    progress = Progress("a", n=5, seed=1)
    progress.check(fingerprint="a", n=5)
    for other in ({"fingerprint": "b", "n": 5}, {"fingerprint": "a", "n": 6}):
        with pytest.raises(DataError, match="data set has changed"):
            progress.check(**other)
