import numpy as np
import pytest
from PIL import Image, ImageDraw

from imagenet_dm import ImageNetDataModule, show_batch
from imagenet_dm.show import _fitted
from neuroai_core.errors import InputError


def module(fake, **kwargs):
    return ImageNetDataModule(fake, 12, 0, image_size=32, **kwargs)


def test_draws_the_images_before_and_after_mixing(fake, tmp_path):
    plain = show_batch(module(fake), tmp_path / "plain.png", images=10)
    mixed = show_batch(module(fake, mixup_alpha=1.0), tmp_path / "mixed.png", images=10)
    with Image.open(plain) as one, Image.open(mixed) as two:
        assert one.size == (8 * 36, 2 * 48)
        high = two.height // 4  # one line below each image, or two where two are mixed
        assert (two.width, two.height) in ((8 * 36, 4 * 48), (8 * 36, 4 * 60))
        first = np.asarray(one)[:32, :32]
        assert np.array_equal(first, np.asarray(two)[:32, :32])
        assert not np.array_equal(first, np.asarray(two)[high : high + 32, :32])
    dm = module(fake)
    dm.setup("fit")
    images, _ = next(iter(dm.train_dataloader()))
    assert np.array_equal(first, dm.normalise.undo(images[0]).permute(1, 2, 0).numpy())


def test_a_name_is_shortened_and_its_share_is_not():
    draw = ImageDraw.Draw(Image.new("RGB", (9, 9)))
    for width in (60, 90, 400):
        text = _fitted(draw, "English setter, bird dog", " 0.63", width)
        assert text.endswith(" 0.63")
        assert draw.textlength(text) <= width
    assert text == "English setter, bird dog 0.63"


def test_nothing_to_show_is_an_error(fake, tmp_path):
    with pytest.raises(InputError, match="nothing to show"):
        show_batch(module(fake), tmp_path / "x.png", images=0)
