"""Sets made of sets, sets of others, and webdataset in both directions."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import webdataset

from neural_shards import (
    ShardSet,
    WebDatasetLoader,
    WebDatasetWriter,
    create_shards_from_arrays,
    index_shards,
    merge,
    verify,
)
from neuroai_core.errors import DataError, InputError


def numbers(samples):
    return [int(sample["x"]) for sample in samples]


def read(folder, **options):
    return list(WebDatasetLoader(folder, shuffle=False, **options))


@pytest.mark.parametrize("compression", ["none", "gz", "xz"])
def test_merge_and_reshard(tmp_path, compression):
    for name, first in (("a", 0), ("b", 7)):
        x = np.arange(first, first + 7)
        create_shards_from_arrays(tmp_path / name, {"x": x}, shard_size=3, metadata={"day": name})
    folders = [tmp_path / "a", tmp_path / "b"]
    summary = merge(folders, tmp_path / "all", shard_size=5, compression=compression)
    assert summary["metadata"] == {"merged": [{"day": "a"}, {"day": "b"}]}
    assert summary["total_shards"] == 3
    samples = read(tmp_path / "all")
    assert numbers(samples) == list(range(14))
    assert samples[13]["metadata"]["sample_id"] == "sample_000000014"
    assert verify(tmp_path / "all").problems == ()


def test_ids_of_their_own_are_kept(tmp_path):
    with WebDatasetWriter(tmp_path / "a") as writer:
        writer.write_sample({"x": 1}, {"k": 2}, sample_id="trial-7")
    merge([tmp_path / "a"], tmp_path / "b")
    about = {"sample_id": "trial-7", "modalities": ["x"], "k": 2}
    assert read(tmp_path / "b")[0]["metadata"] == about


def test_indices_and_manifest_are_made_anew(tmp_path):
    create_shards_from_arrays(tmp_path, {"x": np.arange(9)}, shard_size=4)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for path in [*tmp_path.glob("*.idx"), tmp_path / "dataset_metadata.json"]:
        path.unlink()
    summary = index_shards(tmp_path)
    assert (summary["total_samples"], summary["shard_size"]) == (9, 4)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_webdatasets_writer_wrote_is_read(tmp_path):
    rng = np.random.default_rng(0)
    samples = [
        {"spikes": rng.normal(size=(3, 2)), "cls": i, "note": f"trial {i}"} for i in range(5)
    ]
    with webdataset.TarWriter(str(tmp_path / "others-0000.tar"), encoder=True) as sink:
        for i, sample in enumerate(samples):
            members = {"spikes.npy": sample["spikes"], "cls": i, "note.txt": sample["note"]}
            sink.write({"__key__": f"Session_A/trial{i:03d}", **members, "meta.json": {"i": i}})
    for _ in range(2):
        got = read(tmp_path)
        assert len(got) == 5
        for sample, expected in zip(got, samples, strict=True):
            np.testing.assert_array_equal(sample["spikes"], expected["spikes"], strict=True)
            assert (sample["cls"], sample["note"]) == (expected["cls"], expected["note"])
        index_shards(tmp_path)  # and once more with an index
    assert ShardSet(tmp_path).open(0).key(1) == "Session_A/trial001"


def test_samples_whose_members_are_apart_are_refused(tmp_path):
    with webdataset.TarWriter(str(tmp_path / "a.tar"), encoder=True) as sink:
        for key in ("a", "b", "a"):
            sink.write({"__key__": key, f"{'xyz'[key == 'b']}.npy": np.zeros(2)})
    with pytest.raises(DataError, match="do not stand together"):
        ShardSet(tmp_path)


def test_stock_webdataset_in_its_secure_mode_reads_equal_arrays(tmp_path):
    arrays = {"spikes": np.arange(24.0).reshape(4, 3, 2), "x": np.arange(4)}
    create_shards_from_arrays(tmp_path / "set", arrays, shard_size=3)
    code = f"""
import warnings; warnings.simplefilter("ignore", ResourceWarning)
import numpy as np, webdataset
urls = [r"{tmp_path}/set/shard_00000%d.tar" % i for i in range(2)]
samples = list(webdataset.WebDataset(urls, shardshuffle=False).decode())
np.testing.assert_array_equal([s["spikes.npy"] for s in samples], np.arange(24.0).reshape(4, 3, 2))
print([int(s["x.npy"]) for s in samples])
from neural_shards import as_webdataset
print(sorted(int(s["x"]) for s in as_webdataset(r"{tmp_path}/set", shuffle=10)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "WDS_SECURE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:2] == ["[0, 1, 2, 3]"] * 2


def test_ids_that_would_meet_in_a_shard_are_refused_before_anything_is_written(tmp_path):
    for name in "ab":
        with WebDatasetWriter(tmp_path / name) as writer:
            writer.write_sample({"x": 1}, sample_id="trial-0")
            writer.write_sample({"x": 2})
    create_shards_from_arrays(tmp_path / "out", {"x": np.arange(3)})
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with pytest.raises(InputError, match=r"'trial-0': .*a.shard_000000.tar; .*b.shard_000000.tar"):
        merge([tmp_path / "a", tmp_path / "b"], tmp_path / "out", overwrite=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    merge([tmp_path / "a", tmp_path / "b"], tmp_path / "out", overwrite=True, shard_size=2)
    assert verify(tmp_path / "out").problems == ()  # in shards of their own they do not meet


def test_folders_before_keys_do_not_hide_that_ids_are_the_same(tmp_path):
    with webdataset.TarWriter(str(tmp_path / "a.tar"), encoder=True) as sink:
        for key in ("monday/trial0", "tuesday/trial0"):
            sink.write({"__key__": key, "x.npy": np.zeros(2)})
    with pytest.raises(InputError, match=r"monday/trial0 in .*; tuesday/trial0 in"):
        merge([tmp_path], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_source_with_an_id_twice_in_a_shard_is_refused(tmp_path):
    about = [{"sample_id": name} for name in ("a", "b", "a")]
    with pytest.raises(InputError, match="same id"):
        create_shards_from_arrays(tmp_path / "x", {"x": np.arange(3)}, sample_metadata=about)
    assert not (tmp_path / "x" / "dataset_metadata.json").exists()


def test_two_members_that_would_be_one_modality_are_refused(tmp_path):
    with webdataset.TarWriter(str(tmp_path / "a.tar"), encoder=True) as sink:
        sink.write({"__key__": "k", "spikes.npy": np.zeros(2), "spikes.json": {"rate": 3}})
    with pytest.raises(DataError, match=r"one modality[\s\S]*k\.spikes\."):
        ShardSet(tmp_path)
