"""Conversion on a Dask cluster of several processes."""

from __future__ import annotations

import numpy as np
import pytest
from distributed import Client, LocalCluster

from neural_shards import verify, write_shards
from neural_shards.array_files import ArrayFileSource


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_cluster_writes_the_same_bytes(tmp_path):
    for i in range(3):
        np.savez(tmp_path / f"s{i}.npz", x=np.random.default_rng(i).normal(size=(50, 20)))
    source = ArrayFileSource(sorted(tmp_path.glob("*.npz")))
    write_shards(source, tmp_path / "here", shard_size=16)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        write_shards(source, tmp_path / "there", shard_size=16, executor=client.get_executor())
    assert verify(tmp_path / "there").problems == ()
    for path in (tmp_path / "here").iterdir():
        assert path.read_bytes() == (tmp_path / "there" / path.name).read_bytes()
