import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import RandomResizedCrop, v2

from imagenet_dm import RandomCrops
from imagenet_dm.geometry import centre_place, resized_shape
from neuroai_core.errors import InputError

sides = st.integers(1, 3000)


@given(st.lists(st.tuples(sides, sides), min_size=1, max_size=20), st.integers(0, 10**6))
def test_every_box_lies_in_its_image_within_scale_and_ratio(sizes, epoch):
    crops = RandomCrops(seed=3)
    boxes, flips = crops.draw(epoch, np.arange(len(sizes)), sizes)
    assert boxes.shape == (len(sizes), 4)
    assert flips.dtype == bool
    for (top, left, height, width), (H, W) in zip(boxes.tolist(), sizes, strict=True):
        assert top >= 0
        assert left >= 0
        assert 0 < height <= H - top
        assert 0 < width <= W - left


@given(st.permutations(range(8)), st.integers(0, 100))
def test_a_crop_depends_on_its_image_alone(order, epoch):
    sizes = np.array([(200 + i, 300 - i) for i in range(8)])
    crops = RandomCrops(seed=1)
    boxes, flips = crops.draw(epoch, range(8), sizes)
    mixed, mixed_flips = crops.draw(epoch, order, sizes[order])
    assert (mixed == boxes[order]).all()
    assert (mixed_flips == flips[order]).all()


def test_seeds_epochs_and_images_differ():
    size = [(400, 500)] * 50
    first, _ = RandomCrops(seed=0).draw(0, range(50), size)
    for other, draws in ((RandomCrops(seed=1), range(50)), (RandomCrops(seed=0), range(50, 100))):
        assert (first != other.draw(0, draws, size)[0]).any(axis=1).all()
    assert (first != RandomCrops(seed=0).draw(1, range(50), size)[0]).any(axis=1).all()


@pytest.mark.parametrize("size", [(10, 2000), (2000, 10), (375, 500)])
def test_fallback_is_torchvisions(size):
    # A scale that no crop of these ratios can have leaves the central crop.
    crops = RandomCrops(seed=0, scale=(1.0, 1.0), ratio=(1.9, 2.0))
    boxes, _ = crops.draw(0, [0], [size])
    image = torch.empty(3, *size)
    oracle = RandomResizedCrop.get_params(image, [1.0, 1.0], [1.9, 2.0])
    assert boxes[0].tolist() == list(oracle)


@given(st.integers(1, 600), st.integers(1, 600), st.integers(1, 300))
def test_resized_shape_and_centre_are_torchvisions(height, width, shorter):
    image = Image.new("L", (width, height))
    if max(height, width) * shorter > 10**5 * min(height, width):
        return
    resized = v2.functional.resize(image, shorter)
    assert resized_shape(height, width, shorter) == (resized.height, resized.width)
    pixels = torch.arange(resized.height * resized.width).view(1, resized.height, resized.width)
    crop = v2.functional.center_crop(pixels, [shorter, shorter])
    top, left = centre_place(resized.height, resized.width, shorter)
    assert int(crop[0, 0, 0]) == top * resized.width + left


@pytest.mark.parametrize(
    "wrong", [{"scale": (0.5, 0.1)}, {"scale": (0.1, 2.0)}, {"ratio": (0, 1)}, {"flip": 1.5}]
)
def test_wrong_ranges_are_errors(wrong):
    with pytest.raises(InputError, match="range"):
        RandomCrops(seed=0, **wrong)


def test_statistics_agree_with_torchvision():
    """Scale, ratio, flip and centre over 20,000 draws; the campaign makes 10**5."""
    n, size = 20_000, (375, 500)
    boxes, flips = RandomCrops(seed=0).draw(0, range(n), [size] * n)
    ours = _describe(boxes.astype(float), size)
    image = torch.empty(3, *size)
    # torchvision draws from torch's global generator; fork_rng puts it back.
    with torch.random.fork_rng():
        torch.manual_seed(0)
        draws = [RandomResizedCrop.get_params(image, [0.08, 1.0], [0.75, 4 / 3]) for _ in range(n)]
    theirs = _describe(np.array(draws, dtype=float), size)
    for name in ours:
        assert _distance(ours[name], theirs[name]) < 1.95 * math.sqrt(2 / n), name
    assert abs(flips.mean() - 0.5) < 4 * math.sqrt(0.25 / n)


def _describe(boxes, size):
    top, left, height, width = boxes.T
    return {
        "scale": height * width / (size[0] * size[1]),
        "log ratio": np.log(width / height),
        "row": top + height / 2,
        "column": left + width / 2,
    }


def _distance(a, b):
    """Kolmogorov and Smirnov: the largest distance of the two distributions."""
    at = np.sort(np.concatenate([a, b]))
    below = [np.searchsorted(np.sort(x), at, side="right") / len(x) for x in (a, b)]
    return np.abs(below[0] - below[1]).max()
