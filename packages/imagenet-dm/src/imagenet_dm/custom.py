"""A view made by a transform of the user's own, torchvision's v2 for the most part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from imagenet_dm.requests import Request
from jpeg_crops import CropError, EncodedImage, crop_batch, image_sizes
from neuroai_core.errors import InputError
from neuroai_core.rng import digest


@dataclass(frozen=True)
class CustomView:
    """Whole RGB images through a transform.

    Torch's random numbers are seeded by (seed, epoch, image) around each call,
    and put back after, so that torchvision's transforms do the same to an
    image whatever the workers. They are the process's, so worker processes
    can use such a transform and threads cannot.

    Parameters
    ----------
    transform
        Takes a PIL image and returns a tensor ``(channels, height, width)``
        (uint8, or floating point and normalised) or a PIL image.
    seed
        Of the random numbers.
    """

    transform: Callable[[Any], Any]
    seed: int

    #: Threads share torch's random numbers.
    threads = False

    def __call__(self, images: Sequence[EncodedImage], request: Request) -> Tensor:
        """Give the batch, ``(b, channels, height, width)``."""
        made = [
            self._one(picture, request.epoch, draw)
            for picture, draw in zip(_decode(images), request.draws.tolist(), strict=True)
        ]
        shapes = {tuple(view.shape) for view in made}
        if len(shapes) > 1:
            raise InputError(
                "a transform gives images of different sizes", found=sorted(shapes)[:3]
            )
        return torch.stack(made)

    def _one(self, picture: Image.Image, epoch: int, draw: int) -> Tensor:
        before = torch.get_rng_state()
        key = int.from_bytes(digest(self.seed, "transform", epoch, draw, size=8), "little")
        try:
            torch.default_generator.manual_seed(key >> 1)
            view = self.transform(picture)
        finally:
            torch.set_rng_state(before)
        if isinstance(view, Image.Image):
            view = torch.from_numpy(np.array(view.convert("RGB"))).permute(2, 0, 1)
        if not isinstance(view, Tensor) or view.ndim != 3:
            raise InputError(
                "a transform gives what is no image",
                expected="a tensor (channels, height, width) or a PIL image",
                found=type(view).__name__,
            )
        return view


def _decode(images: Sequence[EncodedImage]) -> list[Image.Image]:
    """Decode whole images: the crop that is all of it, in its own size."""
    pictures, errors = [], []
    for at, (image, (height, width)) in enumerate(
        zip(images, image_sizes(images, threads=1).tolist(), strict=True)
    ):
        try:
            whole = crop_batch([image], [(0, 0, height, width)], (height, width), threads=1)
        except CropError as error:
            errors.append(
                CropError(error.message, index=at, expected=error.expected, found=error.found)
            )
        else:
            pictures.append(Image.fromarray(whole[0]))
    if errors:
        first = errors[0]
        raise CropError(first.message, index=first.index, found=first.found, others=errors[1:])
    return pictures
