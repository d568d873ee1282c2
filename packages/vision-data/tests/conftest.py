"""Small data in the real layouts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

#: Class ids of the CIFAR-100 invertebrates, and one that is none of them.
FOLDERS = (6, 7, 14, 18, 24, 26, 45, 77, 79, 99, 0)


def _picture(rng: np.random.Generator, height: int, width: int) -> Image.Image:
    """Smooth enough for JPEG, and another one every time."""
    small = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture
def picture() -> Callable[..., Image.Image]:
    """Make a picture from a generator, a height and a width."""
    return _picture


@pytest.fixture
def data_root(tmp_path: Path) -> Path:
    """A data root with ``raw/cifar100/{train,test}``, three 32 x 32 PNG images a class."""
    rng = np.random.default_rng(0)
    for subset in ("train", "test"):
        for folder in FOLDERS:
            place = tmp_path / "data" / "raw" / "cifar100" / subset / str(folder)
            place.mkdir(parents=True)
            for number in range(3):
                _picture(rng, 32, 32).save(place / f"{number}.png")
    return tmp_path / "data"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of JPEG images of different sizes in two classes, one grey."""
    rng = np.random.default_rng(1)
    sizes = [(60, 80), (70, 50), (64, 64), (91, 33)]
    for folder in ("0", "1"):
        (tmp_path / "photos" / folder).mkdir(parents=True)
        for number, (height, width) in enumerate(sizes):
            image = _picture(rng, height, width)
            if number == 3:
                image = image.convert("L")
            image.save(tmp_path / "photos" / folder / f"{number}.jpg", quality=92)
    return tmp_path / "photos"
