from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from neuroai_core.errors import DataError, InputError, NotFoundError, UnknownArgumentError
from vision_data import BetonFile, Pipeline, get_ffcv_dataloader, write_beton
from vision_data.augment import CenterCrop, Cutout, RandomHorizontalFlip, RandomTranslate
from vision_data.beton import FloatField, ImageField, IntField

MEAN, STD = [0.5071, 0.4867, 0.4408], [0.2675, 0.2565, 0.2761]


def _images(n, height=8, width=8):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (n, height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """23 raw images of 8 x 8 on small pages, labelled by their numbers."""
    path = tmp_path_factory.mktemp("raw") / "train.beton"
    data = [(image, i) for i, image in enumerate(_images(23))]
    return write_beton(path, data, {"image": ImageField(), "label": IntField()}, page_size=4096)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory, request):
    """Images of several sizes, raw and JPEG."""
    rng = np.random.default_rng(1)
    data = []
    for i in range(12):
        size = int(rng.integers(20, 60)), int(rng.integers(20, 60))
        small = Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8))
        data.append((small.resize(size, Image.Resampling.BICUBIC), i))
    field = ImageField("proportion")
    path = tmp_path_factory.mktemp("mixed") / "train.beton"
    return write_beton(path, data, {"image": field, "label": IntField()})


def _all(loader):
    return [(frames.clone(), labels.clone()) for frames, labels in loader]


