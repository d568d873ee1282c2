"""From encoded images to a batch: the training view and the validation view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from imagenet_dm.geometry import RandomCrops, centre_place, resized_shape
from imagenet_dm.policies import Policy
from imagenet_dm.requests import Request
from imagenet_dm.resolution import Resolution
from jpeg_crops import EncodedImage, crop_batch, engine_info, image_sizes
from neuroai_core.errors import InputError
from neuroai_core.rng import generator

#: The compiled decoder shrinks what is reduced fourfold or more while it decodes. That
#: is as good to train on, but validation is to be what torchvision's is, grey level by
#: grey level: the few images that large are made by Pillow.
EXACT = 3.9


class View(Protocol):
    """What the model will see of an image."""

    #: Whether several threads may make views at a time.
    threads: bool

    def __call__(self, images: Sequence[EncodedImage], request: Request) -> Tensor:
        """Make the batch of a request, ``(b, channels, height, width)``.

        Raises
        ------
        jpeg_crops.CropError
            For images that do not decode, with their positions.
        """
        ...


@dataclass(frozen=True)
class TrainingView:
    """A random resized crop, flipped at random, and what augmentation policies make of it.

    Parameters
    ----------
    crops
        Which crop and flip belong to which image.
    resolution
        Height and width of the view in pixels, by epoch.
    policies
        Applied to the crop one after another, drawn by (seed, epoch, image).
    """

    crops: RandomCrops
    resolution: Resolution
    policies: tuple[Policy, ...] = ()

    threads = True

    def __call__(self, images: Sequence[EncodedImage], request: Request) -> Tensor:
        """Make the crops of the request's epoch, uint8."""
        sizes = image_sizes(images, threads=1)
        boxes, flips = self.crops.draw(request.epoch, request.draws, sizes)
        out = crop_batch(
            images,
            boxes,
            self.resolution(request.epoch),
            flips=flips,
            threads=1,
            engine=engine_info().name,
        )
        if self.policies:
            for row, draw in zip(out, request.draws.tolist(), strict=True):
                self._augment(row, generator(self.crops.seed, "augment", request.epoch, draw))
        return _channels_first(out)

    def _augment(self, row: npt.NDArray[np.uint8], rng: np.random.Generator) -> None:
        image = Image.fromarray(row)
        for policy in self.policies:
            image = policy(image, rng)
        row[:] = np.asarray(image)


@dataclass(frozen=True)
class CentreView:
    """The centre of an image whose shorter side was resized.

    What torchvision makes with ``Resize(shorter)`` and ``CenterCrop(pixels)``,
    in one resize: only the pixels that are kept are computed.

    Parameters
    ----------
    pixels
        Height and width of the view.
    shorter
        What the shorter side of the whole image is resized to, in pixels.
    """

    pixels: int = 224
    shorter: int = 256

    threads = True

    @classmethod
    def of(cls, pixels: int, crop_ratio: float) -> CentreView:
        """Make the view whose `pixels` are such a part of what the shorter side becomes."""
        if pixels < 1:
            raise InputError(
                "val_size is out of range", key="val_size", expected="1 or more", found=pixels
            )
        if not 0 < crop_ratio <= 1:
            raise InputError(
                "a crop ratio is out of range",
                key="crop_ratio",
                expected="0 < ratio <= 1",
                found=crop_ratio,
            )
        return cls(pixels, shorter=round(pixels / crop_ratio))

    def boxes(self, sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Give the boxes in the images before they are resized: top, left, height, width."""
        boxes = np.empty((len(sizes), 4))
        for row, (height, width) in enumerate(sizes.tolist()):
            resized = resized_shape(height, width, self.shorter)
            scale = np.array([height, width]) / resized
            boxes[row, :2] = centre_place(*resized, self.pixels) * scale
            boxes[row, 2:] = self.pixels * scale
        return boxes

    def __call__(self, images: Sequence[EncodedImage], request: Request) -> Tensor:
        """Make the centres, uint8; the request's epoch makes no difference."""
        boxes = self.boxes(image_sizes(images, threads=1))
        out = _crops(images, boxes, self.pixels)
        large = np.flatnonzero(boxes[:, 2] > EXACT * self.pixels)
        if len(large):
            chosen = [images[at] for at in large.tolist()]
            out[large] = crop_batch(chosen, boxes[large], self.pixels, threads=1, engine="pillow")
        return _channels_first(out)


def _crops(
    images: Sequence[EncodedImage],
    boxes: npt.NDArray[Any],
    pixels: int,
    flips: npt.NDArray[np.bool_] | None = None,
) -> npt.NDArray[np.uint8]:
    # The engine that "auto" takes, by name: the loader has said which it is, and a worker
    # process need not say it again.
    engine = engine_info().name
    return crop_batch(images, boxes, pixels, flips=flips, threads=1, engine=engine)


def _channels_first(pixels: npt.NDArray[np.uint8]) -> Tensor:
    """See ``(b, height, width, channels)`` as torch does, in channels-last memory."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2)
