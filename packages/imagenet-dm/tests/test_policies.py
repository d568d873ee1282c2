from collections import Counter

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import autoaugment

from imagenet_dm import policies
from imagenet_dm.operations import SIGNED
from imagenet_dm.policies import named_policies
from neuroai_core.errors import InputError, UnknownNameError

SIZE = 48


@pytest.fixture(scope="module")
def image():
    coarse = np.random.default_rng(1).integers(0, 256, (7, 7, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((SIZE, SIZE), Image.Resampling.BICUBIC)


@pytest.mark.parametrize(
    "name", ["autoaugment", "randaugment", "trivialaugment", "augmix", "threeaugment"]
)
def test_each_changes_images_as_its_generator_says(image, name):
    (policy,) = named_policies(name)
    seen = [policy(image, np.random.default_rng(i)) for i in range(30)]
    again = [policy(image, np.random.default_rng(i)) for i in range(30)]
    assert all(s.size == image.size and s.mode == "RGB" for s in seen)
    assert [s.tobytes() for s in seen] == [s.tobytes() for s in again]
    assert len({s.tobytes() for s in seen}) > (2 if name == "threeaugment" else 12)


def test_the_imagenet_policy_is_torchvisions():
    theirs = autoaugment.AutoAugment()._get_policies(autoaugment.AutoAugmentPolicy.IMAGENET)
    ours = [[(n, p, m) for n, p, m in pair] for pair in policies.IMAGENET_POLICY]
    assert ours == [[(n, p, m or 0) for n, p, m in pair] for pair in theirs]


NARROW = {"shear": 0.3, "translate": 150 / 331 * SIZE, "rotate": 30, "colour": 0.9, "posterize": 4}
WIDE = {"shear": 0.99, "translate": 32, "rotate": 135, "colour": 0.99, "posterize": 6}


@pytest.mark.parametrize(
    ("theirs", "bins", "settings"),
    [
        (autoaugment.AutoAugment(), 10, NARROW),
        (autoaugment.RandAugment(), 31, NARROW),
        (autoaugment.TrivialAugmentWide(), 31, WIDE),
    ],
)
def test_magnitudes_are_torchvisions(theirs, bins, settings):
    wide = isinstance(theirs, autoaugment.TrivialAugmentWide)
    oracle = theirs._augmentation_space(*([bins] if wide else [bins, (SIZE, SIZE)]))
    ours = policies._space(bins, **settings)
    assert set(ours) == set(oracle) - {"Identity", "Invert"}
    for name, (levels, signed) in oracle.items():
        assert signed == (name in SIGNED)
        if levels.ndim and name in ours:
            np.testing.assert_allclose(ours[name], levels.to(torch.float64).numpy(), atol=1e-4)


def test_operations_are_drawn_evenly(image, monkeypatch):
    drawn = Counter()

    def note(image, name, level, rng):
        drawn[name] += 1
        return image

    monkeypatch.setattr(policies, "apply", note)
    rng = np.random.default_rng(0)
    for _ in range(1500):
        policies.RandAugment(2, 9)(image, rng)
    assert len(drawn) == 14
    assert min(drawn.values()) > 150
    assert max(drawn.values()) < 290


def test_colour_jitter_stays_in_its_range():
    grey = Image.new("RGB", (4, 4), (100, 100, 100))
    jitter = policies.ColourJitter(0.4)
    seen = [jitter(grey, np.random.default_rng(i)).getpixel((0, 0))[0] for i in range(200)]
    assert 59 <= min(seen) < 70
    assert 130 < max(seen) <= 141


def test_wrong_names_and_ranges_are_errors():
    assert named_policies(None) == ()
    assert len(named_policies("randaugment", colour_jitter=0.3)) == 2
    with pytest.raises(UnknownNameError, match="did you mean 'randaugment'"):
        named_policies("randaug")
    with pytest.raises(InputError, match="out of range"):
        named_policies("randaugment", magnitude=31)
