from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import v2

from neuroai_core.errors import DataError, InputError, UnknownArgumentError, UnknownNameError
from vision_data import ImageFolder, get_data_loader, get_data_transform, unroll


class Numbers:
    """Image i is filled with i."""

    def __init__(self, n: int, transform=None) -> None:
        self.n = n
        self.transform = transform

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int):
        image = Image.new("RGB", (8, 6), (index, index, index))
        return (self.transform(image) if self.transform else image), index


class Noisy:
    """An image that draws from every global generator."""

    def __len__(self) -> int:
        return 7

    def __getitem__(self, index: int):
        draws = [random.random(), np.random.rand(), float(torch.rand(()))]  # noqa: NPY002
        return torch.tensor(draws).reshape(3, 1, 1), index


def _all(loader):
    return [(images.clone(), labels.clone()) for images, labels in loader]


def _same(a, b):
    assert len(a) == len(b)
    for left, right in zip(a, b, strict=True):
        for x, y in zip(left, right, strict=True):
            assert torch.equal(x, y)


def test_shapes_values_and_time():
    loader = get_data_loader(
        Numbers(5), batch_size=2, num_workers=0, pin_memory=True, prefetch_factor=2, n_timesteps=20
    )
    assert len(loader) == 3
    for images, labels in loader:
        assert images.shape[1:] == (20, 3, 6, 8)
        assert labels.shape == images.shape[:2]
        assert images.stride(1) == 0
        assert labels.stride(1) == 0
        expected = labels[:, :, None, None, None].expand_as(images) / 255
        torch.testing.assert_close(images, expected)


@given(st.integers(1, 4), st.integers(1, 5))
def test_unroll_repeats(batch, steps):
    images, labels = torch.rand(batch, 3, 2, 2), torch.arange(batch)
    frames, targets = unroll(images, labels, steps)
    assert torch.equal(frames, images[:, None].repeat(1, steps, 1, 1, 1))
    assert torch.equal(targets, labels[:, None].repeat(1, steps))


def test_unroll_needs_a_step():
    with pytest.raises(InputError):
        unroll(torch.zeros(1, 3, 2, 2), torch.zeros(1), 0)


# More workers than this machine may have cores, and forking beside torch's threads, are meant.
@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_batches_do_not_depend_on_workers(context):
    counts = [1, 2, 4] if context == "fork" else [2]  # spawning loads torch anew
    reference = get_data_loader(Noisy(), batch_size=2, order="random", seed=3)
    wanted = [_all(reference), _all(reference)]
    assert not torch.equal(wanted[0][0][0], wanted[1][0][0])  # another epoch
    for count in counts:
        loader = get_data_loader(
            Noisy(),
            batch_size=2,
            num_workers=count,
            order="random",
            seed=3,
            multiprocessing_context=context,
        )
        _same(_all(loader), wanted[0])
        if context == "fork":
            _same(_all(loader), wanted[1])


def test_samples_do_not_depend_on_batching():
    ones = get_data_loader(Noisy(), batch_size=1, order="random", seed=3)
    sevens = get_data_loader(Noisy(), batch_size=7, order="random", seed=3)
    images = torch.cat([images for images, _ in ones])
    assert torch.equal(images, next(iter(sevens))[0])


def test_global_generators_are_left_alone():
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    torch.manual_seed(1)
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()  # noqa: NPY002
    for _ in get_data_loader(Noisy(), order="random"):
        pass
    assert random.getstate() == before[0]
    assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002
    # torch's own loader draws a seed for its workers; ours are not taken from it


@pytest.mark.parametrize("stop", [0, 1, 3, 4])
def test_resumes_with_other_workers_and_ranks(stop):
    def loader(**options):
        return get_data_loader(Numbers(10), batch_size=2, order="random", seed=5, **options)

    whole = loader()
    first_epoch, second_epoch = _all(whole), _all(whole)
    broken = loader()
    iterator = iter(broken)
    seen = [next(iterator) for _ in range(stop)]
    state = broken.state_dict()
    resumed = loader(num_workers=1)
    resumed.load_state_dict(state)
    _same(seen + _all(resumed), first_epoch)
    _same(_all(resumed), second_epoch)
    ranks = []
    for rank in (0, 1):
        part = get_data_loader(
            Numbers(10), batch_size=1, order="random", seed=5, rank=rank, world_size=2
        )
        part.load_state_dict(state)
        ranks.append(_all(part))
    together = [int(labels[0, 0]) for pair in zip(*ranks, strict=True) for _, labels in pair]
    rest = [int(i) for _, labels in first_epoch[stop:] for i in labels[:, 0]]
    assert together == rest


