from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from neuroai_core import DataError, InputError, NotFoundError
from stimulus_protocols.datasets import PictureFolder


@pytest.fixture
def folder(tmp_path):
    for name, value in (("ants", 50), ("bees", 200)):
        (tmp_path / name).mkdir()
        for number in range(2):
            pixels = np.full((20 + 10 * number, 30, 3), value, np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    (tmp_path / "bees" / "notes.txt").write_text("no picture")
    return tmp_path


def test_classes_in_the_order_of_their_names(folder):
    pictures = PictureFolder(folder, size=16)
    assert pictures.classes == ["ants", "bees"]
    assert [label for _, label in (pictures[i] for i in range(len(pictures)))] == [0, 0, 1, 1]
    image, _ = pictures[3]
    assert image.shape == (3, 16, 16)
    assert abs(image - 200 / 255).max() < 1e-6


def test_folders_that_will_not_do(folder, tmp_path):
    with pytest.raises(NotFoundError):
        PictureFolder(tmp_path / "none")
    with pytest.raises(DataError, match="no picture"):
        PictureFolder(folder / "ants")
    with pytest.raises(InputError):
        PictureFolder(folder, size=0)
    (folder / "ants" / "0.png").write_text("text")
    with pytest.raises(DataError, match="cannot be read"):
        PictureFolder(folder)[0]


@pytest.mark.realdata
def test_real_photographs(real_data):
    pictures = PictureFolder(real_data / "imagenet-sample" / "train", size=32)
    assert len(pictures.classes) > 1
    image, label = pictures[len(pictures) - 1]
    assert image.shape == (3, 32, 32)
    assert label == len(pictures.classes) - 1
    assert 0 <= image.min() < image.max() <= 1
