import pytest

from imagenet_dm.folder import scan_folder
from imagenet_dm.layout import find_root
from neuroai_core.errors import DataError, InputError, NotFoundError, UnknownNameError


def test_the_argument_comes_first_then_the_location_then_the_environment(tmp_path, monkeypatch):
    a, b, c = (tmp_path / name for name in "abc")
    for folder in (a, b, c):
        folder.mkdir()
    monkeypatch.setenv("IMAGENET_ROOT", str(c))
    places = {"local": str(b)}
    assert find_root(a, "local", places) == a
    assert find_root(None, "local", places) == b
    assert find_root() == c
    monkeypatch.delenv("IMAGENET_ROOT")
    with pytest.raises(InputError, match="nothing says where"):
        find_root()
    with pytest.raises(UnknownNameError, match=r"'locl'(.|\n)*did you mean 'local'"):
        find_root(location="locl", locations=places)


def test_a_missing_root_shows_what_is_there_instead(tmp_path):
    (tmp_path / "imagenet").mkdir()
    with pytest.raises(NotFoundError, match=r"no such data set(.|\n)*found: .*imagenet/"):
        find_root(tmp_path / "imagnet")


@pytest.mark.parametrize(
    ("make", "hint"),
    [("val/x", "val_from_train"), ("ILSVRC/val/x", "folder below"), ("other/x", "expected")],
)
def test_a_wrong_root_shows_what_was_expected_and_what_is_there(tmp_path, make, hint):
    (tmp_path / make).mkdir(parents=True)
    split = "val" if hint == "val_from_train" else "train"
    if split == "val":
        (tmp_path / "val" / "x").rmdir()
        (tmp_path / "val").rmdir()
        (tmp_path / "train").mkdir()
        make = "train/x"
    elif "ILSVRC" in make:
        (tmp_path / "ILSVRC" / "train").mkdir()
    with pytest.raises(DataError, match=hint) as caught:
        scan_folder(tmp_path, split)
    assert "train/<class>/*.JPEG" in str(caught.value)
    assert make.split("/")[0] + "/" in str(caught.value)


def test_a_split_without_images_is_an_error(tmp_path):
    (tmp_path / "train" / "a").mkdir(parents=True)
    (tmp_path / "train" / "a" / "notes.txt").write_text("no image")
    with pytest.raises(DataError, match="no images"):
        scan_folder(tmp_path, "train")
