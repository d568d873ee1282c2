"""From encoded images to a batch of uint8 pixels: the training view and the validation view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from imagenet_dm.geometry import RandomCrops, centre_place, resized_shape
from imagenet_dm.policies import Policy
from imagenet_dm.requests import Request
from jpeg_crops import EncodedImage, crop_batch, image_sizes
from neuroai_core.rng import generator


class View(Protocol):
    """What the model will see of an image."""

    def size(self, epoch: int) -> int:
        """Give height and width of the view in pixels."""
        ...

    def fill(
        self, images: Sequence[EncodedImage], request: Request, out: npt.NDArray[np.uint8]
    ) -> None:
        """Fill `out`, shape ``(b, size, size, 3)``, from the encoded images of a request.

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
    pixels
        Height and width of the view.
    policies
        Applied to the crop one after another, drawn by (seed, epoch, image).
    """

    crops: RandomCrops
    pixels: int = 224
    policies: tuple[Policy, ...] = ()

    def size(self, epoch: int) -> int:
        """Give height and width of the view in pixels."""
        del epoch
        return self.pixels

    def fill(
        self, images: Sequence[EncodedImage], request: Request, out: npt.NDArray[np.uint8]
    ) -> None:
        """Fill `out` with the crops of the request's epoch."""
        sizes = image_sizes(images, threads=1)
        boxes, flips = self.crops.draw(request.epoch, request.draws, sizes)
        crop_batch(images, boxes, out.shape[1], flips=flips, out=out, threads=1)
        if self.policies:
            for row, draw in zip(out, request.draws.tolist(), strict=True):
                self._augment(row, generator(self.crops.seed, "augment", request.epoch, draw))

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

    def size(self, epoch: int) -> int:
        """Give height and width of the view in pixels."""
        del epoch
        return self.pixels

    def boxes(self, sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Give the boxes in the images before they are resized: top, left, height, width."""
        boxes = np.empty((len(sizes), 4))
        for row, (height, width) in enumerate(sizes.tolist()):
            resized = resized_shape(height, width, self.shorter)
            scale = np.array([height, width]) / resized
            boxes[row, :2] = centre_place(*resized, self.pixels) * scale
            boxes[row, 2:] = self.pixels * scale
        return boxes

    def fill(
        self, images: Sequence[EncodedImage], request: Request, out: npt.NDArray[np.uint8]
    ) -> None:
        """Fill `out` with the centres; the request's epoch makes no difference."""
        boxes = self.boxes(image_sizes(images, threads=1))
        crop_batch(images, boxes, self.pixels, out=out, threads=1)
