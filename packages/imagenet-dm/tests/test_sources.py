import pytest

from imagenet_dm.sources import find_backend, open_split
from neuroai_core.errors import DataError, UnknownNameError


def test_the_form_is_found_by_what_is_there(fake, tmp_path):
    assert find_backend(fake, "train") == "folder"
    assert find_backend(tmp_path, "train") is None
    (tmp_path / "train.beton").write_bytes(b"")
    (tmp_path / "ILSVRC2012_img_train.tar").write_bytes(b"")
    assert find_backend(tmp_path, "train") == "beton"
    (tmp_path / "train.beton").unlink()
    assert find_backend(tmp_path, "train") == "tar"
    (tmp_path / "train-0.tar").write_bytes(b"")
    assert find_backend(tmp_path, "train") == "webdataset"


def test_a_form_that_is_not_there_is_an_error(fake, tmp_path):
    with pytest.raises(DataError, match=r"no split 'train' in this form(.|\n)*train/"):
        open_split(fake, "train", backend="beton")
    with pytest.raises(UnknownNameError, match="did you mean 'webdataset'"):
        open_split(fake, "train", backend="webdatset")
    with pytest.raises(DataError, match="no data set with a split"):
        open_split(tmp_path, "train")
