"""Real photographs from packages that ship some, cut into a small data set."""

from __future__ import annotations

from pathlib import Path

import skimage.data
import sklearn.datasets
from PIL import Image

from neuroai_core import generator

SIDE = 160
PER_CLASS = {"train": 24, "val": 8}


def photographs() -> dict[str, Image.Image]:
    """Give the photographs that scikit-image and scikit-learn carry, by name."""
    shipped = {
        name: Image.fromarray(getattr(skimage.data, name)())
        for name in ("astronaut", "chelsea", "coffee", "rocket")
    }
    for name in ("china", "flower"):
        array = sklearn.datasets.load_sample_image(f"{name}.jpg")
        shipped[name] = Image.fromarray(array)
    return shipped


def write_photographs(root: Path, seed: int = 0) -> Path:
    """Write ``root/{train,val}/<photograph>/*.jpg``: crops of each, those of val apart.

    The left three quarters of a photograph give the training images, the right
    quarter those for validation, so no pixel is in both.
    """
    for name, photograph in photographs().items():
        edge = photograph.width * 3 // 4
        parts = {"train": (0, edge), "val": (edge, photograph.width)}
        for split, (left, right) in parts.items():
            folder = root / split / name
            folder.mkdir(parents=True, exist_ok=True)
            part = photograph.crop((left, 0, right, photograph.height))
            for i in range(PER_CLASS[split]):
                crop = random_crop(part, seed, name, split, i)
                crop.save(folder / f"{name}_{i:02d}.jpg", quality=92)
    return root


def random_crop(image: Image.Image, *keys: str | int) -> Image.Image:
    """Cut a square of at least half the shorter side and scale it to 160 pixels."""
    rng = generator(*keys)
    shorter = min(image.size)
    side = int(rng.integers(shorter // 2, shorter + 1))
    left, top = (int(rng.integers(0, extent - side + 1)) for extent in image.size)
    return image.crop((left, top, left + side, top + side)).resize((SIDE, SIDE))
