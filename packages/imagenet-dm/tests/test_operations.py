import numpy as np
import pytest
from PIL import Image
from torchvision.transforms import InterpolationMode, autoaugment

from imagenet_dm.operations import OPERATIONS, SIGNED, apply

LEVELS = {
    **dict.fromkeys(("ShearX", "ShearY"), (-0.3, 0.07)),
    **dict.fromkeys(("TranslateX", "TranslateY"), (-20.0, 7.9)),
    **dict.fromkeys(("Brightness", "Color", "Contrast", "Sharpness"), (-0.9, 0.4)),
    "Rotate": (-30.0, 11.0),
    "Posterize": (4.0, 7.0),
    "Solarize": (0.0, 130.5),
}


@pytest.fixture(scope="module")
def image():
    coarse = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((64, 64), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_is_torchvisions(image, name):
    for level in LEVELS.get(name, (0.0,)):
        ours = OPERATIONS[name](image, level)
        theirs = autoaugment._apply_op(image, name, level, InterpolationMode.NEAREST, None)
        assert np.array_equal(np.asarray(ours), np.asarray(theirs)), level


def test_signs_are_drawn_for_what_has_one(image):
    for name in ("Brightness", "Solarize"):
        level = LEVELS[name][1]
        seen = {apply(image, name, level, np.random.default_rng(i)).tobytes() for i in range(20)}
        assert len(seen) == (2 if name in SIGNED else 1)
