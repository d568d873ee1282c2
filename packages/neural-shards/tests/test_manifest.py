"""A manifest whose checksum fits but which nobody wrote is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neural_shards import ShardSet, create_shards_from_arrays, index_shards, verify
from neural_shards.manifest import Manifest, _checksum
from neuroai_core.errors import DataError, InputError


def changed(content, change):
    read = json.loads(content)
    read.pop("checksum")
    change(read)
    return json.dumps({**read, "checksum": _checksum(read)}).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["shards"][0].update(name="../shard_000000.tar"),
        lambda m: m["shards"][0].update(name="/etc/passwd"),
        lambda m: m["shards"][0].update(samples=-1),
        lambda m: m["shards"][0].update(samples="3"),
        lambda m: m["shards"][0].update(bytes=1.5),
        lambda m: m["modalities"]["x"].update(dtype="f8,(08)f8"),
        lambda m: m["modalities"]["x"].update(shape=[-3]),
        lambda m: m.update(modalities=[]),
        lambda m: m.update(metadata="x"),
    ],
)
def test_what_no_writer_writes_is_refused(tmp_path, change):
    create_shards_from_arrays(tmp_path, {"x": np.zeros((3, 2))})
    content = (tmp_path / "dataset_metadata.json").read_bytes()
    assert Manifest.from_bytes(changed(content, lambda m: None), "m").total_samples == 3
    with pytest.raises(DataError, match="damaged"):
        Manifest.from_bytes(changed(content, change), "m")


def test_a_shard_that_has_not_the_stated_samples_is_named(tmp_path):
    create_shards_from_arrays(tmp_path, {"x": np.zeros((3, 2))})
    path = tmp_path / "dataset_metadata.json"
    path.write_bytes(changed(path.read_bytes(), lambda m: m["shards"][0].update(samples=4)))
    with pytest.raises(DataError, match=r"shard_000000\.tar"):
        ShardSet(tmp_path).sample(3)


def test_anothers_file_of_the_manifests_name_is_left_alone(tmp_path):
    create_shards_from_arrays(tmp_path, {"x": np.arange(5)}, shard_size=3)
    for path in tmp_path.glob("*.idx"):
        path.unlink()
    path = tmp_path / "dataset_metadata.json"
    path.write_text('{"total_samples": 5, "modalities": ["x"], "shard_size": 3}')
    shards = ShardSet(tmp_path)
    assert shards.manifest is None
    assert [int(shards.sample(i)["x"]) for i in range(len(shards))] == list(range(5))
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(InputError, match="dataset_metadata"):
        index_shards(tmp_path)
    with pytest.raises(InputError, match="dataset_metadata"):
        create_shards_from_arrays(tmp_path, {"x": np.arange(5)}, overwrite=True)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
    assert any("no manifest of neural-shards" in problem for problem in verify(tmp_path).problems)
    path.write_text(path.read_text()[:-4])
    with pytest.raises(DataError, match="damaged"):
        ShardSet(tmp_path)
