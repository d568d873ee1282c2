"""Parts of sets, mixtures of them, and splits that do not leak."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_shards import Mixture, ShardSet, Subset, WebDatasetLoader, create_shards_from_arrays
from neural_shards.splits import select, split_by_session, split_by_time
from neuroai_core.errors import DataError, InputError


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Four sessions of 30 windows of 1 s, each half a second after the other."""
    folder = tmp_path_factory.mktemp("recordings")
    about = [{"source": f"s{i // 30}.nwb", "t_start": 5 + (i % 30) * 0.5} for i in range(120)]
    create_shards_from_arrays(folder, {"x": np.arange(120)}, shard_size=16, sample_metadata=about)
    return ShardSet(folder)


def numbers(samples):
    return [int(sample["x"]) for sample in samples]


@given(st.sets(st.integers(0, 119), min_size=1), st.booleans())
@settings(max_examples=25)
def test_a_subset_is_read_like_a_set(recordings, chosen, shuffle):
    part = Subset(recordings, sorted(chosen))
    loader = WebDatasetLoader(part, shuffle=shuffle, buffer_size=9)
    read = numbers(loader)
    assert sorted(read) == sorted(chosen)
    assert shuffle or read == sorted(chosen)
    assert part.fingerprint != recordings.fingerprint


def test_select_by_metadata(recordings):
    assert select(recordings, source="s2.nwb").indices.tolist() == list(range(60, 90))
    assert len(select(recordings, source=["s0.nwb", "s3.nwb"], t_start=5.0)) == 2
    with pytest.raises(DataError, match="sorce"):
        select(recordings, sorce="s2.nwb")


@given(st.integers(0, 20))
@settings(max_examples=10)
def test_sessions_stay_together(recordings, seed):
    parts = split_by_session(recordings, {"train": 0.5, "val": 0.25, "test": 0.25}, seed=seed)
    sessions = {name: {int(i) // 30 for i in part.indices} for name, part in parts.items()}
    assert sum(len(part) for part in parts.values()) == 120
    assert sum(map(len, sessions.values())) == len(set().union(*sessions.values())) == 4
    assert {name: len(s) for name, s in sessions.items()} == {"train": 2, "val": 1, "test": 1}


@given(st.floats(0, 3))
@settings(max_examples=25)
def test_no_window_of_a_part_comes_near_another_part(recordings, margin):
    parts = split_by_time(recordings, {"a": 0.6, "b": 0.4}, window_s=1.0, margin_s=margin)
    times = {name: [5 + (i % 30) * 0.5 for i in part.indices] for name, part in parts.items()}
    assert max(times["a"]) + 1.0 + margin <= min(times["b"]) + 1e-9
    assert {i // 30 for i in parts["a"].indices} == set(range(4))


@pytest.mark.parametrize("fractions", [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}])
def test_fractions_add_up(recordings, fractions):
    with pytest.raises(InputError, match="fractions"):
        split_by_session(recordings, fractions)


@given(st.integers(0, 10), st.lists(st.floats(0.05, 1), min_size=2, max_size=2), st.booleans())
@settings(max_examples=25)
def test_a_mixture_holds_its_proportions(recordings, seed, weights, shuffle):
    sets = [Subset(recordings, range(40)), Subset(recordings, range(40, 120))]
    mixture = Mixture(sets, weights, length=400)
    loader = WebDatasetLoader(mixture, seed=seed, shuffle=shuffle, buffer_size=16)
    read = np.array(numbers(loader) + numbers(loader))
    share = weights[0] / sum(weights)
    for start in range(0, 800, 100):
        assert abs((read[start : start + 100] < 40).sum() - 100 * share) <= 3
    for low, high in ((0, 40), (40, 120)):
        mine = read[(low <= read) & (read < high)]
        whole = mine[: len(mine) // (high - low) * (high - low)].reshape(-1, high - low)
        assert (np.sort(whole, axis=1) == np.arange(low, high)).all()


@given(st.integers(0, 150), st.integers(0, 150))
@settings(max_examples=25)
def test_a_mixture_goes_on_exactly(recordings, stop, again):
    def make():
        return WebDatasetLoader(Mixture([Subset(recordings, range(9)), recordings], [1, 2]))

    whole, loader = numbers(make()), make()
    iterator = iter(loader)
    stop, again = sorted(min(n, len(whole)) for n in (stop, again))
    part = [int(next(iterator)["x"]) for _ in range(stop)]
    for until in (again, len(whole)):
        state, loader = loader.state_dict(), make()
        loader.load_state_dict(state)
        iterator = iter(loader)
        part += [int(next(iterator)["x"]) for _ in range(until - len(part))]
    assert part == whole


def test_what_cannot_be_mixed_is_refused(recordings):
    for sets, weights in (([], None), ([recordings], [0]), ([recordings], [1, 1])):
        with pytest.raises(InputError, match="mixed"):
            Mixture(sets, weights)
