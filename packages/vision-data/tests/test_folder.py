from __future__ import annotations

import pytest

from neuroai_core.errors import DataError, NotFoundError, UnknownArgumentError
from vision_data import ClassTable, ImageFolder, write_classes
from vision_data.images import read_image


def test_labels_come_from_the_stored_table(photos):
    write_classes(photos, ClassTable.of_ids({1: "one", 0: "zero"}))
    assert ImageFolder(photos).targets == [0] * 4 + [1] * 4
    swapped = ClassTable.from_json(
        [{"id": 1, "folder": "0", "name": "a"}, {"id": 0, "folder": "1", "name": "b"}]
    )
    write_classes(photos, swapped)
    data = ImageFolder(photos)
    assert all((path.parent.name == "0") == (label == 1) for path, label in data.samples)


def test_samples_transforms_and_paths(photos):
    data = ImageFolder(photos, lambda im: im.size, lambda t: t + 10, return_path=True)
    size, label, path = data[7]
    assert (size, label, path) == ((33, 91), 11, str(photos / "1" / "3.jpg"))
    assert ImageFolder(photos)[3][0].mode == "RGB"  # the file is grey


def test_what_is_no_image_is_named(photos):
    fake = photos / "0" / "0.jpg"
    fake.write_text("this is a text file")
    with pytest.raises(DataError, match="this is no image") as caught:
        ImageFolder(photos)[0]
    assert str(fake) in str(caught.value)
    assert "this is a text" in str(caught.value)


def test_cut_off_image_is_named(photos):
    path = photos / "0" / "0.jpg"
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(DataError, match="damaged") as caught:
        read_image(path)
    assert str(path) in str(caught.value)


def test_missing_empty_and_unlisted(photos, tmp_path):
    with pytest.raises(NotFoundError):
        ImageFolder(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no class folders"):
        ImageFolder(tmp_path / "empty")
    (tmp_path / "empty" / "0").mkdir()
    with pytest.raises(DataError, match="no images"):
        ImageFolder(tmp_path / "empty")
    write_classes(photos, ClassTable.of_ids({1: "one"}))
    with pytest.raises(DataError, match="not in the class table"):
        ImageFolder(photos)
    with pytest.raises(NotFoundError):
        read_image(tmp_path / "nowhere.png")


def test_misspelt_argument(photos):
    with pytest.raises(UnknownArgumentError, match="did you mean 'transform'"):
        ImageFolder(photos, transfrom=None)


@pytest.mark.realdata
def test_real_photographs(real_data):
    data = ImageFolder(real_data / "imagenet-sample" / "train")
    assert len(data) == len(data.table) == 120
    for path, label in data.samples:  # the files carry the name of their class
        name = data.table.name_of(label)
        assert path.stem.split("_", 1)[1].replace("_", " ").lower() == name.lower()
