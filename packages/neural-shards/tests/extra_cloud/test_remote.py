"""Sets that lie elsewhere, on fsspec's file system in memory."""

from __future__ import annotations

import pickle

import fsspec
import numpy as np
import pytest

from neural_shards import (
    ShardSet,
    WebDatasetLoader,
    as_webdataset,
    cli,
    create_shards_from_arrays,
)
from neural_shards.cli import main
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


def test_a_remote_set_through_webdatasets_pipeline(remote, tmp_path, monkeypatch):
    monkeypatch.setenv("NEURAL_SHARDS_CACHE", str(tmp_path / "cache"))
    assert numbers(as_webdataset(remote[0])) == list(range(20))


def test_the_command_takes_the_address_of_a_set(remote, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NEURAL_SHARDS_CACHE", str(tmp_path / "cache"))
    url, files = remote

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["neural-shards", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return end.value.code or 0, said.out + said.err

    code, said = run("info", url)
    assert code == 0
    assert "Total samples: 20" in said
    assert run("verify", url) == (0, "20 samples in 5 shards: all as written\n")
    code, said = run("merge", url, "--output", str(tmp_path / "here"), "-q")
    assert code == 0
    assert numbers(WebDatasetLoader(tmp_path / "here", shuffle=False)) == list(range(20))
    shards = cli._shards_at(url)
    assert shards is not None
    assert len(shards) == 20
    assert cli._shards_at("memory://bucket/other") is None
    assert cli._shards_at("memory://bucket/monday.nwb") is None
    content = bytearray(files.cat_file("/bucket/set/shard_000002.tar"))
    content[content.index(b"sample_000000010.x") + 640] ^= 1
    files.pipe_file("/bucket/set/shard_000002.tar", bytes(content))
    files.rm_file("/bucket/set/shard_000003.tar")
    code, said = run("verify", url)
    assert code == 1
    assert "shard_000002.tar" in said
    assert "shard_000003.tar is missing" in said
