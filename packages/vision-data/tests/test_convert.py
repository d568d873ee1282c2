from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core.errors import DataError, InputError, UnknownNameError
from vision_data import BetonFile, ImageFolder, convert_group, get_ffcv_dataloader
from vision_data.classes import read_classes
from vision_data.split import split_indices


def test_labels_and_pixels_agree_image_by_image(data_root):
    (path,) = convert_group("cifar100", "invertebrates", root=data_root)
    assert path == data_root / "processed" / "cifar100" / "train_invertebrates" / "train.beton"
    folder = ImageFolder(data_root / "interim" / "cifar100" / "train_invertebrates")
    file = BetonFile(path)
    assert read_classes(path.parent) == folder.table
    loader = get_ffcv_dataloader(path, 4, n_timesteps=2)
    loaded = [int(i) for _, labels in loader for i in labels[:, 1]]
    assert loaded == folder.targets
    for row, (image, label), (source, _) in zip(file, folder, folder.samples, strict=True):
        assert row["label"] == label == int(source.resolve().parent.name)
        np.testing.assert_array_equal(np.asarray(row["image"]), np.asarray(image))


def test_split_by_ratio(data_root):
    train, val = convert_group("cifar100", root=data_root, val_ratio=1 / 3, stratified=True)
    assert (train.name, val.name) == ("train.beton", "val.beton")
    labels = [[row["label"] for row in BetonFile(p)] for p in (train, val)]
    assert len(labels[0]) == 22
    assert sorted(labels[1]) == sorted(set(labels[0]))


def test_nothing_is_done_twice(data_root):
    (path,) = convert_group("cifar100", root=data_root)
    before = path.stat().st_mtime_ns
    convert_group("cifar100", root=data_root)
    assert path.stat().st_mtime_ns == before
    convert_group("cifar100", root=data_root, write_mode="jpg")
    assert path.stat().st_mtime_ns != before
    image = data_root / "raw" / "cifar100" / "train" / "6" / "0.png"
    image.write_bytes((image.parent / "1.png").read_bytes())
    before = path.stat().st_mtime_ns
    convert_group("cifar100", root=data_root, write_mode="jpg")
    assert path.stat().st_mtime_ns != before


def test_progress_and_other_subsets(data_root):
    seen = []
    (path,) = convert_group(
        "cifar100", subset="test", root=data_root, num_workers=2, report=lambda *a: seen.append(a)
    )
    assert path.name == "test.beton"
    assert seen[-1] == ("test.beton", 33, 33)
    with pytest.raises(InputError, match="only the training"):
        convert_group("cifar100", subset="test", root=data_root, val_ratio=0.5)


def test_bad_input_is_named(data_root):
    with pytest.raises(UnknownNameError):
        convert_group("cifar100", "vertebrates", root=data_root)
    fake = data_root / "raw" / "cifar100" / "train" / "6" / "1.png"
    fake.write_text("no image")
    with pytest.raises(DataError, match="no image") as caught:
        convert_group("cifar100", "invertebrates", root=data_root)
    assert "6/1.png" in str(caught.value)
    assert not list((data_root / "processed").rglob("*.beton*"))


@given(
    st.lists(st.integers(0, 4), max_size=60), st.floats(0, 0.99), st.integers(0, 5), st.booleans()
)
def test_split_deals_every_sample_once(labels, ratio, seed, stratified):
    train, val = split_indices(labels, ratio, seed=seed, stratified=stratified)
    assert sorted([*train, *val]) == list(range(len(labels)))
    for label in set(labels) if stratified else [None]:
        members = [i for i in range(len(labels)) if label in (None, labels[i])]
        held = len(set(members) & set(val.tolist()))
        assert abs(held - ratio * len(members)) <= 0.5 + 1e-9


def test_split_ratio():
    with pytest.raises(InputError):
        split_indices([0, 1], 1.0)


@pytest.mark.parametrize(("ratio", "stratified"), [(0.1, True), (0.9, True), (0.001, False)])
def test_no_part_is_empty(data_root, ratio, stratified):
    """Of three images a class, a tenth is none, and nine tenths are all."""
    with pytest.raises(InputError, match="would hold no image"):
        convert_group("cifar100", root=data_root, val_ratio=ratio, stratified=stratified)
    assert not list((data_root / "processed").rglob("*.beton"))


def _held(root):
    """What the files of the group hold, image by image, and how often each comes."""
    folder = root / "processed" / "cifar100" / "train_all"
    return {
        path.name: [np.asarray(row["image"]).tobytes() for row in BetonFile(path)]
        for path in folder.glob("*.beton")
    }


def test_files_of_another_split_do_not_stay(data_root):
    """No image is validated on that is trained on, whatever was converted before."""
    convert_group("cifar100", root=data_root, val_ratio=1 / 3, stratified=True)
    convert_group("cifar100", root=data_root)
    assert {name: len(images) for name, images in _held(data_root).items()} == {"train.beton": 33}
    for seed in (0, 1):
        convert_group("cifar100", root=data_root, val_ratio=1 / 3, seed=seed)
        held = _held(data_root)
        assert sorted(map(len, held.values())) == [11, 22]
        assert len(set().union(*held.values())) == 33


@pytest.mark.parametrize("calls", [1, 2])
def test_a_split_that_was_stopped_is_finished(data_root, monkeypatch, calls):
    """Stopped before or after a file appeared: never one image in both, and a rerun finishes."""
    from vision_data import convert

    split = {"val_ratio": 1 / 3, "stratified": True}
    convert_group("cifar100", root=data_root, **split)
    write, seen = convert.write_beton, []

    def stopped(*args, **kwargs):
        seen.append(kwargs)
        if calls == 2:
            write(*args, **kwargs)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(convert, "write_beton", stopped)
        with pytest.raises(KeyboardInterrupt):
            convert_group("cifar100", root=data_root)
    assert len(seen) == 1
    assert list(_held(data_root)) == ["train.beton"]
    convert_group("cifar100", root=data_root, **split)
    held = _held(data_root)
    assert {name: len(images) for name, images in held.items()} == {
        "train.beton": 22,
        "val.beton": 11,
    }
    assert len(set().union(*held.values())) == 33
