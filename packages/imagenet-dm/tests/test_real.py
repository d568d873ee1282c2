"""On real ImageNet photographs."""

import io

import numpy as np
import pytest
from PIL import Image
from torchvision.transforms import v2

from imagenet_dm import CentreView, ImageNetDataModule, RandomCrops, Resolution, TrainingView
from imagenet_dm.requests import Request
from jpeg_crops import image_sizes

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def encoded(real_data):
    files = sorted((real_data / "imagenet-sample" / "train").rglob("*.JPEG"))
    return [path.read_bytes() for path in files[::4]]


@pytest.fixture(scope="module")
def large(real_data):
    """The largest photographs: some are shrunk so much that the decoder would do a part of it."""
    files = sorted((real_data / "imagenet-sample" / "train").rglob("*.JPEG"))
    return [files[at].read_bytes() for at in image_sizes(files).min(axis=1).argsort()[-8:]]


def see(view, images):
    at = np.arange(len(images))
    return view(images, Request(0, 0, at, at, at)).permute(0, 2, 3, 1).numpy().astype(int)


def pillow(image):
    return Image.open(io.BytesIO(image)).convert("RGB")


@pytest.mark.parametrize("pixels", [64, 112, 224, 288])
def test_validation_is_torchvisions_within_one_grey_level(encoded, large, pixels):
    shorter = round(pixels / 0.875)
    oracle = v2.Compose([v2.Resize(shorter), v2.CenterCrop(pixels)])
    for images in (encoded, large):
        theirs = np.stack([np.asarray(oracle(pillow(image))) for image in images]).astype(int)
        ours = see(CentreView(pixels, shorter), images)
        assert (abs(ours - theirs) <= 1).mean() >= 0.999


@pytest.mark.parametrize("pixels", [112, 160, 224, 288])
def test_crops_are_pillows_crop_and_resize(encoded, pixels):
    crops = RandomCrops(seed=0)
    ours = see(TrainingView(crops, Resolution.of(pixels)), encoded)
    boxes, flips = crops.draw(0, range(len(encoded)), image_sizes(encoded))
    psnr = []
    for image, box, flip, seen in zip(encoded, boxes.tolist(), flips, ours, strict=True):
        crop = v2.functional.resized_crop(pillow(image), *box, [pixels, pixels])
        crop = np.asarray(v2.functional.hflip(crop) if flip else crop).astype(int)
        psnr.append(10 * np.log10(255**2 / max(((crop - seen) ** 2).mean(), 1e-9)))
    assert np.median(psnr) >= 50


def test_the_data_module_reads_them(real_data, tmp_path):
    for split in ("train", "val"):
        (tmp_path / split).symlink_to(real_data / "imagenet-sample" / "train")
    dm = ImageNetDataModule(tmp_path, 40, 2, engine="threads")
    dm.setup("fit")
    assert len(dm.train_dataset) == len(dm.val_dataset) == dm.num_classes == 120
    assert sum(len(labels) for _, labels in dm.train_dataloader()) == 120
    assert sum(len(labels) for _, labels in dm.val_dataloader()) == 120
