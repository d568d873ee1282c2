"""Members compressed one by one."""

from __future__ import annotations

import numpy as np
import pytest
import zstandard

from neural_shards import ShardSet, create_shards_from_arrays, index_shards, merge, verify
from neural_shards.batch import gather
from neural_shards.formats import unpack
from neuroai_core.errors import DataError


def test_members_are_compressed_and_come_back(tmp_path):
    counts = np.random.default_rng(0).poisson(0.1, (20, 100, 50)).astype(np.int64)
    for name, compression in (("plain", "none"), ("packed", "zstd")):
        folder = tmp_path / name
        create_shards_from_arrays(folder, {"x": counts}, shard_size=8, compression=compression)
    plain, small = (list((tmp_path / name).glob("*.tar")) for name in ("plain", "packed"))
    assert sum(p.stat().st_size for p in small) < sum(p.stat().st_size for p in plain) / 10
    packed = ShardSet(tmp_path / "packed")
    np.testing.assert_array_equal(gather(packed, [19, 0, 7])["x"], counts[[19, 0, 7]], strict=True)
    assert packed.modalities["x"]["shape"] == [100, 50]
    assert verify(tmp_path / "packed").problems == ()
    before = (tmp_path / "packed" / "dataset_metadata.json").read_bytes()
    index_shards(tmp_path / "packed")
    assert (tmp_path / "packed" / "dataset_metadata.json").read_bytes() == before
    merge([tmp_path / "packed"], tmp_path / "again")
    for path in plain:
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "content", [b"", b"no frame", zstandard.compress(bytes(10**6)), zstandard.compress(b"abc")[:-2]]
)
def test_what_is_damaged_or_unpacks_to_too_much_is_refused(content):
    with pytest.raises(DataError, match="compressed member"):
        unpack(content, {"path": "a"}, largest=1000)
