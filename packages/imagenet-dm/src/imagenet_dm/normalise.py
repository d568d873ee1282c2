"""Bytes to normalised numbers, on whatever device they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
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
        last = images.ndim == 4 and images.is_contiguous(memory_format=torch.channels_last)
        if images.device.type == "cpu" and last and not torch.compiler.is_compiling():
            return self._in_cache(images).to(self.dtype)
        return (images.to(torch.float32) * self.scale + self.shift).to(self.dtype)

    def _in_cache(self, images: Tensor) -> Tensor:
        """Do the same to channels-last images on a CPU: an image at a time, in one thread.

        Broadcasting over a last dimension of three is slow, and so is a batch
        that leaves the cache between two steps; the loader has threads enough.
        """
        n, channels, height, width = images.shape
        pixels = images.permute(0, 2, 3, 1).reshape(n, height, width * channels).numpy()
        scale = np.tile(self.scale.cpu().numpy().ravel(), width)
        shift = np.tile(self.shift.cpu().numpy().ravel(), width)
        out = np.empty(pixels.shape, dtype=np.float32)
        for image, row in zip(pixels, out, strict=True):
            row[:] = image
            row *= scale
            row += shift
        return torch.from_numpy(out).view(n, height, width, channels).permute(0, 3, 1, 2)

    def undo(self, images: Tensor) -> Tensor:
        """Give the uint8 images that normalised ones came from."""
        pixels = (images.to(torch.float32) - self.shift) / self.scale
        return pixels.round().clamp(0, 255).to(torch.uint8)
