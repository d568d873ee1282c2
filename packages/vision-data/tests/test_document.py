"""The examples of the guide that this package follows, as they stand there but for the imports."""

from __future__ import annotations

import enum
from pathlib import Path

import pytest
import torch

from neuroai_core.errors import InputError
from vision_data import (
    Catalog,
    DatasetParams,
    convert_group,
    fetch_data,
    get_data_loader,
    get_data_transform,
    get_ffcv_dataloader,
    get_target_transform,
    link_group,
    read_config,
)
from vision_data.params import MAX_BATCH_SIZE


@pytest.fixture
def working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


# More workers than this machine may have cores, and forking beside torch's threads, are meant.
@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_standard_data_loader(archives, working_folder):
    archives("cifar100")
    from torchvision.datasets import CIFAR100

    # Create dataset
    dataset = CIFAR100(root="./data/raw", train=True, download=True)

    # Create data loader
    loader = get_data_loader(
        dataset,
        batch_size=32,
        num_workers=8,
        pin_memory=True,
        prefetch_factor=2,
        n_timesteps=20,  # Repeat data over time dimension
    )

    batches = list(loader)
    assert [tuple(images.shape[1:]) for images, _ in batches] == [(20, 3, 32, 32)] * 7
    assert [int(i) for _, labels in batches for i in labels[:, 0]] == dataset.targets
    assert torch.equal(
        batches[0][0][3, 7], torch.from_numpy(dataset.data[3]).permute(2, 0, 1) / 255
    )


def test_prepared_and_loaded(archives, guide, working_folder):
    archives("cifar100")
    Path("config_data.yaml").write_text(guide.groups)
    catalog = read_config("config_data.yaml").catalog
    fetch_data("cifar100", catalog=catalog)
    link_group("cifar100", "invertebrates", catalog=catalog)
    assert Path("data/interim/cifar100/train_invertebrates/folder.link").is_file()
    convert_group("cifar100", "all", catalog=catalog)

    # Create FFCV data loader
    loader = get_ffcv_dataloader(
        path="data/processed/cifar100/train_all/train.beton",
        batch_size=128,
        n_timesteps=20,
        num_workers=8,
        resolution=32,
        normalize=([0.5071, 0.4867, 0.4408], [0.2675, 0.2565, 0.2761]),
        order="random",
        dtype=torch.float16,
    )

    (frames, labels), (rest, _) = list(loader)
    assert (frames.shape, frames.dtype) == ((128, 20, 3, 32, 32), torch.float16)
    assert (labels.shape, len(rest)) == ((128, 20), 72)


def test_transforms():
    # Get a predefined transform
    transform = get_data_transform("train")  # Standard training augmentations
    assert transform(_grey(40)).shape == (3, 40, 40)

    # Get dataset-specific transform
    transform = get_data_transform("train", data_name="cifar100")
    assert transform(_grey(40)).shape == (3, 32, 32)

    # Create custom transform combination
    transform = get_data_transform(["train", "cifar100"])
    assert transform(_grey(40)).shape == (3, 32, 32)

    # Transform for CIFAR100 invertebrates group
    target_transform = get_target_transform("cifar100_invertebrates")
    assert [target_transform(i) for i in (6, 99)] == [0, 9]


@pytest.mark.parametrize("name", ["train", "test", *Catalog.shipped().data_sets])
def test_every_preset(name):
    known = {"mnist": 28, "fashionmnist": 28, "cifar10": 32, "cifar100": 32, "tinyimagenet": 64}
    side = known.get(name, 224 if name.startswith("imagenet") else 300)
    assert get_data_transform(name)(_grey(300)).shape == (3, side, side)
    if name == "test":
        with pytest.raises(InputError, match="do not go together"):
            get_data_transform(["train", name])
        return
    assert get_data_transform(["train", name])(_grey(300)).shape == (3, side, side)
    for context in ("ffcv_train", "ffcv_test"):
        get_data_transform([context, name] if name not in ("train", "test") else context)


def test_mounted_data_sets(guide, working_folder):
    Path("config_data.yaml").write_text(guide.mounted)
    assert list(read_config("config_data.yaml").catalog.mounts) == ["imagenet"]


def test_automatic_optimization():
    batch_size, batches_ahead, num_workers = 512, 3, 8
    MAX_WORKERS_LARGE_DATASET = 4

    class OrderOption(enum.Enum):  # FFCV's
        QUASI_RANDOM = 3

    # For large datasets (high resolution or many timesteps)
    optimized_params = DatasetParams(
        batch_size=min(batch_size, MAX_BATCH_SIZE),  # Reduce batch size
        batches_ahead=min(batches_ahead, 2),  # Reduce prefetching
        order=OrderOption.QUASI_RANDOM,  # Better memory efficiency
        os_cache=False,  # Disable OS cache
        dtype=torch.float16,  # Use mixed precision
        num_workers=min(num_workers, MAX_WORKERS_LARGE_DATASET),  # Limit workers
    )

    asked = DatasetParams(
        resolution=256, batch_size=512, batches_ahead=3, order="random", num_workers=8
    )
    adjusted, _ = asked.adjusted()
    for name in ("batch_size", "batches_ahead", "order", "os_cache", "dtype", "num_workers"):
        assert getattr(adjusted, name) == getattr(optimized_params, name)


def test_a_data_set_of_ones_own(guide, working_folder):
    from torch.utils.data import Dataset

    class CustomDataset(Dataset):
        def __init__(self, root, transform=None, target_transform=None):
            self.root = root
            self.transform = transform
            self.target_transform = target_transform
            self.data = [_grey(48), _grey(48), _grey(48)]

        def __len__(self):
            return len(self.data)

        def __getitem__(self, index):
            # Load and process a single sample
            sample, target = self.transform(self.data[index]), index
            return sample, target

    Path("config_data.yaml").write_text(guide.custom)
    known = read_config("config_data.yaml").catalog["your_dataset"]
    assert (known.resolution, known.group("your_group")) == (64, (0, 1, 2))
    assert known.statistics.std == (0.25, 0.25, 0.25)

    dataset = CustomDataset(root="data/raw/your_dataset", transform=get_data_transform("train"))

    loader = get_data_loader(dataset, batch_size=32, n_timesteps=20)

    ((images, labels),) = loader
    assert images.shape == (3, 20, 3, 48, 48)
    assert labels[:, 19].tolist() == [0, 1, 2]


def _grey(side):
    from PIL import Image

    return Image.new("RGB", (side, side), (90, 90, 90))
