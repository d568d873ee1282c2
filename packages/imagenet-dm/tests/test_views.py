import io

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from imagenet_dm import CentreView, RandomCrops, TrainingView
from imagenet_dm.requests import Request
from imagenet_dm.resolution import Resolution
from jpeg_crops import image_sizes


def jpeg(width: int, height: int, seed: int = 0) -> bytes:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(file, "JPEG")
    return file.getvalue()


def request(n: int, epoch: int = 0) -> Request:
    at = np.arange(n)
    return Request(epoch, 0, at, at, at)


def see(view, images, epoch=0):
    made = view(images, request(len(images), epoch))
    assert made.is_contiguous(memory_format=torch.channels_last)
    return made.permute(0, 2, 3, 1).numpy()


@pytest.mark.parametrize(("width", "height"), [(500, 375), (375, 500), (333, 500), (100, 90)])
@pytest.mark.parametrize(("pixels", "shorter"), [(224, 256), (112, 128), (160, 183)])
def test_validation_is_torchvisions(width, height, pixels, shorter):
    encoded = jpeg(width, height)
    ours = see(CentreView(pixels, shorter), [encoded])[0].astype(int)
    oracle = v2.Compose([v2.Resize(shorter), v2.CenterCrop(pixels)])
    theirs = np.asarray(oracle(Image.open(io.BytesIO(encoded)))).astype(int)
    assert (abs(ours - theirs) <= 1).mean() >= 0.999


def test_training_is_a_crop_resized_and_flipped():
    encoded = [jpeg(300 + 20 * i, 200 + 10 * i, i) for i in range(6)]
    crops = RandomCrops(seed=5)
    ours = see(TrainingView(crops, Resolution.of(96)), encoded, epoch=2)
    boxes, flips = crops.draw(2, range(6), image_sizes(encoded))
    assert flips.any()
    assert not flips.all()
    for image, box, flip, seen in zip(encoded, boxes.tolist(), flips, ours, strict=True):
        crop = v2.functional.resized_crop(Image.open(io.BytesIO(image)), *box, [96, 96])
        crop = np.asarray(v2.functional.hflip(crop) if flip else crop).astype(int)
        error = ((crop - seen) ** 2).mean()
        assert 10 * np.log10(255**2 / max(error, 1e-9)) > 40
