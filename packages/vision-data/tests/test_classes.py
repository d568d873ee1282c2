from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core.errors import DataError, NotFoundError, ProblemsError, UnknownNameError
from vision_data import ClassTable, write_classes
from vision_data.classes import DataClass, imagenet_classes, read_classes


@given(st.sets(st.integers(0, 10**6), min_size=1))
def test_numbered_folders_are_their_ids_whatever_their_order_as_text(ids):
    table = ClassTable.of_folders(sorted(map(str, ids)))
    assert table.ids == tuple(sorted(ids))
    assert all(table[str(i)].id == i for i in ids)


def test_table_survives_storing(tmp_path):
    table = ClassTable.of_ids({14: "butterfly", 6: "bee"})
    write_classes(tmp_path, table)
    assert read_classes(tmp_path) == table


def test_synsets_have_the_ids_and_names_of_torchvision():
    from torchvision.models import ResNet50_Weights

    names = ResNet50_Weights.DEFAULT.meta["categories"]
    table = ClassTable(tuple(imagenet_classes().values()))
    assert table.ids == tuple(range(1000))
    assert [c.name for c in table] == names
    # torchvision's ImageNet numbers the synsets in the order of their names
    assert [c.folder for c in table] == sorted(c.folder for c in table)


def test_other_folder_names_need_a_table():
    with pytest.raises(DataError, match="do not say their ids") as caught:
        ClassTable.of_folders(["cat", "dog"])
    assert "'cat', 'dog'" in str(caught.value)


@pytest.mark.parametrize("names", [["1", "01"], ["\u0661"], ["-1"], ["1", "n01440764"]])
def test_ambiguous_numbers_are_no_ids(names):
    with pytest.raises(DataError):
        ClassTable.of_folders(names)


@pytest.mark.parametrize("part", [{"id": 1}, {"folder": "a"}])
def test_a_class_comes_once(part):
    first = DataClass(id=1, folder="a", name="x")
    second = DataClass(**{"id": 2, "folder": "b", "name": "y", **part})
    with pytest.raises(DataError, match="twice"):
        ClassTable((first, second))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{", DataError),
        ("[]", DataError),
        ('{"version": 2, "classes": []}', DataError),
        ('{"version": 1, "classes": {}}', DataError),
        ('{"version": 1, "classes": [{"id": "1", "folder": "a", "name": "b"}]}', ProblemsError),
        ('{"version": 1, "classes": [{"id": 1, "folder": "../a", "name": "b"}]}', ProblemsError),
    ],
)
def test_damaged_tables_are_refused(tmp_path, text, error):
    (tmp_path / "classes.json").write_text(text)
    with pytest.raises(error) as caught:
        read_classes(tmp_path)
    assert "classes.json" in str(caught.value)


def test_missing_things_are_named(tmp_path):
    with pytest.raises(NotFoundError):
        read_classes(tmp_path)
    table = ClassTable.of_ids({6: "bee"})
    with pytest.raises(UnknownNameError, match="unknown class folder '7'"):
        table["7"]
    with pytest.raises(UnknownNameError, match="unknown class id '7'"):
        table.of_id(7)
