from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from neuroai_core.errors import DataError, InputError, NotFoundError, UnknownNameError
from vision_data import Catalog, Pipeline, get_data_transform
from vision_data.augment import RandomHorizontalFlip, RandomResizedCrop
from vision_data.presets import Call, Preset, _parse, read_presets


def _names(transform):
    return [type(t).__name__ for t in transform.transforms]


def test_parts_stand_where_they_belong():
    made = get_data_transform(["train", "imagenet"])
    assert _names(made) == [
        "RandomResizedCrop",
        "RandomHorizontalFlip",
        "ToImage",
        "ToDtype",
        "Normalize",
        "ToPureTensor",
    ]
    again = get_data_transform("train", data_name="imagenet")
    assert _names(again) == _names(made)
    assert _names(get_data_transform(["test", "imagenet"]))[:2] == ["Resize", "CenterCrop"]
    assert _names(get_data_transform("train"))[0] == "RandomHorizontalFlip"


@pytest.mark.parametrize("name", sorted(Catalog.shipped().data_sets))
@pytest.mark.parametrize("context", ["train", "test"])
def test_every_data_set_gets_its_size_and_statistics(name, context):
    known = Catalog.shipped()[name]
    grey = Image.new(
        "L" if "mnist" in name else "RGB", (300, 280), 128 if "mnist" in name else (128,) * 3
    )
    image = get_data_transform([context, name])(grey)
    assert image.shape == (3, known.resolution, known.resolution)
    assert type(image) is torch.Tensor
    mean, std = (np.broadcast_to(p, 3) for p in (known.statistics.mean, known.statistics.std))
    wanted = (128 / 255 - mean) / std
    np.testing.assert_allclose(image.mean(dim=(1, 2)), wanted, atol=0.02)
    assert isinstance(get_data_transform([f"ffcv_{context}", name]), Pipeline)


def test_presets_of_torch_for_files_of_beton():
    pipeline = get_data_transform("ffcv_train", "imagenet")
    assert pipeline.crop == RandomResizedCrop()
    assert pipeline.flip == RandomHorizontalFlip(0.5)
    assert pipeline.random
    assert not get_data_transform(["ffcv_test", "imagenet"]).random


def test_presets_of_the_user(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "- {name: mine, transforms: ['Resize(10, interpolation=bicubic)', 'CenterCrop(8)']}\n"
        "- {name: train, context: train, transforms: [RandomVerticalFlip]}\n"
    )
    assert _names(get_data_transform(["train", "mine"], presets=path))[:3] == [
        "Resize",
        "CenterCrop",
        "RandomVerticalFlip",
    ]
    assert get_data_transform("mine", presets=read_presets(path))(
        Image.new("RGB", (20, 20))
    ).shape == (3, 8, 8)


def test_a_type_of_the_user_is_the_last_word():
    preset = _parse("- {name: half, transforms: ['ToDtype(float16)']}", "here")
    half = get_data_transform(["test", "cifar10", "half"], presets=preset)
    grey = Image.new("RGB", (40, 40), (128,) * 3)
    made, wanted = half(grey), get_data_transform(["test", "cifar10"])(grey)
    assert made.dtype == torch.float16
    assert torch.equal(made, wanted.half())


def test_operations_on_tensors_come_after_the_image_is_one():
    matrix = torch.eye(3 * 8 * 8) * 2
    calls = (
        Call("LinearTransformation", (matrix, torch.zeros(3 * 8 * 8))),
        Call("CenterCrop", (8,)),
    )
    made = get_data_transform("mine", presets=[Preset("mine", "torch", None, calls)])
    image = made(Image.new("RGB", (9, 9), (51,) * 3))
    torch.testing.assert_close(image, torch.full((3, 8, 8), 0.4))


@pytest.mark.skipif(not hasattr(v2, "GaussianNoise"), reason="torchvision 0.21 brings it")
def test_noise():
    preset = _parse("- {name: noisy, transforms: ['GaussianNoise(sigma=0.1)']}", "here")
    image = get_data_transform(["train", "noisy", "imagenet"], presets=preset)(
        Image.new("RGB", (300, 300), (128,) * 3)
    )
    assert image.shape == (3, 224, 224)
    assert 0.2 < float(image.std()) < 0.7  # a tenth, divided by the statistics


def test_unknown_names():
    with pytest.raises(UnknownNameError, match="did you mean 'train'"):
        get_data_transform("trian")
    with pytest.raises(UnknownNameError, match="did you mean 'ffcv_train'"):
        get_data_transform("ffcv_trian")
    with pytest.raises(UnknownNameError, match="did you mean 'cifar100'"):
        get_data_transform("train", data_name="cifar_100")
    with pytest.raises(NotFoundError):
        get_data_transform("train", presets="nowhere.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {name: a}", "no list of transforms"),
        ("{name: a}", "no list"),
        ("- {nam: a, transforms: []}", "did you mean 'name'"),
        ("- {name: a, transforms: [], backend: jax}", "unknown backend"),
        ("- {name: a, transforms: [], context: val}", "unknown context"),
        ("- 3", "no mapping"),
        ("- {name: a", "no YAML"),
        ('- {name: a, transforms: [\'__import__("os").system("false")\']}', "no operation"),
        ("- {name: a, transforms: ['Resize(open(1))']}", "no operation"),
        ("- {name: a, transforms: ['Resize(x)']}", "has no meaning"),
        ("- {name: a, transforms: ['Resize(**{})']}", "no operation"),
        ("- {name: a, transforms: ['1 + 1']}", "no operation"),
    ],
)
def test_presets_that_are_none(tmp_path, text, message):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises((DataError, InputError)) as caught:
        read_presets(path)
    assert message in str(caught.value)


def test_operations_that_are_none():
    presets = [("Rezise(3)", "did you mean 'Resize'"), ("Resize(a=3)", "does not take")]
    for text, message in presets:
        with pytest.raises(InputError) as caught:
            get_data_transform("x", presets=[Preset("x", "torch", None, (Call.parse(text),))])
        assert message in str(caught.value)


def test_compose_is_torchvisions():
    assert isinstance(get_data_transform("test"), v2.Compose)
