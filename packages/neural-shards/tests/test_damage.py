"""Damage of every kind: the right data or an error that names the shard, never anything else."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neural_shards import ShardSet, WebDatasetLoader, create_shards_from_arrays, verify
from neural_shards.index import ShardIndex
from neural_shards.manifest import Manifest
from neural_shards.shard import build_index
from neuroai_core.errors import DataError, NeuroAIError

N = 12


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    data = {"x": np.arange(N * 40.0).reshape(N, 40), "y": np.arange(N)}
    create_shards_from_arrays(folder, data, shard_size=4)
    return folder


@pytest.fixture
def copy(good, tmp_path):
    return shutil.copytree(good, tmp_path / "copy")


def read(folder, **options):
    """Give what a loader delivers, as plain values."""
    loader = WebDatasetLoader(folder, shuffle=False, **options)
    return [(s["x"].tolist(), int(s["y"]), s["metadata"]) for s in loader]


FILES = ("shard_000001.tar", "shard_000001.tar.idx", "dataset_metadata.json")


@pytest.mark.parametrize("name", FILES)
def test_every_truncation_is_noticed(good, copy, name):
    content = (good / name).read_bytes()
    for size in [*range(0, len(content), 512), len(content) - 2]:  # all but a line's end
        (copy / name).write_bytes(content[:size])
        with pytest.raises(DataError):
            read(copy)
        assert any("shard_000001" in p or "manifest" in p for p in verify(copy).problems)


@pytest.mark.parametrize("name", FILES)
def test_every_flip_gives_the_right_data_or_an_error(good, copy, name):
    content, right = (good / name).read_bytes(), read(good)
    for at in range(0, len(content), 97):
        flipped = bytearray(content)
        flipped[at] ^= 1 << (at % 8)
        (copy / name).write_bytes(flipped)
        assert verify(copy).problems != ()
        try:
            got = read(copy)
        except DataError as error:
            named = str(error)
        else:
            named = "shard_000001"
            assert got == right
        assert "shard_000001" in named or "manifest" in named


def test_missing_added_and_swapped_shards_are_named(copy):
    shard = copy / "shard_000001.tar"
    added = copy / "shard_000009.tar"
    shutil.copy(shard, added)
    with pytest.raises(DataError, match=r"shard_000009\.tar is not in the manifest"):
        ShardSet(copy)
    added.unlink()
    content = shard.read_bytes()
    shard.write_bytes((copy / "shard_000000.tar").read_bytes())
    with pytest.raises(DataError, match=r"not the one that was indexed[\s\S]*shard_000001\.tar"):
        read(copy)
    shutil.copy(copy / "shard_000000.tar.idx", copy / "shard_000001.tar.idx")
    with pytest.raises(DataError, match=r"shard_000001\.tar"):
        read(copy)
    shard.unlink()
    with pytest.raises(DataError, match=r"shard_000001\.tar is missing"):
        ShardSet(copy)
    shard.write_bytes(content)


def test_a_stale_shard_of_the_same_size_is_noticed(good, copy, tmp_path):
    data = {"x": -np.arange(N * 40.0).reshape(N, 40), "y": np.arange(N)}
    create_shards_from_arrays(tmp_path / "older", data, shard_size=4)
    for ending in ("", ".idx"):
        name = f"shard_000001.tar{ending}"
        shutil.copy(tmp_path / "older" / name, copy / name)
    with pytest.raises(DataError, match=r"not the one that the set was opened with"):
        read(copy)


def test_skipping_counts_and_lists_what_was_skipped(good, copy):
    shard = copy / "shard_000001.tar"
    shard.write_bytes(shard.read_bytes()[:-4000])  # the last sample, and the end
    loader = WebDatasetLoader(copy, shuffle=False, on_error="skip")
    got = [int(sample["y"]) for sample in loader]
    assert got == [i for i in range(N) if i != 7]
    assert len(loader.skipped) == 1
    assert "sample_000000008" in str(loader.skipped[0])
    shard.unlink()
    loader = WebDatasetLoader(copy, shuffle=False, on_error="skip")
    assert len(list(loader)) == 8
    assert len(loader.skipped) == 4


@given(st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_no_mutated_file_crashes_a_reader(good, data):
    name = data.draw(st.sampled_from(FILES))
    content = bytearray((good / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content[at] = data.draw(st.integers(0, 255))
        else:
            del content[at : at + data.draw(st.integers(1, 600))]
            content = content or bytearray(1)
    try:
        if name.endswith(".tar"):
            build_index(np.frombuffer(bytes(content), np.uint8), good / name, check=True)
        elif name.endswith(".idx"):
            ShardIndex.from_bytes(bytes(content), name)
        else:
            Manifest.from_bytes(bytes(content), name)
    except NeuroAIError:
        pass


WRITE = """
import sys, numpy as np
from neural_shards import create_shards_from_arrays
data = {"x": np.arange(4000.0 * 40).reshape(4000, 40)}
print("begin", flush=True)
create_shards_from_arrays(sys.argv[1], data, shard_size=100)
print("done", flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_writer_that_is_killed_leaves_whole_shards_and_runs_again(tmp_path):
    folder, whole = tmp_path / "killed", tmp_path / "whole"
    subprocess.run([sys.executable, "-c", WRITE, whole], check=True, stdout=subprocess.DEVNULL)
    with subprocess.Popen(
        [sys.executable, "-c", WRITE, folder], stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout.readline() == "begin\n"
        while len(list(folder.glob("*.tar"))) < 3:
            time.sleep(0.001)
        run.send_signal(signal.SIGKILL)
    finished = sorted(folder.glob("*.tar"))
    assert 3 <= len(finished) < 40
    for path in finished:
        assert path.read_bytes() == (whole / path.name).read_bytes()
    with pytest.raises(DataError, match="not finished"):
        ShardSet(folder)
    subprocess.run([sys.executable, "-c", WRITE, folder], check=True, stdout=subprocess.DEVNULL)
    for path in whole.iterdir():
        assert (folder / path.name).read_bytes() == path.read_bytes()
    assert {p.name for p in folder.iterdir()} == {p.name for p in whole.iterdir()}


@pytest.mark.parametrize("pattern", [None, "shard_*.tar"])
def test_a_flip_is_noticed_by_the_indices_alone(copy, pattern):
    if pattern is None:
        (copy / "dataset_metadata.json").unlink()
    path = copy / "shard_000001.tar"
    content = bytearray(path.read_bytes())
    content[content.index(b"sample_000000006.x") + 700] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="a member is damaged"):
        read(copy, shard_pattern=pattern)
    assert len(read(copy, shard_pattern=pattern, check=False)) == N


def test_the_fingerprint_of_bare_tars_changes_with_their_content(copy):
    for path in [*copy.glob("*.idx"), copy / "dataset_metadata.json"]:
        path.unlink()
    before = ShardSet(copy).fingerprint
    assert ShardSet(copy).fingerprint == before
    path = copy / "shard_000001.tar"
    content = bytearray(path.read_bytes())
    content[content.index(b"sample_000000006.x") + 700] ^= 1
    time.sleep(0.05)
    path.write_bytes(content)
    assert ShardSet(copy).fingerprint != before
