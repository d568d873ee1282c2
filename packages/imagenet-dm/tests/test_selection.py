from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagenet_dm.index import Index, Names
from imagenet_dm.selection import split_off, take_classes, take_subset
from neuroai_core.errors import DataError, InputError, NotFoundError, UnknownNameError


def index(counts=(5, 0, 20, 9)):
    labels = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    names = Names.of(f"n{label}_{i}.JPEG" for i, label in enumerate(labels))
    return Index(Path("root"), tuple("abcd"[: len(counts)]), labels, names)


def names(part):
    return {part.name(i) for i in range(len(part))}


@given(st.integers(1, 25), st.integers(1, 25), st.integers(0, 99))
def test_few_shot_is_so_many_of_each_and_nested(shots, more, seed):
    small, large = sorted((shots, more))
    part, whole = take_subset(index(), small, seed), take_subset(index(), large, seed)
    assert part.counts().tolist() == [min(small, n) for n in (5, 0, 20, 9)]
    assert names(part) <= names(whole)


@given(st.floats(0.001, 0.999), st.integers(0, 99))
def test_a_part_is_that_part_of_each_class(part, seed):
    chosen = take_subset(index(), part, seed)
    assert chosen.counts().tolist() == [max(round(part * n), 1) if n else 0 for n in (5, 0, 20, 9)]
    assert names(chosen) <= names(index())


def test_seeds_choose_differently():
    assert len({frozenset(names(take_subset(index(), 3, seed))) for seed in range(8)}) > 4


def test_a_list_of_files_is_taken_as_it_stands(tmp_path):
    path = tmp_path / "1percent.txt"
    path.write_text("n0_3.JPEG\nsomewhere/c/n2_7.JPEG\n\n")
    assert names(take_subset(index(), str(path), 0)) == {"a/n0_3.JPEG", "c/n2_7.JPEG"}
    path.write_text("n9_3.JPEG\n")
    with pytest.raises(DataError, match=r"1 of them unknown: \['n9_3.JPEG'\]"):
        take_subset(index(), str(path), 0)
    with pytest.raises(NotFoundError, match="list of images"):
        take_subset(index(), str(tmp_path / "none.txt"), 0)


def test_a_list_of_files_means_the_class_that_it_gives(tmp_path):
    labels = np.array([0, 0, 1, 1], dtype=np.int32)
    twins = Index(Path("root"), ("a", "b"), labels, Names.of(["1.JPEG", "2.JPEG"] * 2))
    path = tmp_path / "list.txt"
    for line, found in [("a/1.JPEG", "a/1.JPEG"), ("/data/train/b/2.JPEG", "b/2.JPEG")]:
        path.write_text(line)
        assert names(take_subset(twins, str(path), 0)) == {found}
    path.write_text("1.JPEG")
    with pytest.raises(DataError, match="names that several images have"):
        take_subset(twins, str(path), 0)
    path.write_text("c/1.JPEG\na/3.JPEG\na/1.JPEG")
    with pytest.raises(DataError, match="2 of them unknown"):
        take_subset(twins, str(path), 0)


@given(st.one_of(st.integers(1, 4), st.floats(0.01, 0.6)), st.integers(0, 99))
def test_validation_and_training_share_nothing(amount, seed):
    train, val = split_off(index((5, 20, 9)), amount, seed)
    assert names(train) | names(val) == names(index((5, 20, 9)))
    assert not names(train) & names(val)
    assert (val.counts() > 0).all()


def test_too_much_for_validation_is_an_error():
    with pytest.raises(InputError, match=r"nothing would be left(.|\n)*key: a"):
        split_off(index((5, 20)), 5, 0)
    for wrong in (0, -1, 1.5):
        with pytest.raises(InputError, match="no number of images"):
            take_subset(index(), wrong, 0)


def test_classes_are_numbered_as_given():
    part = take_classes(index(), ["d", "a"])
    assert part.classes == ("d", "a")
    assert part.counts().tolist() == [9, 5]
    assert names(part) == {n for n in names(index()) if n[0] in "ad"}
    with pytest.raises(UnknownNameError, match="unknown class 'x'"):
        take_classes(index(), ["x"])
