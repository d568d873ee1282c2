"""A full disk: an error that says so, nothing half there, and the same bytes once there is room."""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
import pytest

from neural_shards import (
    ResumableWebDatasetLoader,
    ShardSet,
    WebDatasetWriter,
    cli,
    create_shards_from_arrays,
    verify,
)
from neuroai_core.errors import DataError

DATA = {"x": np.arange(4000.0 * 16).reshape(4000, 16)}  # 1.2 KB a sample as it is stored


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 1 MB, and what gives it more."""
    mount = shutil.which("mount")
    if not sys.platform.startswith("linux") or mount is None:
        pytest.skip("a small disk is mounted on Linux only")
    folder = tmp_path / "disk"
    folder.mkdir()

    def resize(size, *options):
        command = [mount, "-t", "tmpfs", "-o", ",".join([*options, f"size={size}"])]
        return subprocess.run([*command, "tmpfs", folder], capture_output=True, check=False)

    if resize("1m").returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder, lambda size: resize(size, "remount")
    subprocess.run(["umount", folder], check=True)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def write_one_by_one(folder):
    with WebDatasetWriter(folder, shard_size=50) as writer:
        for row in DATA["x"]:
            writer.write_sample({"x": row})


def test_shards_that_were_finished_are_whole_and_the_rerun_is_the_same(small_disk, tmp_path):
    disk, resize = small_disk
    create_shards_from_arrays(tmp_path / "whole", DATA, shard_size=100)
    whole = contents(tmp_path / "whole")
    for _ in range(2):  # the second finds the disk full of what the first left
        with pytest.raises(OSError, match="No space left"):
            create_shards_from_arrays(disk / "set", DATA, shard_size=100)
    there = {name: c for name, c in contents(disk / "set").items() if not name.startswith(".")}
    assert 2 < len(there) < len(whole)
    assert there == {name: whole[name] for name in there}
    with pytest.raises(DataError, match="not finished"):
        ShardSet(disk / "set")
    resize("20m")
    create_shards_from_arrays(disk / "set", DATA, shard_size=100)
    assert contents(disk / "set") == whole


def test_a_writer_can_be_given_up_and_begun_again(small_disk):
    disk, resize = small_disk
    with pytest.raises(OSError, match="No space left"):
        write_one_by_one(disk / "set")
    assert list((disk / "set").glob(".*.partial")) == []
    resize("20m")
    write_one_by_one(disk / "set")
    assert verify(disk / "set").problems == ()


def test_the_last_checkpoint_stays(small_disk, tmp_path):
    disk, _ = small_disk
    create_shards_from_arrays(tmp_path / "set", {"x": np.arange(50)})
    path = disk / "checkpoint.json"
    loader = ResumableWebDatasetLoader(tmp_path / "set", path, 10)
    with pytest.raises(OSError, match="No space left"):  # noqa: PT012  where is the question
        for number, _ in enumerate(loader):
            if number == 25:
                with open(disk / "other", "wb") as other:
                    while True:
                        other.write(bytes(4096))
                        other.flush()
    with pytest.raises(OSError, match="No space left"):
        loader.save_checkpoint()
    assert ResumableWebDatasetLoader(tmp_path / "set", path).get_state()["sample_offset"] == 20


def test_the_command_says_it_in_one_line(small_disk, tmp_path, monkeypatch, capsys):
    disk, _ = small_disk
    np.savez(tmp_path / "a.npz", **DATA)
    command = ["neural-shards", "convert", "-i", tmp_path / "a.npz", "-o", disk / "set"]
    monkeypatch.setattr("sys.argv", [str(part) for part in command])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert "No space left" in capsys.readouterr().err