def test_state_of_something_else_is_refused():
    state = get_data_loader(Numbers(10), seed=1).state_dict()
    with pytest.raises(DataError):
        get_data_loader(Numbers(9), seed=1).load_state_dict(state)
    with pytest.raises(InputError, match="another seed"):
        get_data_loader(Numbers(10), seed=2).load_state_dict(state)
    some = get_data_loader(Numbers(20), seed=1, indices=range(0, 20, 2)).state_dict()
    with pytest.raises(DataError, match="has changed"):  # as many, but others
        get_data_loader(Numbers(20), seed=1, indices=range(1, 20, 2)).load_state_dict(some)
    with pytest.raises(DataError, match="has changed"):
        get_data_loader(Numbers(10), seed=1, order="random").load_state_dict(state)


def test_abandoned_epochs_and_set_epoch():
    loader = get_data_loader(Numbers(10), batch_size=5, order="random", seed=5)
    first = next(iter(loader))[1]
    second = next(iter(loader))[1]
    assert not torch.equal(first, second)
    loader.set_epoch(0)
    assert torch.equal(next(iter(loader))[1], first)


@given(st.integers(2, 30), st.integers(1, 4), st.integers(1, 3), st.booleans())
def test_ranks_share_every_sample_once(n, batch_size, world_size, drop_last):
    if not drop_last and batch_size == 1 and n % world_size:
        # Equal steps for every rank, none of them empty, cannot hold each sample once.
        with pytest.raises(InputError, match="too few samples"):
            get_data_loader(Numbers(n), batch_size=1, rank=0, world_size=world_size)
        return
    if not drop_last and n < world_size:
        return
    seen = []
    for rank in range(world_size):
        loader = get_data_loader(
            Numbers(n),
            batch_size=batch_size,
            order="random",
            rank=rank,
            world_size=world_size,
            drop_last=drop_last,
        )
        seen += [int(i) for _, labels in loader for i in labels[:, 0]]
    assert len(set(seen)) == len(seen)
    size = batch_size * world_size
    assert len(seen) == (n // size * size if drop_last else n)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.bfloat16])
def test_dtype_and_memory_format(dtype):
    loader = get_data_loader(
        Numbers(3), batch_size=3, dtype=dtype, memory_format=torch.channels_last, n_timesteps=2
    )
    images, _ = next(iter(loader))
    assert images.dtype == dtype
    assert images[:, 0].is_contiguous(memory_format=torch.channels_last)
    wanted = (torch.arange(3) / 255).to(dtype)
    assert torch.equal(images[:, 0, 0, 0, 0], wanted)


def test_eight_bits_stay_if_asked_for():
    images, _ = next(iter(get_data_loader(Numbers(3), dtype=torch.uint8)))
    assert images.dtype == torch.uint8
    assert images[:, 0, 0, 0, 0].tolist() == [0, 1, 2]


def test_device():
    images, labels = next(iter(get_data_loader(Numbers(3), device="meta")))
    assert images.device.type == labels.device.type == "meta"


def test_transforms_and_paths(photos):
    data = ImageFolder(photos, get_data_transform(["train", "cifar10"]), return_path=True)
    images, labels, paths = next(iter(get_data_loader(data, batch_size=3, n_timesteps=4)))
    assert images.shape == (3, 4, 3, 32, 32)
    assert labels.shape == (3, 4)
    assert list(paths) == [str(path) for path, _ in data.samples[:3]]


def test_sizes_that_differ_are_explained(photos):
    with pytest.raises(DataError, match="differ in size") as caught:
        next(iter(get_data_loader(ImageFolder(photos))))
    assert "get_data_transform" in str(caught.value)


def test_indices():
    loader = get_data_loader(Numbers(10), indices=[9, 3])
    assert next(iter(loader))[1][:, 0].tolist() == [9, 3]


def test_misuse():
    with pytest.raises(UnknownArgumentError, match="did you mean 'n_timesteps'"):
        get_data_loader(Numbers(3), n_timestep=3)
    with pytest.raises(UnknownNameError, match="unknown order"):
        get_data_loader(Numbers(3), order="rondom")
    with pytest.raises(InputError, match="by its index"):
        get_data_loader(iter([1, 2]))
    with pytest.raises(DataError, match=r"no \(image, label\)"):
        next(iter(get_data_loader([torch.zeros(3, 2, 2)])))
    with pytest.raises(InputError, match="go together"):
        get_data_loader(Numbers(3), rank=1)


def test_a_transform_of_ones_own():
    loader = get_data_loader(Numbers(4, v2.Compose([v2.ToImage(), v2.RandomCrop(4)])))
    assert next(iter(loader))[0].shape == (4, 1, 3, 4, 4)
