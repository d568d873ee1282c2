import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from imagenet_dm.folder import scan_folder
from imagenet_dm.index_file import Stamps, beside_path, cached, open_index, save_index
from imagenet_dm.sources import open_split, scan_stamped

OLD = 10**9  # seconds: long before any listing


def age(root):
    for folder in [root, *(p for p in root.rglob("*") if p.is_dir())]:
        os.utime(folder, (OLD, OLD))


@pytest.fixture
def root(fake, tmp_path):
    shutil.copytree(fake, tmp_path / "data")
    age(tmp_path / "data")
    return tmp_path / "data"


def same(a, b):
    assert a.classes == b.classes
    assert np.array_equal(a.labels, b.labels)
    assert [a.name(i) for i in range(len(a))] == [b.name(i) for i in range(len(b))]
    assert a.fingerprint == b.fingerprint
    return True


def test_comes_back_as_it_was_from_a_map(root, tmp_path):
    index, depends = scan_folder(root, "train")
    save_index(tmp_path / "x.index", index, Stamps.take(depends), root)
    opened = open_index(tmp_path / "x.index", root)
    assert same(opened, index)
    assert not opened.labels.flags.owndata
    assert not opened.labels.flags.writeable
    assert b"pickle" not in (tmp_path / "x.index").read_bytes()


@pytest.mark.parametrize("change", ["add", "remove", "rename", "class", "gone"])
def test_a_change_of_the_folders_is_noticed(root, tmp_path, change):
    index, depends = scan_folder(root, "train")
    save_index(tmp_path / "x.index", index, Stamps.take(depends), root)
    folder = root / "train" / "n01440764"
    file = next(folder.iterdir())
    if change == "add":
        (folder / "new.JPEG").write_bytes(file.read_bytes())
    elif change == "remove":
        file.unlink()
    elif change == "rename":
        file.rename(folder / "renamed.JPEG")
    elif change == "class":
        (root / "train" / "n09999999").mkdir()
    else:
        shutil.rmtree(root / "train")
    assert open_index(tmp_path / "x.index", root) is None


def test_a_folder_that_changed_just_before_is_not_trusted(root, tmp_path):
    os.utime(root / "train" / "n01440764")
    index, depends = scan_folder(root, "train")
    save_index(tmp_path / "x.index", index, Stamps.take(depends), root)
    assert open_index(tmp_path / "x.index", root) is None


@pytest.mark.parametrize("damage", ["truncated", "empty", "text", "version", "gone"])
def test_a_damaged_index_is_made_anew(root, tmp_path, damage):
    index, depends = scan_folder(root, "train")
    path = tmp_path / "x.index"
    save_index(path, index, Stamps.take(depends), root)
    content = bytearray(path.read_bytes())
    content[8] += damage == "version"
    ends = {"truncated": content[:-1], "empty": b"", "text": b"text" * 99, "version": content}
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(ends[damage])
    assert open_index(path, root) is None
    assert same(cached(root, [path], lambda: (index, Stamps.take(depends)), path), index)
    assert same(open_index(path, root), index)


def test_is_kept_where_asked_and_used_the_next_time(root, cache, tmp_path, monkeypatch):
    first = open_split(root, "train", index_cache=str(tmp_path / "kept"))
    assert len(list((tmp_path / "kept").iterdir())) == 1
    open_split(root, "train")
    assert list(cache.iterdir()) == []  # a small one is not worth a file of the user's
    monkeypatch.setattr("imagenet_dm.sources.KEEP_FROM", 10)
    open_split(root, "train")
    assert len(list(cache.iterdir())) == 1
    scans = []
    monkeypatch.setattr("imagenet_dm.sources.SCANS", {"folder": lambda *a: scans.append(a)})
    assert same(open_split(root, "train"), first)
    assert scans == []


def test_a_cache_that_cannot_be_written_is_no_error(root, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert len(open_split(root, "train", index_cache=str(tmp_path / "file"))) == 36


@pytest.mark.parametrize("clock", ["of this machine", "of a server that is behind"])
@pytest.mark.parametrize("nested", [False, True])
def test_what_changes_during_the_scan_makes_the_index_one_that_does_not_hold(
    root, tmp_path, monkeypatch, clock, nested
):
    folder = root / "train" / "n01440764"
    if nested:
        (folder / "below").mkdir()
        shutil.copy(next(folder.glob("*.JPEG")), folder / "below")
        folder /= "below"
        age(root)

    def scan(*args):
        found = scan_folder(*args)
        shutil.copy(next(folder.glob("*.JPEG")), folder / "late.JPEG")
        if clock != "of this machine" and not nested:
            os.utime(folder, (OLD + 1, OLD + 1))
        return found

    monkeypatch.setattr("imagenet_dm.sources.SCANS", {"folder": scan})
    monkeypatch.setattr("imagenet_dm.index_file.RACE_NS", 0)
    kept = str(tmp_path / "kept")
    assert len(open_split(root, "train", index_cache=kept)) == 36 + nested
    monkeypatch.setattr("imagenet_dm.sources.SCANS", {"folder": scan_folder})
    assert len(open_split(root, "train", index_cache=kept)) == 37 + nested


def test_an_index_beside_the_data_goes_where_the_data_goes(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    here = Path("data")
    save_index(beside_path(here, "train-folder"), *scan_stamped(here, "train", "folder"), here)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    root.rename(tmp_path / "moved")
    monkeypatch.setattr("imagenet_dm.sources.SCANS", {})
    moved = open_split(tmp_path / "moved", "train")
    assert len(moved.read(35)) > 100
    assert moved.root == tmp_path / "moved" / "train"
