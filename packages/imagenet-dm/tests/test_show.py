import numpy as np
import pytest
from PIL import Image

from imagenet_dm import ImageNetDataModule, show_batch
from neuroai_core.errors import InputError


def module(fake, **kwargs):
    return ImageNetDataModule(fake, 12, 0, image_size=32, **kwargs)


def test_draws_the_images_before_and_after_mixing(fake, tmp_path):
    plain = show_batch(module(fake), tmp_path / "plain.png", images=10)
    mixed = show_batch(module(fake, mixup_alpha=1.0), tmp_path / "mixed.png", images=10)
    with Image.open(plain) as one, Image.open(mixed) as two:
        assert one.size == (8 * 36, 2 * 50)
        assert two.size == (8 * 36, 4 * 50)
        first = np.asarray(one)[:32, :32]
        assert np.array_equal(first, np.asarray(two)[:32, :32])
        assert not np.array_equal(first, np.asarray(two)[50:82, :32])
    dm = module(fake)
    dm.setup("fit")
    images, _ = next(iter(dm.train_dataloader()))
    assert np.array_equal(first, dm.normalise.undo(images[0]).permute(1, 2, 0).numpy())


def test_nothing_to_show_is_an_error(fake, tmp_path):
    with pytest.raises(InputError, match="nothing to show"):
        show_batch(module(fake), tmp_path / "x.png", images=0)
