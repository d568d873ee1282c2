import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from imagenet_dm import ImageNetDataModule
from neuroai_core.errors import DataError, InputError

TRAIN = v2.Compose(
    [
        v2.RandomResizedCrop(24, antialias=True),
        v2.RandAugment(),
        v2.RandomHorizontalFlip(),
        v2.PILToTensor(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize((0.5,) * 3, (0.25,) * 3),
    ]
)


def module(root, **kwargs):
    settings = {"batch_size": 6, "num_workers": 0, "train_transform": TRAIN, **kwargs}
    dm = ImageNetDataModule(data_root=root, **settings)
    dm.setup("fit")
    return dm


def test_torchvisions_transforms_are_as_repeatable_as_ours(fake):
    state = torch.get_rng_state()
    plain = list(module(fake).train_dataloader())
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(5)
    others = list(module(fake, num_workers=2).train_dataloader())
    assert all(torch.equal(a[0], b[0]) for a, b in zip(plain, others, strict=True))
    assert plain[0][0].shape == (6, 3, 24, 24)
    assert plain[0][0].dtype == torch.float32
    assert not torch.equal(plain[0][0], plain[1][0])


def test_a_transform_of_validation_may_give_pil_images(fake):
    dm = module(fake, val_transform=v2.Compose([v2.Resize(20), v2.CenterCrop(16)]))
    images, _ = next(iter(dm.val_dataloader()))
    index = dm.val_dataset.index
    with Image.open(index.path(0)) as file:
        oracle = np.asarray(v2.CenterCrop(16)(v2.Resize(20)(file.convert("RGB"))))
    seen = dm.normalise.undo(images[0]).permute(1, 2, 0).numpy()
    assert np.array_equal(seen, oracle)


def test_threads_are_refused_and_auto_takes_workers(fake):
    with pytest.raises(InputError, match="threads share"):
        module(fake, engine="threads", num_workers=2).train_dataloader()
    assert module(fake, num_workers=2).train_dataloader().chosen == "workers"


@pytest.mark.parametrize(
    ("transform", "message"),
    [(lambda image: image.size, "no image"), (v2.PILToTensor(), "different sizes")],
)
def test_what_is_no_batch_is_an_error(fake, transform, message):
    with pytest.raises(InputError, match=message):
        next(iter(module(fake, train_transform=transform).train_dataloader()))


def test_undecodable_files_are_named(fake, tmp_path):
    for split in ("train", "val"):
        (tmp_path / split / "a").mkdir(parents=True)
        (tmp_path / split / "a" / "bad.JPEG").write_bytes(b"no image")
    good = next((fake / "val").rglob("*.JPEG")).read_bytes()
    (tmp_path / "train" / "a" / "cut.JPEG").write_bytes(good[: len(good) // 2])
    dm = module(tmp_path, batch_size=1)
    for image, name in ((0, "bad"), (1, "cut")):
        with pytest.raises(DataError, match=rf"does not decode(.|\n)*{name}\.JPEG"):
            dm.train_dataset[image]
