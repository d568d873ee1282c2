"""From 8-bit pixels to the frames a model takes: type, scale, normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import torch

from neuroai_core.errors import InputError

#: Mean and standard deviation of each channel, in units of 0 to 1.
Normalize: TypeAlias = tuple[Sequence[float], Sequence[float]]


class ToFrames:
    """Turns pixels into frames: ``(x / 255 - mean) / std``, or x / 255, or x as it is.

    Parameters
    ----------
    dtype
        Type of the frames; an integer type leaves the values as they are.
    normalize
        Mean and standard deviation of each channel; None: 0 to 1.
    """

    def __init__(self, dtype: torch.dtype, normalize: Normalize | None) -> None:
        self.dtype = dtype
        if normalize is not None and not dtype.is_floating_point:
            raise InputError(
                "normalised images need a floating-point type", key="dtype", found=dtype
            )
        mean, std = _channels(normalize) if normalize else ([0.0] * 3, [1.0] * 3)
        self._scale = 1 / (255 * np.asarray(std, dtype=np.float64))
        self._shift = -np.asarray(mean, dtype=np.float64) / np.asarray(std, dtype=np.float64)
        self._rows: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Give frames ``(batch, 3, height, width)`` of pixels ``(batch, height, width, 3)``.

        The memory is as it was, so the frames are a channels-last view.
        """
        batch, height, width, _ = pixels.shape
        if not self.dtype.is_floating_point:
            return pixels.to(self.dtype).permute(0, 3, 1, 2)
        # One long row an image: adding and multiplying three channels at a
        # time would not fill a vector register.
        scale, shift = self._row(height * width, pixels.device)
        flat = pixels.reshape(batch, -1)
        frames = torch.addcmul(shift, flat.to(torch.float32), scale)
        return frames.to(self.dtype).reshape(batch, height, width, 3).permute(0, 3, 1, 2)

    def _row(self, count: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        if count not in self._rows:
            self._rows[count] = (
                torch.from_numpy(np.tile(self._scale, count)).to(device, torch.float32),
                torch.from_numpy(np.tile(self._shift, count)).to(device, torch.float32),
            )
        return self._rows[count]


def _channels(normalize: Normalize) -> tuple[list[float], list[float]]:
    pairs = [list(map(float, np.atleast_1d(part))) for part in normalize]
    # Grey statistics go for all three channels.
    pairs = [part * 3 if len(part) == 1 else part for part in pairs]
    if len(pairs) != 2 or any(len(part) != 3 for part in pairs) or min(pairs[1]) <= 0:
        raise InputError(
            "these are no statistics of RGB images",
            key="normalize",
            expected="(mean, std), three numbers each, std above 0",
            found=repr(normalize),
        )
    return pairs[0], pairs[1]
