from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, IterableDataset

from neuroai_core import DataError, InputError, UnknownArgumentError
from retina_data import LongCycler, ShortCycler, session_loaders

# Python 3.12 warns of any fork in a process with threads, and torch has threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")

lengths = st.lists(st.integers(1, 6), min_size=1, max_size=4)


class Stream(IterableDataset):
    """A loader's data that can only be gone through."""

    def __init__(self, name, n):
        self.name, self.n = name, n

    def __iter__(self):
        return iter([f"{self.name}{i}" for i in range(self.n)])

    def __len__(self):
        return self.n


def plain(sizes, shuffle=False):
    return {
        f"s{i}": DataLoader([f"s{i}.{j}" for j in range(n)], shuffle=shuffle)
        for i, n in enumerate(sizes)
    }


def streams(sizes):
    return {f"s{i}": DataLoader(Stream(f"s{i}.", n)) for i, n in enumerate(sizes)}


def drawn(pairs):
    return [batch[0] for _, batch in pairs]


@given(lengths, st.sampled_from([plain, streams]))
def test_long_takes_a_batch_of_each_in_turn_until_the_longest_is_through(sizes, kind):
    cycler = LongCycler(kind(sizes), shuffle=False)
    pairs = list(cycler)
    assert len(pairs) == len(cycler) == len(sizes) * max(sizes)
    assert [key for key, _ in pairs] == [f"s{i}" for i in range(len(sizes))] * max(sizes)
    for i, n in enumerate(sizes):
        mine = [batch[0] for key, batch in pairs if key == f"s{i}"]
        assert mine == [f"s{i}.{j % n}" for j in range(max(sizes))]


@given(lengths, st.sampled_from([plain, streams]))
def test_short_is_every_batch_once_session_after_session(sizes, kind):
    cycler = ShortCycler(kind(sizes))
    assert drawn(cycler) == [f"s{i}.{j}" for i, n in enumerate(sizes) for j in range(n)]
    assert len(cycler) == sum(sizes)


def test_sessions_come_in_another_order_every_epoch():
    cycler = LongCycler(plain([1] * 6), seed=1)
    orders = [tuple(key for key, _ in cycler) for _ in range(4)]
    assert len(set(orders)) > 1
    assert all(sorted(order) == [f"s{i}" for i in range(6)] for order in orders)
    again = LongCycler(plain([1] * 6), seed=1)
    assert [tuple(key for key, _ in again) for _ in range(4)] == orders


def test_a_short_session_starts_again_reshuffled():
    cycler = LongCycler(plain([20, 4], shuffle=True), seed=0)
    mine = [batch[0] for key, batch in cycler if key == "s1"]
    passes = [tuple(mine[i : i + 4]) for i in range(0, 20, 4)]
    assert len(set(passes)) > 1
    assert all(sorted(p) == [f"s1.{j}" for j in range(4)] for p in passes)


@pytest.mark.parametrize("cycler", [LongCycler, ShortCycler])
def test_an_empty_loader_is_an_error(cycler):
    """Upstream's LongCycler never comes back from it."""
    loaders = plain([3]) | {"empty": DataLoader(range(2), batch_size=3, drop_last=True)}
    with pytest.raises(InputError, match="without a batch") as error:
        cycler(loaders)
    assert "'empty'" in str(error.value)


def test_other_things_that_cannot_be_cycled():
    with pytest.raises(InputError, match="no loaders"):
        LongCycler({})
    with pytest.raises(InputError, match="no length"):
        ShortCycler({"a": iter([1])})
    with pytest.raises(UnknownArgumentError, match="shuffle"):
        LongCycler(plain([1]), shufle=True)
    with pytest.raises(InputError, match="belong together"):
        LongCycler(plain([1]), rank=1)

    class Liar(list):
        def __len__(self):
            return 5

    with pytest.raises(DataError, match="ended before"):
        list(ShortCycler({"a": Liar()}))


