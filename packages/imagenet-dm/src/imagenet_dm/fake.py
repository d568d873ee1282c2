"""A small data set in ImageNet's layout, for trying things."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from neuroai_core.errors import InputError, strict_arguments
from neuroai_core.files import atomic_write
from neuroai_core.rng import generator

#: The first synsets of ImageNet, in label order; more classes go on with numbers.
SYNSETS = ("n01440764", "n01443537", "n01484850", "n01491361", "n01494475")


@strict_arguments
def write_fake(
    root: str | os.PathLike[str],
    *,
    classes: int = 10,
    train: int = 20,
    val: int = 5,
    seed: int = 0,
) -> Path:
    """Write a data set of drawn images that a network can learn to tell apart.

    A class has a colour and a number of bars; position, size, background and
    noise differ from image to image. Sizes and a few grey images are as in
    ImageNet.

    Parameters
    ----------
    root
        The folder to make; it must not hold a data set yet.
    classes
        Number of classes.
    train, val
        Images of each class.
    seed
        The same seed draws the same images.

    Returns
    -------
    The root.

    Examples
    --------
    >>> root = write_fake("fake", classes=2, train=3, val=1)
    >>> [path.name for path in sorted(root.glob("train/n01440764/*"))]
    ['n01440764_0.JPEG', 'n01440764_1.JPEG', 'n01440764_2.JPEG']
    """
    root = Path(root)
    if min(classes, train, val) < 1:
        raise InputError(
            "a fake data set needs something in it",
            expected="1 or more of each",
            found=f"classes {classes}, train {train}, val {val}",
        )
    for split, count in (("train", train), ("val", val)):
        if (root / split).exists():
            raise InputError("there is a data set already", path=root / split)
        for label in range(classes):
            synset = SYNSETS[label] if label < len(SYNSETS) else f"n{2000000 + label:08d}"
            folder = root / split / synset
            folder.mkdir(parents=True)
            for number in range(count):
                jpeg = _encode(_draw(label, classes, generator(seed, split, label, number)))
                atomic_write(folder / _name(split, synset, number, label * count), jpeg)
    return root


def _name(split: str, synset: str, number: int, before: int) -> str:
    if split == "train":
        return f"{synset}_{number}.JPEG"
    return f"ILSVRC2012_val_{before + number + 1:08d}.JPEG"


def _draw(label: int, classes: int, rng: np.random.Generator) -> Image.Image:
    short, long = int(rng.integers(160, 300)), int(rng.integers(300, 420))
    size = (long, short) if rng.random() < 0.75 else (short, long)
    coarse = rng.integers(0, 256, size=(4, 4, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    hue = int(256 * label / classes)
    colour = Image.new("HSV", (1, 1), (hue, 220, 230)).convert("RGB").getpixel((0, 0))
    bars, step = label % 5 + 1, min(size) // 12
    left, top = (int(rng.integers(0, s // 3)) for s in size)
    for bar in range(bars):
        x = left + 2 * bar * step
        draw.rectangle((x, top, x + step, top + 6 * step), fill=colour)
    return image.convert("L") if rng.random() < 0.023 else image


def _encode(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=92)
    return file.getvalue()
