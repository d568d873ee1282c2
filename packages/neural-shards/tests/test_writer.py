"""The writer: what it writes, what it refuses, and what a killed one leaves."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest

from neural_shards import WebDatasetWriter, index_shards
from neuroai_core.errors import InputError, UnknownArgumentError, UnknownNameError


def sample(i):
    rng = np.random.default_rng(i)
    return {"spikes": rng.poisson(5, (10, 4)), "behavior": rng.normal(size=(10, 2)), "choice": "l"}


def write(folder, n=7, **options):
    with WebDatasetWriter(folder, shard_size=3, **options) as writer:
        for i in range(n):
            writer.write_sample(sample(i), metadata={"trial": i})
    return writer.summary


def hashes(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def test_the_tar_looks_as_documented(tmp_path):
    summary = write(tmp_path / "set")
    assert (summary["total_samples"], summary["total_shards"]) == (7, 3)
    with tarfile.open(tmp_path / "set" / "shard_000001.tar") as tar:
        names = tar.getnames()
    assert names[:5] == [
        "sample_000000004.spikes.npy",
        "sample_000000004.behavior.npy",
        "sample_000000004.choice.json",
        "sample_000000004.metadata.json",
        "sample_000000005.spikes.npy",
    ]


@pytest.mark.parametrize("compression", ["none", "gz", "bz2", "xz"])
def test_stock_webdataset_reads_equal_arrays(tmp_path, stock, compression):
    write(tmp_path / "set", compression=compression)
    read = stock(sorted(p for p in (tmp_path / "set").glob("*.tar*") if p.suffix != ".idx"))
    assert len(read) == 7
    for i, got in enumerate(read):
        for name in ("spikes", "behavior"):
            np.testing.assert_array_equal(got[f"{name}.npy"], sample(i)[name], strict=True)
        assert got["choice.json"] == "l"
        assert got["metadata.json"]["trial"] == i


def test_the_same_samples_give_the_same_bytes(tmp_path):
    write(tmp_path / "a")
    write(tmp_path / "b")
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")


def test_an_unfinished_set_is_written_anew(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    write(whole)
    writer = WebDatasetWriter(tmp_path / "running", shard_size=3)
    for i in range(5):
        writer.write_sample(sample(i), metadata={"trial": i})
    shutil.copytree(tmp_path / "running", killed)  # as it would be found after a kill
    writer.abort()
    assert {p.name for p in killed.glob("*.tar")} == {"shard_000000.tar"}
    assert len(list(killed.glob(".*.partial"))) == 1
    write(killed)
    assert hashes(killed) == hashes(whole)


def test_one_that_was_killed_at_its_first_or_its_last_step_is_written_anew(tmp_path):
    write(tmp_path / "whole")
    for name, left in (("first", ".unfinished.json.1.ab.partial"), ("last", "unfinished.json")):
        folder = tmp_path / name
        if name == "last":
            write(folder)
        folder.mkdir(exist_ok=True)
        (folder / f".{left}").write_text("{}")
        write(folder)
        assert hashes(folder) == hashes(tmp_path / "whole")


def test_a_folder_in_use_is_refused_and_only_sets_are_cleared(tmp_path):
    folder = tmp_path / "set"
    write(folder)
    with pytest.raises(InputError, match="not empty"):
        write(folder)
    write(folder, n=2, overwrite=True)
    assert [p.name for p in folder.glob("*.tar")] == ["shard_000000.tar"]
    (folder / "thesis.tex").write_text("precious")
    with pytest.raises(InputError, match=r"thesis\.tex"):
        write(folder, overwrite=True)
    assert len(list(folder.glob("*.tar"))) == 1


@pytest.mark.parametrize(
    ("bad", "part"),
    [
        ({"Spikes": np.zeros(3)}, "Spikes"),
        ({"a.b": np.zeros(3)}, r"a\.b"),
        ({"metadata": {}}, "metadata"),
        ({"x": np.array([{}, None])}, "object"),
        ({"x": (1, 2)}, "tuple"),
        ({"x": {"deep": [1, {2}]}}, r"x\.deep\[1\]"),
        ({"x": np.ma.masked_array([1, 2], [True, False])}, "mask"),
    ],
)
def test_what_would_not_come_back_is_refused_and_nothing_is_written(tmp_path, bad, part):
    writer = WebDatasetWriter(tmp_path / "set", shard_size=3)
    with pytest.raises(InputError, match=part):
        writer.write_sample({"good": np.zeros(2), **bad})
    writer.write_sample(sample(0))
    assert writer.finalize()["total_samples"] == 1


def test_ids_are_unique_and_plain(tmp_path):
    writer = WebDatasetWriter(tmp_path / "set")
    writer.write_sample(sample(0), sample_id="monkey-1_trial-7")
    for bad in ("monkey-1_trial-7", "a.b", "../x", "UPPER", "__x__", ""):
        with pytest.raises(InputError):
            writer.write_sample(sample(0), sample_id=bad)
    writer.finalize()


def test_wrong_options_say_what_is_right(tmp_path):
    with pytest.raises(UnknownArgumentError, match="shard_size"):
        WebDatasetWriter(tmp_path / "set", shardsize=3)
    with pytest.raises(UnknownNameError, match="bz2"):
        WebDatasetWriter(tmp_path / "set", compression="bz")
    with pytest.raises(InputError, match="shard_size"):
        WebDatasetWriter(tmp_path / "set", shard_size=0)
    assert not (tmp_path / "set").exists()


def test_the_manifest_says_what_is_there(tmp_path):
    folder = tmp_path / "set"
    summary = write(folder, metadata={"lab": "x"})
    read = json.loads(Path(folder, "dataset_metadata.json").read_text())
    assert read.pop("checksum")
    assert read == summary
    assert read["modalities"]["spikes"] == {"kind": "npy", "dtype": "<i8", "shape": [10, 4]}
    assert read["metadata"] == {"lab": "x"}
    for shard in read["shards"]:
        content = (folder / shard["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == shard["sha256"]
        assert len(content) == shard["bytes"]


def test_overwriting_takes_away_only_what_is_of_a_set(tmp_path):
    write(tmp_path)
    ours = {path.name for path in tmp_path.iterdir()}
    others = ("raw_backup.tar.gz", "notes.tgz", "shard_000099.tar", "shard_1.tar", "raw.tar.idx")
    for name in others:
        (tmp_path / name).write_bytes(b"precious")
        with pytest.raises(InputError, match=name):
            write(tmp_path, overwrite=True)
        assert {path.name for path in tmp_path.iterdir()} == {*ours, name}
        (tmp_path / name).unlink()
    (tmp_path / "shard_000000.tar").rename(tmp_path / "mine.tar")
    (tmp_path / "shard_000000.tar.idx").rename(tmp_path / "mine.tar.idx")
    (tmp_path / "dataset_metadata.json").unlink()
    index_shards(tmp_path)  # a shard of another name, which only the manifest knows
    write(tmp_path, overwrite=True)
    assert {path.name for path in tmp_path.iterdir()} == ours
