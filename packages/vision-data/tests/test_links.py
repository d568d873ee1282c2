from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest

from neuroai_core.errors import (
    DataError,
    InputError,
    NotFoundError,
    UnknownArgumentError,
    UnknownNameError,
)
from vision_data import Catalog, ImageFolder, link_group, verify
from vision_data.classes import imagenet_classes

INVERTEBRATES = (6, 7, 14, 18, 24, 26, 45, 77, 79, 99)


def test_group_holds_its_classes_with_their_ids_and_names(data_root):
    folder = link_group("cifar100", "invertebrates", root=data_root)
    assert folder == data_root / "interim" / "cifar100" / "train_invertebrates"
    data = ImageFolder(folder)
    assert data.targets == [i for i in INVERTEBRATES for _ in range(3)]
    for path, label in data.samples:  # the label is that of the folder the image lies in
        assert path.resolve().parent.name == str(label)
    assert data.table.name_of(14) == "butterfly"
    marker = json.loads((folder / "folder.link").read_text())
    assert [c["id"] for c in marker["classes"]] == list(INVERTEBRATES)


def test_links_survive_moving_the_root(data_root, tmp_path):
    link_group("cifar100", "all", root=data_root)
    moved = tmp_path / "elsewhere"
    data_root.rename(moved)
    data = ImageFolder(moved / "interim" / "cifar100" / "train_all")
    assert len(data) == 33
    data[0]


def test_linking_again_changes_nothing(data_root):
    folder = link_group("cifar100", "invertebrates", root=data_root)
    before = {p.name: os.lstat(p).st_mtime_ns for p in folder.iterdir()}
    link_group("cifar100", "invertebrates", root=data_root)
    assert {p.name: os.lstat(p).st_mtime_ns for p in folder.iterdir()} == before


def test_half_a_group_is_finished(data_root):
    folder = link_group("cifar100", "invertebrates", root=data_root)
    (folder / "folder.link").unlink()
    (folder / "6").unlink()
    (folder / "0").symlink_to(data_root / "raw" / "cifar100" / "train" / "0")
    link_group("cifar100", "invertebrates", root=data_root)
    assert set(ImageFolder(folder).targets) == set(INVERTEBRATES)


def test_real_folder_is_never_removed(data_root):
    place = data_root / "interim" / "cifar100" / "train_invertebrates" / "6"
    place.mkdir(parents=True)
    (place / "mine.txt").write_text("precious")
    with pytest.raises(InputError, match="real folder"):
        link_group("cifar100", "invertebrates", root=data_root)
    assert (place / "mine.txt").read_text() == "precious"


def test_unknown_group_lists_what_there_is(data_root):
    with pytest.raises(UnknownNameError) as caught:
        link_group("cifar100", "invertebrate", root=data_root)
    text = str(caught.value)
    assert "'alphabet', 'all', 'invertebrates'" in text or "'all', 'alphabet'" in text
    assert "did you mean 'invertebrates'?" in text


def test_missing_data_set_subset_and_class(data_root):
    with pytest.raises(NotFoundError, match="no data set 'mnist'"):
        link_group("mnist", "01", root=data_root)
    shutil.rmtree(data_root / "raw" / "cifar100" / "test")
    with pytest.raises(NotFoundError, match="no subset 'test'"):
        link_group("cifar100", "invertebrates", "test", root=data_root)
    shutil.rmtree(data_root / "raw" / "cifar100" / "train" / "14")
    with pytest.raises(DataError, match="have no folder") as caught:
        link_group("cifar100", "invertebrates", root=data_root)
    assert "14 (butterfly)" in str(caught.value)


def test_what_is_suggested_exists(data_root):
    """Only what can be fetched is said to be; a near name is one that is known or is there."""
    (data_root / "raw" / "photographs").mkdir()
    hints = {
        "mnist": "fetch it (`vision-data fetch mnist`) or put it there",
        "minst": "did you mean 'mnist'?",
        "photograph": "did you mean 'photographs'?",
        "imagenet": "put its images there, or give it as one of mounted_datasets",
        "nowhere": "put its images there, or give it as one of mounted_datasets",
    }
    for name, hint in hints.items():
        with pytest.raises(NotFoundError) as caught:
            link_group(name, root=data_root)
        assert caught.value.hint == hint


def test_names_cannot_leave_the_root(data_root):
    for name in ("..", "a/b", "", ".hidden"):
        with pytest.raises(InputError):
            link_group(name, "all", root=data_root)
    with pytest.raises(InputError):
        link_group("cifar100", "../x", root=data_root)


def test_misspelt_argument(data_root):
    with pytest.raises(UnknownArgumentError, match="did you mean 'root'"):
        link_group("cifar100", "all", rot=data_root)


def test_groups_of_the_user(data_root):
    catalog = Catalog.shipped().with_groups({"cifar100": {"two": [99, 6]}})
    data = ImageFolder(link_group("cifar100", "two", root=data_root, catalog=catalog))
    assert set(data.targets) == {6, 99}


def _mounted(folder, names, picture):
    rng = np.random.default_rng(0)
    for name in names:
        (folder / "train" / name).mkdir(parents=True)
        picture(rng, 8, 8).save(folder / "train" / name / "a.png")
    return folder


@pytest.mark.parametrize("data_name", ["imagenette", "tinyimagenet", "cifar100"])
def test_a_mount_need_not_be_named_like_its_data_set(tmp_path, picture, data_name):
    """The labels are those of the data set, wherever it is mounted."""
    if data_name == "tinyimagenet":
        names = sorted(imagenet_classes())[300:500]
        wanted = {name: (rank, None) for rank, name in enumerate(names)}
    else:
        table = Catalog.shipped()[data_name].classes
        names = [c.folder for c in table]
        wanted = {c.folder: (c.id, c.name) for c in table}
    mount = _mounted(tmp_path / "mnt" / "some-160", names, picture)
    catalog = replace(Catalog.shipped(), mounts={data_name: mount})
    data = ImageFolder(link_group(data_name, root=tmp_path / "data", catalog=catalog))
    assert len(data) == len(names)
    for path, label in data.samples:
        class_id, name = wanted[path.parent.name]
        assert label == class_id
        assert name in (None, data.table.name_of(label))


def test_a_link_that_leads_nowhere_is_named(data_root):
    folder = link_group("cifar100", "invertebrates", root=data_root)
    (data_root / "raw" / "cifar100" / "train" / "14").rename(data_root / "away")
    with pytest.raises(DataError, match="lead nowhere") as caught:
        ImageFolder(folder)
    assert str(folder / "14") in str(caught.value)
    result = verify(folder)
    assert not result.sound
    assert "'14'" in result.problems[0]
    (data_root / "away").rename(data_root / "raw" / "cifar100" / "train" / "14")
    assert verify(folder).sound


def test_a_class_of_a_group_without_its_link_is_named(data_root):
    folder = link_group("cifar100", "invertebrates", root=data_root)
    (folder / "14").unlink()
    with pytest.raises(DataError, match="have no folder") as caught:
        ImageFolder(folder)
    assert "14 (butterfly)" in str(caught.value)
    assert not verify(folder).sound


def test_half_a_group_is_not_taken_for_a_whole_one(data_root):
    folder = link_group("cifar100", "invertebrates", root=data_root)
    (folder / "folder.link").unlink()
    (folder / "14").unlink()
    with pytest.raises(DataError, match="linked only in part"):
        ImageFolder(folder)
    assert not verify(folder).sound
    assert len(ImageFolder(link_group("cifar100", "invertebrates", root=data_root))) == 30
