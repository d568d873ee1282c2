import os
import shutil

import numpy as np
import pytest

from imagenet_dm.folder import scan_folder
from imagenet_dm.index_file import Stamps, cached, open_index, save_index
from imagenet_dm.sources import open_split

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
    save_index(tmp_path / "x.index", index, Stamps.take(depends))
    opened = open_index(tmp_path / "x.index")
    assert same(opened, index)
    assert not opened.labels.flags.owndata
    assert not opened.labels.flags.writeable
    assert b"pickle" not in (tmp_path / "x.index").read_bytes()


@pytest.mark.parametrize("change", ["add", "remove", "rename", "class", "gone"])
def test_a_change_of_the_folders_is_noticed(root, tmp_path, change):
    index, depends = scan_folder(root, "train")
    save_index(tmp_path / "x.index", index, Stamps.take(depends))
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
    assert open_index(tmp_path / "x.index") is None


def test_a_folder_that_changed_just_before_is_not_trusted(root, tmp_path):
    os.utime(root / "train" / "n01440764")
    index, depends = scan_folder(root, "train")
    save_index(tmp_path / "x.index", index, Stamps.take(depends))
    assert open_index(tmp_path / "x.index") is None


@pytest.mark.parametrize("damage", ["truncated", "empty", "text", "version", "gone"])
def test_a_damaged_index_is_made_anew(root, tmp_path, damage):
    index, depends = scan_folder(root, "train")
    path = tmp_path / "x.index"
    save_index(path, index, Stamps.take(depends))
    content = bytearray(path.read_bytes())
    content[8] += damage == "version"
    ends = {"truncated": content[:-1], "empty": b"", "text": b"text" * 99, "version": content}
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(ends[damage])
    assert open_index(path) is None
    assert same(cached([path], lambda: (index, depends), path), index)
    assert same(open_index(path), index)


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
