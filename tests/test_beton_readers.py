"""imagenet-dm trains on the .beton files that vision-data and FFCV write."""

import io

import numpy as np
import pytest
from PIL import Image

from imagenet_dm import ImageNetDataModule
from imagenet_dm.sources import open_split
from vision_data import write_beton
from vision_data.beton import ImageField, IntField

LABELS = [2, 0, 1, 2, 0, 1]


def pixels(number):
    rng = np.random.default_rng(number)
    coarse = rng.integers(0, 256, (6, 8, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((96 + number, 72), Image.Resampling.BICUBIC))


def by_vision_data(path, mode):
    fields = {"image": ImageField(mode), "label": IntField()}
    write_beton(path, [(pixels(i), label) for i, label in enumerate(LABELS)], fields)


def by_ffcv(path, mode):
    pytest.importorskip("ffcv", reason="FFCV needs a compiler and OpenCV's headers")
    from ffcv.fields import IntField, RGBImageField
    from ffcv.writer import DatasetWriter

    fields = {"image": RGBImageField(write_mode=mode, jpeg_quality=95), "label": IntField()}
    writer = DatasetWriter(str(path), fields, num_workers=1)
    writer.from_indexed_dataset([(pixels(i), label) for i, label in enumerate(LABELS)])


@pytest.mark.parametrize("mode", ["jpg", "raw"])
@pytest.mark.parametrize("write", [by_vision_data, by_ffcv])
def test_a_beton_is_a_data_set_for_training(tmp_path, write, mode):
    for split in ("train", "val"):
        write(tmp_path / f"{split}.beton", mode)
    index = open_split(tmp_path, "train")
    assert index.labels.tolist() == LABELS
    for number in range(len(LABELS)):
        image = np.asarray(Image.open(io.BytesIO(index.read(number))).convert("RGB")).astype(int)
        assert image.shape == pixels(number).shape
        # JPEG loses a little; raw nothing.
        assert abs(image - pixels(number)).mean() <= (0 if mode == "raw" else 4)
    dm = ImageNetDataModule(tmp_path, batch_size=3, num_workers=0, image_size=32)
    dm.setup("fit")
    labels = [int(label) for _, labels in dm.train_dataloader() for label in labels]
    assert sorted(labels) == sorted(LABELS)
    seen = [images for images, _ in dm.val_dataloader()]
    assert [tuple(images.shape) for images in seen] == [(3, 3, 32, 32)] * 2
