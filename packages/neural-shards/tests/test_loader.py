"""Reading samples: order, position, checkpoints, without torch."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_shards import (
    ResumableWebDatasetLoader,
    ShardedDatasetInfo,
    ShardSet,
    WebDatasetLoader,
    create_shards_from_arrays,
)
from neuroai_core.errors import DataError, InputError, NeuroAIError, NotFoundError

N = 25


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    """A set whose sample `i` holds the number `i`: 25 samples in shards of 4."""
    folder = tmp_path_factory.mktemp("set")
    data = {
        "number": np.arange(N),
        "spikes": np.arange(N * 6, dtype=np.float32).reshape(N, 2, 3),
    }
    create_shards_from_arrays(folder, data, shard_size=4)
    return folder


def numbers(samples):
    return [int(sample["number"]) for sample in samples]


def test_samples_come_back_as_they_were(numbered):
    samples = list(WebDatasetLoader(numbered, shuffle=False))
    assert numbers(samples) == list(range(N))
    expected = np.arange(6, 12, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(samples[1]["spikes"], expected, strict=True)
    assert samples[1]["metadata"]["sample_id"] == "sample_000000002"
    samples[1]["spikes"][0, 0] = -1  # its own memory, not the file's


@settings(max_examples=25)
@given(st.integers(1, 40), st.integers(0, 99))
def test_every_epoch_holds_every_sample_once_in_an_order_of_its_own(numbered, buffer_size, seed):
    loader = WebDatasetLoader(numbered, buffer_size=buffer_size, seed=seed)
    first, second = numbers(loader), numbers(loader)
    assert sorted(first) == sorted(second) == list(range(N))
    assert first != second
    again = WebDatasetLoader(numbered, buffer_size=buffer_size, seed=seed)
    assert numbers(again) == first


@settings(max_examples=25)
@given(st.booleans(), st.integers(0, 2 * N), st.integers(0, 2 * N))
def test_a_run_goes_on_exactly_at_every_position_and_twice(numbered, shuffle, stop, again):
    def make():
        return WebDatasetLoader(numbered, shuffle=shuffle, buffer_size=7)

    def read(loader, count):
        got = []
        while len(got) < count:
            for sample in loader:
                got.append(int(sample["number"]))
                if len(got) == count:
                    break
        return got

    whole = read(make(), 5 * N)
    stop, again = min(stop, again), max(stop, again)
    first, second, third = make(), make(), make()
    part = read(first, stop)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    part += read(second, again - stop)
    third.load_state_dict(json.loads(json.dumps(second.state_dict())))
    part += read(third, 5 * N - again)
    assert part == whole


def test_the_documented_state(tmp_path):
    create_shards_from_arrays(tmp_path / "set", {"number": np.arange(2500)}, shard_size=1000)
    for options in ({"shuffle": False}, {}):
        loader = WebDatasetLoader(tmp_path / "set", **options)
        whole = numbers(loader)
        loader = WebDatasetLoader(tmp_path / "set", **options)
        iterator = iter(loader)
        for _ in range(100):
            next(iterator)
        state = loader.get_state()
        assert state == {"shard_idx": 0, "sample_offset": 100}
        after = int(next(iterator)["number"])
        assert after == whole[100]
        loader.set_state(state)
        assert int(next(iterator)["number"]) == after
        loader.set_state(state)
        assert numbers(loader) == whole[100:]
        other = WebDatasetLoader(tmp_path / "set", **options)
        other.set_state(state)
        assert numbers(other) == whole[100:]
        other.set_state({"shard_idx": 2, "sample_offset": 499})
        assert numbers(other) == whole[-1:]


@pytest.mark.parametrize(
    "state",
    [{}, {"shard_idx": 7, "sample_offset": 1}, {"shard_idx": 0, "sample_offset": 5}, "x"],
)
def test_a_position_that_is_none_is_refused(numbered, state):
    loader = WebDatasetLoader(numbered)
    with pytest.raises(InputError):
        loader.set_state(state)


def test_checkpoints_go_on_where_the_last_was_written(numbered, tmp_path):
    path = tmp_path / "deep" / "checkpoint.json"
    whole = numbers(WebDatasetLoader(numbered))
    loader = ResumableWebDatasetLoader(numbered, path, 10)
    for number, _ in enumerate(loader):
        if number == 23:
            break
    loader = ResumableWebDatasetLoader(numbered, path, 10)
    assert numbers(loader) == whole[20:]
    assert numbers(ResumableWebDatasetLoader(numbered, path)) != whole  # the next epoch


def test_a_checkpoint_of_something_else_is_refused(numbered, tmp_path):
    path = tmp_path / "checkpoint.json"
    list(ResumableWebDatasetLoader(numbered, path))
    create_shards_from_arrays(tmp_path / "other", {"number": np.arange(N)}, shard_size=4)
    with pytest.raises(DataError, match="changed"):
        ResumableWebDatasetLoader(tmp_path / "other", path)
    with pytest.raises(DataError, match="another order"):
        ResumableWebDatasetLoader(numbered, path, seed=1)
    for damage in ("", "[]", "{}", '{"progress": 1, "order": 2}'):
        path.write_text(damage)
        with pytest.raises(NeuroAIError):
            ResumableWebDatasetLoader(numbered, path)


def test_a_missing_folder_and_an_unknown_argument_say_so(tmp_path):
    with pytest.raises(NotFoundError, match="no such folder"):
        WebDatasetLoader(tmp_path / "nowhere")
    with pytest.raises(NotFoundError, match="no shards"):
        WebDatasetLoader(tmp_path)
    with pytest.raises(TypeError, match="did you mean 'shuffle'"):
        WebDatasetLoader(tmp_path, shufle=True)
    with pytest.raises(TypeError, match="did you mean 'buffer_size'"):
        ResumableWebDatasetLoader(tmp_path, bufer_size=1)


def test_a_truncated_shard_says_which(tmp_path):
    create_shards_from_arrays(tmp_path, {"x": np.zeros((9, 100))}, shard_size=3)
    shard = tmp_path / "shard_000001.tar"
    shard.write_bytes(shard.read_bytes()[:-5000])
    with pytest.raises(DataError, match=r"shard_000001\.tar has \d+ bytes"):
        WebDatasetLoader(tmp_path)
    for name in ("dataset_metadata.json", "shard_000001.tar.idx"):
        (tmp_path / name).unlink()
    with pytest.raises(DataError, match="cut short"):
        WebDatasetLoader(tmp_path)


def test_tars_without_manifest_and_index_are_a_set_too(tmp_path):
    create_shards_from_arrays(tmp_path, {"number": np.arange(9)}, shard_size=3)
    for path in [*tmp_path.glob("*.idx"), tmp_path / "dataset_metadata.json"]:
        path.unlink()
    assert numbers(WebDatasetLoader(tmp_path, shuffle=False)) == list(range(9))
    assert ShardSet(tmp_path).modalities == {"number": {"kind": "npy", "dtype": "<i8", "shape": []}}


def test_info_has_the_documented_keys(numbered, capsys):
    summary = ShardedDatasetInfo(numbered).get_summary()
    keys = ("total_samples", "total_shards", "shard_size", "compression", "modalities")
    assert [summary[key] for key in keys] == [N, 7, 4, "none", ["number", "spikes"]]
    ShardedDatasetInfo(numbered).print_summary()
    assert "Total samples: 25" in capsys.readouterr().out
