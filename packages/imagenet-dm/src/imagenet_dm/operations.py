"""What augmentation policies do to an image: one operation, one magnitude.

Names and meaning are torchvision's (``torchvision.transforms.autoaugment``),
which follow Cubuk et al. 2019, "AutoAugment", doi:10.1109/CVPR.2019.00020.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from PIL import Image
from torchvision.transforms.v2 import functional as F  # type: ignore[import-untyped]  # noqa: N812

Operation: TypeAlias = Callable[[Image.Image, float], Image.Image]


def _affine(
    image: Image.Image,
    translate: tuple[int, int] = (0, 0),
    shear_deg: tuple[float, float] = (0.0, 0.0),
    centre: list[float] | None = None,
) -> Image.Image:
    moved: Image.Image = F.affine(
        image, angle=0.0, translate=list(translate), scale=1.0, shear=list(shear_deg), center=centre
    )
    return moved


def _shear_x(image: Image.Image, level: float) -> Image.Image:
    return _affine(image, shear_deg=(math.degrees(math.atan(level)), 0.0), centre=[0, 0])


def _shear_y(image: Image.Image, level: float) -> Image.Image:
    return _affine(image, shear_deg=(0.0, math.degrees(math.atan(level))), centre=[0, 0])


#: By name: shears as a slope, translations in pixels, rotations in degrees,
#: colour changes as what is added to a factor of 1, Posterize in bits kept,
#: Solarize as the threshold from 0 to 255; the others have no magnitude.
OPERATIONS: Mapping[str, Operation] = {
    "AutoContrast": lambda image, level: F.autocontrast(image),
    "Brightness": lambda image, level: F.adjust_brightness(image, 1.0 + level),
    "Color": lambda image, level: F.adjust_saturation(image, 1.0 + level),
    "Contrast": lambda image, level: F.adjust_contrast(image, 1.0 + level),
    "Equalize": lambda image, level: F.equalize(image),
    "Identity": lambda image, level: image,
    "Invert": lambda image, level: F.invert(image),
    "Posterize": lambda image, level: F.posterize(image, int(level)),
    "Rotate": F.rotate,
    "Sharpness": lambda image, level: F.adjust_sharpness(image, 1.0 + level),
    "ShearX": _shear_x,
    "ShearY": _shear_y,
    "Solarize": F.solarize,
    "TranslateX": lambda image, level: _affine(image, translate=(int(level), 0)),
    "TranslateY": lambda image, level: _affine(image, translate=(0, int(level))),
}

#: Operations whose magnitude goes either way.
SIGNED = frozenset(
    ["Brightness", "Color", "Contrast", "Rotate", "Sharpness"]
    + [f"{what}{axis}" for what in ("Shear", "Translate") for axis in "XY"]
)


def apply(image: Image.Image, name: str, level: float, rng: np.random.Generator) -> Image.Image:
    """Apply an operation; a magnitude that can go either way is turned round half of the time."""
    if name in SIGNED and rng.random() < 0.5:
        level = -level
    return OPERATIONS[name](image, level)
