import numpy as np
import pytest
import torch
from torchvision.transforms import RandomErasing

from imagenet_dm.erasing import Erasing
from imagenet_dm.requests import Request
from neuroai_core.errors import InputError


def request(draws, epoch=0):
    draws = np.asarray(draws)
    return Request(epoch, 0, draws, draws, draws, training=True)


def test_erases_the_boxes_and_nothing_else():
    erasing = Erasing(seed=1, probability=0.6)
    images = torch.ones(40, 3, 20, 30)
    erased = erasing(images, request(range(40)))
    boxes = erasing.boxes(request(range(40)), 20, 30)
    assert 10 < (boxes[:, 2] > 0).sum() < 36
    for image, (top, left, height, width) in zip(erased, boxes.tolist(), strict=True):
        oracle = torch.ones(3, 20, 30)
        oracle[:, top : top + height, left : left + width] = 0
        assert torch.equal(image, oracle)
    alone = erasing(images[:1], request([7]))
    assert torch.equal(alone[0], erased[7])


def test_statistics_are_torchvisions():
    n, (height, width) = 10_000, (224, 224)
    boxes = Erasing(seed=0, probability=1.0).boxes(request(range(n)), height, width)
    image = torch.empty(3, height, width)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        theirs = np.array(
            [
                RandomErasing.get_params(image, (0.02, 1 / 3), (0.3, 1 / 0.3), [0.0])[:4]
                for _ in range(n // 4)
            ]
        )
    areas = (boxes[:, 2] * boxes[:, 3], theirs[:, 2] * theirs[:, 3])
    for ours, other in (areas, *((boxes[:, i], theirs[:, i]) for i in range(4))):
        both = np.sort(np.concatenate([ours, other]))
        below = [np.searchsorted(np.sort(x), both, side="right") / len(x) for x in (ours, other)]
        assert abs(below[0] - below[1]).max() < 1.95 * np.sqrt(1 / n + 4 / n)


def test_a_wrong_probability_is_an_error():
    with pytest.raises(InputError, match="probability"):
        Erasing(0, probability=-0.1)