@given(
    sizes=lengths,
    ranks=st.integers(1, 4),
    tail=st.sampled_from(["pad", "drop"]),
    kind=st.sampled_from([LongCycler, ShortCycler]),
)
def test_ranks_make_equal_steps_and_share_the_whole(sizes, ranks, tail, kind):
    whole = drawn(kind(plain(sizes, shuffle=True)))
    parts = [
        kind(plain(sizes, shuffle=True), rank=r, world_size=ranks, tail=tail) for r in range(ranks)
    ]
    got = [drawn(part) for part in parts]
    assert len({len(g) for g in got} | {len(p) for p in parts}) == 1
    merged = [x for step in zip(*got, strict=True) for x in step]
    if tail == "drop":
        assert merged == whole[: len(whole) // ranks * ranks]
    else:
        assert merged[: len(whole)] == whole


@settings(max_examples=50)
@given(
    sizes=lengths, epochs=st.integers(0, 2), stop=st.integers(0, 30), kind=st.booleans(),
    before=st.integers(1, 3), after=st.integers(1, 3),
)  # fmt: skip
def test_it_goes_on_exactly_where_it_stopped(sizes, epochs, stop, kind, before, after):
    make = LongCycler if kind else ShortCycler

    def ranks(n):
        return [make(plain(sizes, shuffle=True), rank=r, world_size=n) for r in range(n)]

    def steps(cyclers):  # what all ranks get, in the order of the steps
        return [x for step in zip(*(drawn(c) for c in cyclers), strict=True) for x in step]

    first = ranks(before)
    for _ in range(epochs):
        steps(first)
    stop = min(stop, len(first[0]) - 1)
    had = [x for step in itertools.islice(zip(*first, strict=True), stop) for x in step]
    state = first[0].state_dict()
    second = ranks(after)
    for cycler in second:
        cycler.load_state_dict(state)
    rest = steps(second)
    single = make(plain(sizes, shuffle=True))
    for _ in range(epochs):
        list(single)
    whole = drawn(single)
    assert (drawn(had) + rest)[: len(whole)] == whole
    if after == 1:  # and then the next epoch
        assert drawn(second[0]) == drawn(single)


def test_a_broken_off_iteration_is_followed_by_a_whole_epoch():
    cycler = LongCycler(plain([4, 2]))
    next(iter(cycler))
    assert len(list(cycler)) == 8


def test_a_state_of_other_sessions_is_refused():
    state = LongCycler(plain([4, 2])).state_dict()
    with pytest.raises(DataError, match="changed"):
        LongCycler(plain([4, 3])).load_state_dict(state)
    with pytest.raises(InputError, match="seed"):
        LongCycler(plain([4, 2]), seed=1).load_state_dict(state)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("cycler", [LongCycler, ShortCycler])
def test_workers_give_the_same_batches(cycler, workers):
    expected = cycler(plain([3, 5, 1], shuffle=True))
    loader = DataLoader(
        cycler(plain([3, 5, 1], shuffle=True)), batch_size=None, num_workers=workers
    )
    for _ in range(2):
        assert drawn(loader) == drawn(expected)


@pytest.mark.parametrize("cycler", [LongCycler, ShortCycler])
def test_workers_share_what_can_only_be_gone_through(cycler):
    sizes = [1, 4, 2]
    loader = DataLoader(cycler(streams(sizes)), batch_size=None, num_workers=2)
    assert Counter(drawn(loader)) == Counter(drawn(cycler(streams(sizes))))


class Backwards(torch.utils.data.Sampler):
    """An order of one's own."""

    def __iter__(self):
        return iter([2, 1, 0])

    def __len__(self):
        return 3


FOREIGN = {
    "stream": lambda: DataLoader(Stream("x", 3)),
    "sampler": lambda: DataLoader(["x0", "x1", "x2"], sampler=Backwards()),
    "workers": lambda: DataLoader(["x0", "x1", "x2"], shuffle=True, num_workers=1),
    "list": lambda: [["x0"], ["x1"], ["x2"]],
}


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("cycler", [LongCycler, ShortCycler])
def test_what_has_an_order_of_its_own_is_cycled_but_not_resumed_or_shared(cycler, kind):
    def make(**kwargs):
        return cycler(plain([3]) | {"own": FOREIGN[kind]()}, **kwargs)

    first = make()
    between = first.state_dict()
    expected = Counter(["s0.0", "s0.1", "s0.2", "x0", "x1", "x2"])
    steps = iter(first)
    next(steps)
    with pytest.raises(InputError, match="middle of an epoch") as error:
        first.state_dict()
    assert "'own'" in str(error.value)
    assert "cycler.loader(num_workers=...)" in str(error.value)
    owned = cycler(plain([3]) | {"own": DataLoader(range(3))})
    next(iter(owned))
    with pytest.raises(InputError, match="cannot be taken up"):
        make().load_state_dict(owned.state_dict())
    with pytest.raises(InputError, match="several ranks"):
        make(rank=0, world_size=2)
    again = make()
    again.load_state_dict(between)
    for _ in range(2):  # whole epochs, and the state between them, are as ever
        assert Counter(drawn(again)) == expected
    assert again.state_dict()["epoch"] == 2


def test_streams_shared_by_workers_have_no_state_within_an_epoch():
    """Upstream deals sessions to workers too; what came of each is not known from a count."""
    loader = ShortCycler(streams([4, 3, 2])).loader(num_workers=2)
    steps = iter(loader)
    for _ in range(6):
        next(steps)
    with pytest.raises(InputError, match="middle of an epoch"):
        loader.state_dict()
    assert len(list(steps)) == 3
    assert loader.state_dict()["epoch"] == 1
    cycler = ShortCycler(streams([4, 3, 2]))
    list(DataLoader(cycler, batch_size=None, num_workers=1))
    with pytest.raises(InputError, match="middle of an epoch"):  # nobody counts there
        cycler.state_dict()


def test_ranks_that_torch_tells_later_are_refused_too(monkeypatch):
    cycler = LongCycler(streams([2]))
    monkeypatch.setattr("retina_data.stepping.ranks", lambda: (1, 2))
    with pytest.raises(InputError, match="several ranks"):
        next(iter(cycler))


def test_a_loader_with_workers_resumes_from_what_was_delivered(make_session):
    def cycler():
        sessions = {n: make_session(range(9), name=n) for n in "ab"}
        loaders = session_loaders(sessions, validation_clips=[3], chunk_size=3, batch_size=2)
        return LongCycler(loaders["train"], seed=4)

    plain_run = cycler()
    expected = [[(k, b.inputs) for k, b in plain_run] for _ in range(2)]
    loader = cycler().loader(num_workers=2)
    iterator = iter(loader)
    got = [next(iterator) for _ in range(3)]
    state = loader.state_dict()
    assert state["delivered"] == 3
    del iterator
    again = cycler().loader(num_workers=1)
    again.load_state_dict(state)
    got += list(again)
    for epoch, pairs in enumerate([got, list(again)]):
        for (key, inputs), (k, b) in zip(expected[epoch], pairs, strict=True):
            assert key == k
            assert torch.equal(inputs, b.inputs)


def test_a_loader_without_workers_counts_once():
    loader = LongCycler(plain([2, 3])).loader()
    steps = iter(loader)
    next(steps)
    assert loader.state_dict()["delivered"] == 1
    assert len(list(steps)) == 5
    assert drawn(loader) == drawn(LongCycler(plain([2, 3]))) or loader.cycler.epoch == 2


def test_a_broken_off_worker_run_does_not_miscount():
    loader = LongCycler(plain([5, 5])).loader(num_workers=2)
    next(iter(loader))
    assert loader.state_dict()["delivered"] == 1
    assert len(list(loader)) == len(loader) == 10
    assert loader.state_dict()["epoch"] == 2
    assert loader.state_dict()["delivered"] == 0


def test_hundred_sessions_are_planned_alike(make_session):
    sessions = {f"s{i}": make_session(range(4), name=f"s{i}") for i in range(5)}
    loaders = session_loaders(sessions, validation_clips=[0], chunk_size=2, batch_size=3)["train"]
    seen = {
        k: np.sort(
            np.concatenate(
                [b.inputs[:, 0, 0, 0, 0].numpy() for kk, b in LongCycler(loaders) if kk == k]
            )
        ).tolist()
        for k in loaders
    }
    assert len({tuple(v) for v in seen.values()}) > 1  # each session has its own offsets
