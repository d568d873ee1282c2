"""Augmentation policies: which operations an image goes through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from imagenet_dm.operations import OPERATIONS, apply
from neuroai_core.errors import InputError, check_known

PolicyName = Literal["autoaugment", "randaugment", "trivialaugment", "augmix", "threeaugment"]


class Policy(Protocol):
    """An augmentation of one uint8 RGB image."""

    def __call__(self, image: Image.Image, rng: np.random.Generator) -> Image.Image:
        """Give the augmented image, of the same size."""
        ...


def _space(
    bins: int, *, shear: float, translate: float, rotate: float, colour: float, posterize: float
) -> Mapping[str, npt.NDArray[np.float64]]:
    """Give the magnitudes of every operation, `bins` steps from nothing to the most."""
    steps = np.arange(bins)
    part = steps / (bins - 1)
    space = dict.fromkeys(("ShearX", "ShearY"), part * shear)
    space |= dict.fromkeys(("TranslateX", "TranslateY"), part * translate)
    space |= dict.fromkeys(("Brightness", "Color", "Contrast", "Sharpness"), part * colour)
    space |= {
        "Rotate": part * rotate,
        "Posterize": 8 - np.rint(steps / ((bins - 1) / posterize)),
        "Solarize": 255 - part * 255,
        "AutoContrast": part * 0,
        "Equalize": part * 0,
    }
    return space


#: The 25 pairs of (operation, probability, magnitude of 0 to 9) found for ImageNet
#: (Cubuk et al. 2019, doi:10.1109/CVPR.2019.00020, table 9).
IMAGENET_POLICY = (
    (("Posterize", 0.4, 8), ("Rotate", 0.6, 9)),
    (("Solarize", 0.6, 5), ("AutoContrast", 0.6, 0)),
    (("Equalize", 0.8, 0), ("Equalize", 0.6, 0)),
    (("Posterize", 0.6, 7), ("Posterize", 0.6, 6)),
    (("Equalize", 0.4, 0), ("Solarize", 0.2, 4)),
    (("Equalize", 0.4, 0), ("Rotate", 0.8, 8)),
    (("Solarize", 0.6, 3), ("Equalize", 0.6, 0)),
    (("Posterize", 0.8, 5), ("Equalize", 1.0, 0)),
    (("Rotate", 0.2, 3), ("Solarize", 0.6, 8)),
    (("Equalize", 0.6, 0), ("Posterize", 0.4, 6)),
    (("Rotate", 0.8, 8), ("Color", 0.4, 0)),
    (("Rotate", 0.4, 9), ("Equalize", 0.6, 0)),
    (("Equalize", 0.0, 0), ("Equalize", 0.8, 0)),
    (("Invert", 0.6, 0), ("Equalize", 1.0, 0)),
    (("Color", 0.6, 4), ("Contrast", 1.0, 8)),
    (("Rotate", 0.8, 8), ("Color", 1.0, 2)),
    (("Color", 0.8, 8), ("Solarize", 0.8, 7)),
    (("Sharpness", 0.4, 7), ("Invert", 0.6, 0)),
    (("ShearX", 0.6, 5), ("Equalize", 1.0, 0)),
    (("Color", 0.4, 0), ("Equalize", 0.6, 0)),
    (("Equalize", 0.4, 0), ("Solarize", 0.2, 4)),
    (("Solarize", 0.6, 5), ("AutoContrast", 0.6, 0)),
    (("Invert", 0.6, 0), ("Equalize", 1.0, 0)),
    (("Color", 0.6, 4), ("Contrast", 1.0, 8)),
    (("Equalize", 0.8, 0), ("Equalize", 0.6, 0)),
)


@dataclass(frozen=True)
class AutoAugment:
    """One of the 25 pairs of operations found for ImageNet."""

    def __call__(self, image: Image.Image, rng: np.random.Generator) -> Image.Image:
        """Give the augmented image."""
        space = _space(
            10, shear=0.3, translate=150 / 331 * image.width, rotate=30, colour=0.9, posterize=4
        )
        for name, probability, step in IMAGENET_POLICY[rng.integers(len(IMAGENET_POLICY))]:
            if rng.random() < probability:
                level = 0.0 if name == "Invert" else float(space[name][step])
                image = apply(image, name, level, rng)
        return image


@dataclass(frozen=True)
class RandAugment:
    """A few operations of one magnitude (Cubuk et al. 2020, doi:10.1109/CVPRW50498.2020.00359).

    Parameters
    ----------
    operations
        How many, one after another.
    magnitude
        0 to 30.
    """

    operations: int = 2
    magnitude: int = 9

    def __call__(self, image: Image.Image, rng: np.random.Generator) -> Image.Image:
        """Give the augmented image."""
        space = _space(
            31, shear=0.3, translate=150 / 331 * image.width, rotate=30, colour=0.9, posterize=4
        )
        for name in rng.choice(["Identity", *space], size=self.operations):
            level = 0.0 if name == "Identity" else float(space[name][self.magnitude])
            image = apply(image, str(name), level, rng)
        return image


@dataclass(frozen=True)
class TrivialAugment:
    """One operation, its magnitude uniform over a wide range.

    Müller and Hutter 2021, doi:10.1109/ICCV48922.2021.00081.
    """

    def __call__(self, image: Image.Image, rng: np.random.Generator) -> Image.Image:
        """Give the augmented image."""
        space = _space(31, shear=0.99, translate=32, rotate=135, colour=0.99, posterize=6)
        name = str(rng.choice(["Identity", *space]))
        if name == "Identity":
            return image
        return apply(image, name, float(rng.choice(space[name])), rng)


@dataclass(frozen=True)
class AugMix:
    """A mixture of the image and of chains of operations (Hendrycks et al. 2020, arXiv:1912.02781).

    Parameters
    ----------
    severity
        Of the operations, 1 to 10.
    chains
        How many chains of one to three operations are mixed.
    """

    severity: int = 3
    chains: int = 3

    def __call__(self, image: Image.Image, rng: np.random.Generator) -> Image.Image:
        """Give the augmented image."""
        space = dict(
            _space(10, shear=0.3, translate=image.width / 3, rotate=30, colour=0.9, posterize=4)
        )
        space["Posterize"] = 4 - np.rint(np.arange(10) / (9 / 4))
        original = np.asarray(image, dtype=np.float32)
        keep = rng.beta(1.0, 1.0)
        mixed = keep * original
        for weight in rng.dirichlet(np.ones(self.chains)):
            chain = image
            for name in rng.choice(list(space), size=rng.integers(1, 4)):
                level = float(space[name][rng.integers(self.severity)])
                chain = apply(chain, str(name), level, rng)
            mixed += (1 - keep) * weight * np.asarray(chain, dtype=np.float32)
        return Image.fromarray(np.clip(np.rint(mixed), 0, 255).astype(np.uint8))


@dataclass(frozen=True)
class ThreeAugment:
    """Grey, solarised or blurred, one of the three (Touvron et al. 2022, arXiv:2204.07118).

    The paper adds `ColourJitter` of 0.3.
    """

    def __call__(self, image: Image.Image, rng: np.random.Generator) -> Image.Image:
        """Give the augmented image."""
        which = rng.integers(3)
        if which == 0:
            return image.convert("L").convert("RGB")
        if which == 1:
            return OPERATIONS["Solarize"](image, 128)
        return image.filter(ImageFilter.GaussianBlur(radius=rng.uniform(0.1, 2.0)))


@dataclass(frozen=True)
class ColourJitter:
    """Brightness, contrast and saturation changed by factors, in random order.

    Parameters
    ----------
    strength
        Each factor is uniform from ``1 - strength`` to ``1 + strength``.
    """

    strength: float

    def __call__(self, image: Image.Image, rng: np.random.Generator) -> Image.Image:
        """Give the augmented image."""
        for name in rng.permutation(["Brightness", "Contrast", "Color"]):
            level = rng.uniform(-min(self.strength, 1.0), self.strength)
            image = OPERATIONS[str(name)](image, level)
        return image


def named_policies(
    name: PolicyName | None, *, operations: int = 2, magnitude: int = 9, colour_jitter: float = 0.0
) -> tuple[Policy, ...]:
    """Make the policies of a configuration, in the order in which they are applied.

    Parameters
    ----------
    name
        Which one, or None.
    operations, magnitude
        Of ``"randaugment"``.
    colour_jitter
        Strength of `ColourJitter`, after the policy; 0 is off.
    """
    if not (operations >= 1 and 0 <= magnitude <= 30 and colour_jitter >= 0):
        raise InputError(
            "an augmentation is out of range",
            expected="1 operation or more, magnitude 0 to 30, colour_jitter 0 or more",
            found=f"{operations}, {magnitude}, {colour_jitter}",
        )
    known: dict[str, Policy] = {
        "autoaugment": AutoAugment(),
        "randaugment": RandAugment(operations, magnitude),
        "trivialaugment": TrivialAugment(),
        "augmix": AugMix(),
        "threeaugment": ThreeAugment(),
    }
    check_known("augmentation", [name], [None, *get_args(PolicyName)], key="augment")
    chosen = [known[name]] if name is not None else []
    return (*chosen, ColourJitter(colour_jitter)) if colour_jitter else tuple(chosen)
