"""Batches gathered from shards, against the same put together sample by sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_shards import ShardSet, WebDatasetWriter, create_shards_from_arrays
from neural_shards.batch import gather, readable
from neural_shards.stack import Policy
from neuroai_core.errors import DataError, InputError, UnknownNameError

DTYPES = ["?", "<u2", ">i4", "<f2", "<f4", ">f8", "<c8"]


@pytest.fixture(scope="module")
def ragged(tmp_path_factory):
    """Spike times of different lengths, an LFP that every third sample lacks."""
    folder = tmp_path_factory.mktemp("ragged")
    with WebDatasetWriter(folder, shard_size=4) as writer:
        for i in range(10):
            sample = {"times": np.arange(i, dtype=np.float32), "trial": i, "side": "lr"[i % 2]}
            if i % 3:
                sample["lfp"] = np.full((2, 5), i, dtype=np.int16)
            writer.write_sample(sample)
    return ShardSet(folder)


@given(st.lists(st.integers(0, 10), min_size=1, max_size=12))
@settings(max_examples=30)
def test_a_batch_is_its_samples_stacked(tmp_path_factory, indices):
    folder = tmp_path_factory.mktemp("plain")
    rng = np.random.default_rng(0)
    arrays = {f"m{i}": rng.normal(size=(11, 3, i)).astype(d) for i, d in enumerate(DTYPES)}
    create_shards_from_arrays(folder, arrays, shard_size=4)
    batch = gather(ShardSet(folder), indices)
    for name, array in arrays.items():
        expected = array[indices].astype(array.dtype.newbyteorder("="))
        np.testing.assert_array_equal(batch[name], expected, strict=True)
        assert batch[name].dtype.isnative
        assert batch[name].flags.writeable
    assert [m["sample_id"] for m in batch["metadata"]] == [f"sample_{i + 1:09d}" for i in indices]


@pytest.mark.parametrize("compression", ["none", "gz", "bz2", "xz"])
def test_compression_changes_nothing(tmp_path, compression):
    arrays = {"x": np.arange(60.0).reshape(20, 3), "y": np.arange(20)}
    create_shards_from_arrays(tmp_path, arrays, shard_size=6, compression=compression)
    batch = gather(ShardSet(tmp_path), [19, 0, 7])
    np.testing.assert_array_equal(batch["x"], arrays["x"][[19, 0, 7]])
    assert batch["y"].tolist() == [19, 0, 7]


def test_different_lengths_are_a_list_or_padded_or_an_error(ragged):
    wanted = ["times"]
    batch = gather(ragged, [3, 1], wanted)
    assert [len(times) for times in batch["times"]] == [3, 1]
    batch = gather(ragged, [3, 1, 0], wanted, policy=Policy(ragged="pad"))
    assert batch["times"].tolist() == [[0, 1, 2], [0, 0, 0], [0, 0, 0]]
    assert batch["times_mask"].tolist() == [[True] * 3, [True, False, False], [False] * 3]
    with pytest.raises(DataError, match=r"shard_000000\.tar[\s\S]*sample_000000002"):
        gather(ragged, [3, 1], wanted, policy=Policy(ragged="error"))


def test_a_padded_modality_always_has_its_mask(ragged):
    batch = gather(ragged, [5, 5], ["times"], policy=Policy(ragged="pad"))
    assert batch["times_mask"].all()
    assert batch["times_mask"].shape == (2, 5)


def test_a_missing_modality_is_an_error_or_masked_never_a_shorter_batch(ragged):
    with pytest.raises(DataError, match=r"lacks a modality[\s\S]*sample_000000004[\s\S]*lfp"):
        gather(ragged, [1, 3], ["lfp"])
    masked = Policy(missing="mask")
    batch = gather(ragged, [1, 3], ["lfp"], policy=masked)
    assert batch["lfp"][:, 0, 0].tolist() == [1, 0]
    assert batch["lfp"].dtype == np.int16
    assert batch["lfp_mask"].tolist() == [True, False]
    assert gather(ragged, [1, 2], ["lfp"], policy=masked)["lfp_mask"].tolist() == [True, True]
    none = gather(ragged, [0, 9], ["lfp"], policy=masked)
    assert none["lfp"].shape == (2, 2, 5)
    assert not none["lfp_mask"].any()


def test_numbers_are_arrays_and_text_is_a_list(ragged):
    batch = gather(ragged, [4, 7], ["trial", "side"])
    assert batch["trial"].tolist() == [4, 7]
    assert batch["side"] == ["l", "r"]


def test_an_unknown_modality_and_an_unknown_sample_are_errors(ragged):
    with pytest.raises(UnknownNameError, match="did you mean 'times'"):
        gather(ragged, [0], ["time"])
    with pytest.raises(InputError, match="no such sample"):
        gather(ragged, [10])
    with pytest.raises(UnknownNameError, match="ragged"):
        Policy(ragged="fill")


def test_damaged_samples_are_found_one_by_one(tmp_path):
    create_shards_from_arrays(tmp_path, {"x": np.zeros((6, 100))}, shard_size=3)
    shard = tmp_path / "shard_000000.tar"
    content = bytearray(shard.read_bytes())
    content[content.index(b"sample_000000002.x") + 900] ^= 1
    shard.write_bytes(content)
    with pytest.raises(DataError, match=r"shard_000000\.tar[\s\S]*sample_000000002\.x\.npy"):
        gather(ShardSet(tmp_path), [0, 1])
    good, errors = readable(ShardSet(tmp_path), range(6), None)
    assert good.tolist() == [True, False, True, True, True, True]
    assert len(errors) == 1


def test_what_a_whole_batch_lacks_is_an_error_as_what_a_part_lacks(tmp_path):
    with WebDatasetWriter(tmp_path, shard_size=2) as writer:
        for i in range(4):
            writer.write_sample({"x": i, "lfp": np.zeros(2)} if i < 2 else {"x": i})
    shards = ShardSet(tmp_path)
    for indices in ([0, 2], [2, 3], [1, 0, 3]):
        for modalities in (None, ["lfp"]):
            with pytest.raises(DataError, match="lacks a modality"):
                gather(shards, indices, modalities)
    assert gather(shards, [2, 3], ["x"])["x"].tolist() == [2, 3]
    assert gather(shards, [0, 1])["lfp"].shape == (2, 2)


def test_a_mask_never_takes_the_place_of_a_modality(tmp_path):
    with WebDatasetWriter(tmp_path) as writer:
        for n in (1, 2):
            writer.write_sample({"x": np.zeros(n), "x_mask": np.full(3, n), "x_offsets": n})
    shards = ShardSet(tmp_path)
    for ragged, name in (("pad", "x_mask"), ("chain", "x_offsets")):
        for order in (None, ["x", name], [name, "x"]):
            with pytest.raises(InputError, match=name):
                gather(shards, [0, 1], order, policy=Policy(ragged=ragged))
    batch = gather(shards, [0, 1], ["x"], policy=Policy(ragged="pad"))
    assert batch["x_mask"].tolist() == [[True, False], [True, True]]