def _same(a, b):
    assert len(a) == len(b)
    for left, right in zip(a, b, strict=True):
        for x, y in zip(left, right, strict=True):
            assert torch.equal(x, y)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_values_of_frames(raw, dtype):
    loader = get_ffcv_dataloader(
        path=raw,
        batch_size=10,
        n_timesteps=20,
        num_workers=2,
        resolution=8,
        normalize=(MEAN, STD),
        order="random",
        dtype=dtype,
    )
    pixels = torch.from_numpy(_images(23)).permute(0, 3, 1, 2).double() / 255
    wanted = (pixels - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    seen = []
    for frames, labels in loader:
        assert frames.shape[1:] == (20, 3, 8, 8)
        assert frames.dtype == dtype
        assert labels.shape == frames.shape[:2]
        assert frames.stride(1) == 0
        tolerance = 2e-3 if dtype == torch.float16 else 1e-5
        torch.testing.assert_close(
            frames[:, 7].double(), wanted[labels[:, 7]], atol=tolerance, rtol=tolerance
        )
        seen += labels[:, 0].tolist()
    assert sorted(seen) == list(range(23))
    assert seen != sorted(seen)


def test_pixels_as_they_are(raw):
    ((frames, _),) = _all(get_ffcv_dataloader(raw, 23, dtype=torch.uint8))
    assert torch.equal(frames[:, 0].permute(0, 2, 3, 1), torch.from_numpy(_images(23)))
    assert frames[:, 0].is_contiguous(memory_format=torch.channels_last)
    contiguous = get_ffcv_dataloader(raw, 23, memory_format=torch.contiguous_format)
    assert next(iter(contiguous))[0][:, 0].is_contiguous()


@pytest.mark.parametrize("order", ["random", "sequential", "quasi_random"])
@pytest.mark.parametrize("transform", [None, "ffcv_train", ["ffcv_train", "imagenet"]])
def test_batches_do_not_depend_on_workers(mixed, order, transform):
    def loader(**options):
        return get_ffcv_dataloader(
            mixed, 5, resolution=16, order=order, transform=transform, seed=3, **options
        )

    reference = loader(num_workers=0)
    epochs = [_all(reference), _all(reference)]
    for workers in (1, 2, 4):
        other = loader(num_workers=workers, batches_ahead=workers)
        _same(_all(other), epochs[0])
        _same(_all(other), epochs[1])
    assert sorted(int(i) for _, labels in epochs[0] for i in labels[:, 0]) == list(range(12))


def test_a_hundred_steps_take_the_memory_of_one(raw):
    ((one, _),) = get_ffcv_dataloader(raw, 23, 1)
    ((hundred, labels),) = get_ffcv_dataloader(raw, 23, 100)
    assert hundred.shape[1] == labels.shape[1] == 100
    assert hundred.untyped_storage().nbytes() == one.untyped_storage().nbytes()


def test_batches_are_never_reused(raw):
    loader = get_ffcv_dataloader(raw, 4, num_workers=2, order="random")
    kept = list(loader)
    loader.set_epoch(0)
    _same(kept, _all(loader))


@pytest.mark.parametrize("stop", [0, 1, 4])
@pytest.mark.parametrize("order", ["random", "quasi_random"])
def test_resumes_exactly(raw, stop, order):
    def loader(batch_size=4, **options):
        return get_ffcv_dataloader(
            raw, batch_size, order=order, transform="ffcv_train", seed=1, **options
        )

    whole = _all(loader())
    broken = loader(num_workers=2, batches_ahead=3)
    iterator = iter(broken)
    seen = [next(iterator) for _ in range(stop)]
    resumed = loader(num_workers=0)
    resumed.load_state_dict(broken.state_dict())
    _same(seen + _all(resumed), whole)
    larger = loader(7)
    larger.load_state_dict(broken.state_dict())
    rest = [int(i) for _, labels in whole[stop:] for i in labels[:, 0]]
    assert [int(i) for _, labels in larger for i in labels[:, 0]] == rest
    other = loader(indices=range(22, -1, -1))
    with pytest.raises(DataError, match="has changed"):
        other.load_state_dict(broken.state_dict())
    ranks = [loader(2, rank=rank, world_size=2) for rank in (0, 1)]
    for rank in ranks:
        rank.load_state_dict(broken.state_dict())
    left, right = (_all(rank) for rank in ranks)
    for (a, _), (b, _), (both, _) in zip(left, right, whole[stop:], strict=True):
        assert torch.equal(torch.cat([a, b]), both)


@given(
    st.integers(1, 8),
    st.integers(1, 3),
    st.sampled_from(["random", "sequential", "quasi_random"]),
)
def test_no_rank_repeats_a_sample(raw, batch_size, world_size, order):
    if batch_size == 1 and 23 % world_size:
        return
    seen = []
    for rank in range(world_size):
        loader = get_ffcv_dataloader(
            raw, batch_size, num_workers=0, order=order, rank=rank, world_size=world_size
        )
        seen += [int(i) for _, labels in loader for i in labels[:, 0]]
    assert sorted(seen) == list(range(23))


def test_quasi_random_uses_few_pages_at_a_time(raw):
    from vision_data import BetonFile

    pages = BetonFile(raw).pointers("image") // 4096  # 21 images a page
    loader = get_ffcv_dataloader(raw, 2, order="quasi_random", seed=2)
    order = [int(i) for _, labels in loader for i in labels[:, 0]]
    assert order != sorted(order)
    assert len(set(pages.tolist())) == 2


def test_crops_are_those_of_pillow(mixed):
    from vision_data import BetonFile

    file = BetonFile(mixed)
    ((frames, labels),) = _all(get_ffcv_dataloader(mixed, 12, resolution=16, dtype=torch.uint8))
    for frame, label in zip(frames[:, 0], labels[:, 0].tolist(), strict=True):
        image = file[label]["image"]
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        square = image.resize(
            (16, 16), Image.Resampling.BILINEAR, box=(left, top, left + side, top + side)
        )
        wanted = torch.from_numpy(np.array(square)).permute(2, 0, 1)
        assert (frame.int() - wanted.int()).abs().max() <= 3


def test_operations_on_plain_images(raw):
    pixels = torch.from_numpy(_images(23)).permute(0, 3, 1, 2)

    def frames(*operations):
        loader = get_ffcv_dataloader(
            raw, 23, dtype=torch.uint8, transform=Pipeline(operations), num_workers=0
        )
        return next(iter(loader))[0][:, 0]

    assert torch.equal(frames(RandomHorizontalFlip(1.0)), pixels.flip(-1))
    assert torch.equal(frames(RandomHorizontalFlip(0.0)), pixels)
    assert torch.equal(frames(RandomTranslate(0)), pixels)
    assert torch.equal(frames(CenterCrop(0.5)), frames(CenterCrop(0.5)))
    moved = frames(RandomTranslate(3))
    for image, original in zip(moved, pixels, strict=True):
        padded = torch.nn.functional.pad(original, (3, 3, 3, 3))
        places = [padded[:, y : y + 8, x : x + 8] for y in range(7) for x in range(7)]
        assert any(torch.equal(image, place) for place in places)
    cut = frames(Cutout(4, fill=(1, 2, 3)))
    assert ((cut != pixels).any(1).sum(dim=(1, 2)) <= 16).all()
    assert ((cut == torch.tensor([1, 2, 3]).view(3, 1, 1)).all(1).sum(dim=(1, 2)) >= 16).all()


def test_flips_are_drawn_evenly_and_anew(tmp_path):
    data = [
        (np.tile(np.arange(8, dtype=np.uint8)[None, :, None], (8, 1, 3)), i) for i in range(400)
    ]
    path = write_beton(tmp_path / "a.beton", data, {"image": ImageField(), "label": IntField()})
    loader = get_ffcv_dataloader(path, 400, transform="ffcv_train", dtype=torch.uint8)
    first, second = (next(iter(loader))[0][:, 0, 0, 0, 0] == 7 for _ in range(2))
    assert 150 < int(first.sum()) < 250
    assert not torch.equal(first, second)


def test_damaged_jpeg_is_named(tmp_path):
    out = io.BytesIO()
    Image.fromarray(_images(1, 32, 32)[0]).save(out, "JPEG")
    data = [(out.getvalue(), i) for i in range(3)]
    path = write_beton(
        tmp_path / "a.beton", data, {"image": ImageField("jpg"), "label": IntField()}
    )
    content = bytearray(path.read_bytes())
    from vision_data import BetonFile

    start = int(BetonFile(path).pointers("image")[1])
    content[start : start + 40] = b"\0" * 40
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        list(get_ffcv_dataloader(path, 3, resolution=16))
    assert caught.value.index == 1
    assert str(path) in str(caught.value)


def test_sizes_said_wrongly_are_noticed(tmp_path):
    out = io.BytesIO()
    Image.fromarray(_images(1, 32, 32)[0]).save(out, "JPEG")
    path = write_beton(
        tmp_path / "a.beton",
        [(out.getvalue(), 0)],
        {"image": ImageField("jpg"), "label": IntField()},
    )
    content = bytearray(path.read_bytes())
    content[24 + 2 * 1041 + 1] = 16  # the width in the first record
    path.write_bytes(content)
    with pytest.raises(DataError, match="not of the size"):
        list(get_ffcv_dataloader(path, 1, resolution=8))


def test_misuse(raw, mixed, tmp_path):
    with pytest.raises(NotFoundError):
        get_ffcv_dataloader(tmp_path / "x.beton")
    with pytest.raises(UnknownArgumentError, match="did you mean 'resolution'"):
        get_ffcv_dataloader(raw, resolutoin=8)
    with pytest.raises(InputError, match="unknown order"):
        get_ffcv_dataloader(raw, order="shuffled")
    with pytest.raises(InputError, match="differ in size"):
        get_ffcv_dataloader(mixed)
    with pytest.raises(InputError, match="not for"):
        get_ffcv_dataloader(raw, transform="train")
    with pytest.raises(InputError, match="outside the file"):
        get_ffcv_dataloader(raw, indices=[23])
    with pytest.raises(InputError, match="floating-point"):
        get_ffcv_dataloader(raw, normalize=(MEAN, STD), dtype=torch.uint8)
    with pytest.raises(InputError, match="no statistics"):
        get_ffcv_dataloader(raw, normalize=(MEAN, [0, 1, 1]))
    with pytest.raises(InputError, match="labels"):
        get_ffcv_dataloader(raw, label_field="target")
    path = write_beton(tmp_path / "a.beton", [(1.0,)], {"x": FloatField()})
    with pytest.raises(InputError, match="which field holds the images"):
        get_ffcv_dataloader(path)


@pytest.mark.parametrize("mode", ["raw", "jpg", "proportion"])
def test_images_of_the_size_asked_for_are_shown_whole(tmp_path, picture, mode):
    """However they are stored, images that are no squares keep their shape and their sides."""
    rng = np.random.default_rng(2)
    data = [(picture(rng, 24, 48), i) for i in range(6)]
    fields = {"image": ImageField(mode, jpeg_quality=95), "label": IntField()}
    path = write_beton(tmp_path / "wide.beton", data, fields)
    wanted = torch.stack([torch.from_numpy(np.array(r["image"])) for r in BetonFile(path)])
    for resolution in (None, (24, 48)):
        ((frames, _),) = get_ffcv_dataloader(path, 6, resolution=resolution, dtype=torch.uint8)
        shown = frames[:, 0].permute(0, 2, 3, 1).int()
        assert (shown - wanted.int()).abs().max() <= 2
    ((square, _),) = get_ffcv_dataloader(path, 6, resolution=24, dtype=torch.uint8)
    middle = wanted[:, :, 12:36].int()
    assert (square[:, 0].permute(0, 2, 3, 1).int() - middle).abs().max() <= 2
