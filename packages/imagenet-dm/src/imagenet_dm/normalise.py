"""Bytes to normalised numbers, on whatever device they are."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from neuroai_core.errors import InputError

#: Mean and standard deviation of ImageNet's pixels by colour channel, for values from 0 to 1.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


class Normalise(nn.Module):
    """Turn uint8 images into floats with the data set's mean and standard deviation.

    ``(x / 255 - mean) / std`` as one multiplication and one addition, so that
    ``torch.compile`` makes one kernel of it. The memory format stays what it is.

    Parameters
    ----------
    mean, std
        By channel, for values from 0 to 1.
    dtype
        The floating-point type of the result.

    Examples
    --------
    >>> images = torch.full((2, 3, 4, 4), 128, dtype=torch.uint8)
    >>> Normalise()(images)[0, :, 0, 0]
    tensor([0.0741, 0.2052, 0.4265])
    """

    scale: Tensor
    shift: Tensor

    def __init__(
        self,
        mean: Sequence[float] = MEAN,
        std: Sequence[float] = STD,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        if len(mean) != len(std) or min(std) <= 0:
            raise InputError(
                "mean and std do not fit",
                expected="a mean and a std above 0 for each channel",
                found=f"mean {tuple(mean)}, std {tuple(std)}",
            )
        self.dtype = dtype
        # float64 first: scale and shift are then the nearest floats there are.
        m = torch.tensor(mean, dtype=torch.float64).view(-1, 1, 1)
        s = torch.tensor(std, dtype=torch.float64).view(-1, 1, 1)
        self.register_buffer("scale", (1 / (255 * s)).float(), persistent=False)
        self.register_buffer("shift", (-m / s).float(), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Normalise images of shape ``(..., channels, height, width)``, uint8."""
        return torch.addcmul(self.shift, images.to(torch.float32), self.scale).to(self.dtype)

    def undo(self, images: Tensor) -> Tensor:
        """Give the uint8 images that normalised ones came from."""
        pixels = (images.to(torch.float32) - self.shift) / self.scale
        return pixels.round().clamp(0, 255).to(torch.uint8)
