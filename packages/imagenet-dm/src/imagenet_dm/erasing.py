"""Random erasing of a batch that is on the device already."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from imagenet_dm.requests import Request
from neuroai_core.errors import InputError
from neuroai_core.rng import uniform

TRIES = 10


@dataclass(frozen=True)
class Erasing:
    """Erase a rectangle of some images (Zhong et al. 2020, doi:10.1609/aaai.v34i07.7000).

    Which images, and where, is a function of (seed, epoch, image). What is
    erased becomes 0, which in a normalised image is the mean colour.

    Parameters
    ----------
    seed
        Of all draws.
    probability
        Of erasing from an image.
    scale
        Smallest and largest part of the area that is erased.
    ratio
        Smallest and largest height over width of the rectangle.
    """

    seed: int
    probability: float = 0.25
    scale: tuple[float, float] = (0.02, 1 / 3)
    ratio: tuple[float, float] = (0.3, 1 / 0.3)

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise InputError(
                "a probability is out of range",
                key="random_erasing",
                expected="0 to 1",
                found=self.probability,
            )

    def __call__(self, images: Tensor, request: Request) -> Tensor:
        """Erase from normalised images, ``(batch, channels, height, width)``."""
        height, width = images.shape[-2:]
        boxes = torch.from_numpy(self.boxes(request, height, width)).to(images.device)
        top, left, tall, wide = (edge.view(-1, 1, 1, 1) for edge in boxes.unbind(1))
        rows = torch.arange(height, device=images.device).view(1, 1, -1, 1)
        columns = torch.arange(width, device=images.device).view(1, 1, 1, -1)
        erased = (rows >= top) & (rows < top + tall) & (columns >= left) & (columns < left + wide)
        return images.masked_fill(erased, 0.0)

    def boxes(self, request: Request, height: int, width: int) -> npt.NDArray[np.int64]:
        """Give top, left, height and width for each image; height 0 erases nothing.

        As torchvision: ten tries for a rectangle that is smaller than the image.
        """
        u = uniform(self.seed, "erase", request.epoch, index=request.draws, n=2 * TRIES + 3)
        low, high = np.log(self.ratio)
        area = height * width * (self.scale[0] + u[:, :TRIES] * (self.scale[1] - self.scale[0]))
        ratio = np.exp(low + u[:, TRIES : 2 * TRIES] * (high - low))
        shapes = np.rint(np.stack([np.sqrt(area * ratio), np.sqrt(area / ratio)], -1)).astype(int)
        fits = (shapes < (height, width)).all(axis=-1)
        shape = shapes[np.arange(len(u)), fits.argmax(axis=1)]
        places = np.floor(u[:, -3:-1] * (np.array([height, width]) - shape + 1))
        boxes = np.concatenate([places, shape], axis=1).astype(np.int64)
        boxes[~fits.any(axis=1) | (u[:, -1] >= self.probability)] = 0
        return boxes
