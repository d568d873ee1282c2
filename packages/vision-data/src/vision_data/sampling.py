"""One sample of any data set: the same for any worker, ready to be a batch."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset, default_collate
from torchvision.transforms.v2.functional import (  # type: ignore[import-untyped]  # no types
    pil_to_tensor,
)

from neuroai_core.errors import DataError
from neuroai_core.rng import digest


class Key(NamedTuple):
    """Which sample, in which epoch: all that its augmentation may depend on."""

    epoch: int
    sample: int


class KeyedDataset(Dataset[Any]):
    """A map-style data set asked by `Key`; its random transforms depend on the key alone.

    Transforms that draw from the global generators of torch, Python or NumPy
    see them seeded by ``(seed, epoch, sample)``; afterwards these are as before.
    """

    def __init__(self, dataset: Any, seed: int) -> None:
        self.dataset = dataset
        self.seed = seed

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, key: Key) -> Any:
        with _seeded(self.seed, *key):
            return _as_tensors(self.dataset[key.sample])


@contextmanager
def _seeded(*keys: int) -> Iterator[None]:
    words = np.frombuffer(digest(*keys, "augment", size=12), dtype="<u4")
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    random.seed(int(words[0]))
    np.random.seed(int(words[1]))  # noqa: NPY002  transforms of others use it
    torch.default_generator.manual_seed(int(words[2]))  # the CPU's alone
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
        torch.set_rng_state(before[2])


def _as_tensors(sample: Any) -> Any:
    if not isinstance(sample, Sequence) or isinstance(sample, str) or len(sample) < 2:
        raise DataError(
            "a data set gives no (image, label)", expected="a tuple", found=type(sample).__name__
        )
    image, *rest = sample
    if isinstance(image, Image.Image):
        image = pil_to_tensor(image)
    return (image, *rest)


def collate(samples: list[Any]) -> Any:
    """Make a batch of samples, or say what keeps them from being one."""
    shapes = {tuple(s[0].shape) for s in samples if isinstance(s[0], torch.Tensor)}
    if len(shapes) > 1:
        raise DataError(
            "the images of a batch differ in size",
            expected="one (channels, height, width)",
            found=", ".join(map(str, sorted(shapes)[:4])),
            hint="give the data set a transform that resizes, such as get_data_transform('test')",
        )
    return default_collate(samples)


def as_dtype(images: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Convert images; 8-bit ones become 0 to 1 in a floating-point type."""
    if images.dtype == torch.uint8 and dtype.is_floating_point:
        # Halves lose nothing: the division is done in float32.
        return images.to(torch.float32).div_(255).to(dtype)
    return images.to(dtype)
