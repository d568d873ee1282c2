"""Sets that lie elsewhere, on fsspec's file system in memory."""

from __future__ import annotations

import pickle

import fsspec
import numpy as np
import pytest

from neural_shards import ShardSet, WebDatasetLoader, create_shards_from_arrays
from neuroai_core.errors import DataError, NotFoundError


@pytest.fixture
def remote(tmp_path):
    """The URL of a set of 20 samples in 5 shards, and the file system."""
    create_shards_from_arrays(tmp_path / "local", {"x": np.arange(20)}, shard_size=4)
    files = fsspec.filesystem("memory")
    files.put(str(tmp_path / "local"), "/bucket/set", recursive=True)
    yield "memory://bucket/set", files
    files.rm("/bucket", recursive=True)


def numbers(samples):
    return [int(sample["x"]) for sample in samples]


def test_a_remote_set_is_read_and_kept(remote, tmp_path):
    url, files = remote
    shards = ShardSet(url, cache_dir=tmp_path / "cache")
    assert list((tmp_path / "cache").rglob("*.tar")) == []  # nothing is fetched unasked
    assert numbers(WebDatasetLoader(shards, shuffle=False)) == list(range(20))
    for path in files.glob("/bucket/set/*.tar"):
        files.pipe_file(path, bytes(files.size(path)))  # what is kept is not fetched again
    again = ShardSet(url, cache_dir=tmp_path / "cache")
    assert numbers(WebDatasetLoader(again, shuffle=False)) == list(range(20))
    assert again.fingerprint == ShardSet(tmp_path / "local").fingerprint
    assert len(pickle.loads(pickle.dumps(again))) == 20


def test_the_cache_keeps_to_its_limit(remote, tmp_path):
    size = max(path.stat().st_size for path in (tmp_path / "local").glob("*.tar"))
    shards = ShardSet(remote[0], cache_dir=tmp_path / "cache", cache_bytes=3 * size)
    for epoch in range(2):
        assert sorted(numbers(WebDatasetLoader(shards, seed=epoch))) == list(range(20))
    fresh = ShardSet(remote[0], cache_dir=tmp_path / "cache", cache_bytes=3 * size)
    assert numbers(WebDatasetLoader(fresh, shuffle=False)) == list(range(20))
    assert 1 <= len(list((tmp_path / "cache").rglob("*.tar"))) <= 3


def test_what_comes_damaged_is_refused_and_not_kept(remote, tmp_path):
    url, files = remote
    name = "/bucket/set/shard_000002.tar"
    content = bytearray(files.cat_file(name))
    content[600] ^= 1
    files.pipe_file(name, bytes(content))
    shards = ShardSet(url, cache_dir=tmp_path / "cache")
    with pytest.raises(DataError, match=r"did not come whole[\s\S]*shard_000002\.tar"):
        shards.sample(8)
    assert list((tmp_path / "cache").rglob("shard_000002.tar")) == []
    files.rm(name)
    with pytest.raises(DataError, match=r"shard_000002\.tar is missing"):
        ShardSet(url, cache_dir=tmp_path / "cache")


def test_a_missing_remote_set_says_so(tmp_path):
    with pytest.raises(NotFoundError, match="manifest"):
        ShardSet("memory://nowhere/set", cache_dir=tmp_path)
