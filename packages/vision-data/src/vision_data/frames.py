"""From 8-bit pixels to the frames a model takes: type, scale, normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import torch

from neuroai_core.errors import InputError
from vision_data.slabs import Slabs

#: Mean and standard deviation of each channel, in units of 0 to 1.
Normalize: TypeAlias = tuple[Sequence[float], Sequence[float]]
#: Elements in a step, whole pixels: what stays in a core's cache, and what torch does
#: in the calling thread, where its pool would wait for cores that other batches use.
STEP = 3 * 10240


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
        exact = torch.float64 if dtype == torch.float64 else torch.float32
        scale = 1 / (255 * np.asarray(std, dtype=np.float64))
        shift = -np.asarray(mean, dtype=np.float64) / np.asarray(std, dtype=np.float64)
        self._scale, self._shift = (
            torch.from_numpy(np.tile(part, STEP // 3)).to(exact) for part in (scale, shift)
        )

    def __call__(self, pixels: torch.Tensor, slabs: Slabs) -> torch.Tensor:
        """Give frames ``(batch, 3, height, width)`` of pixels ``(batch, height, width, 3)``.

        The frames' memory comes from `slabs` and has the order of the pixels':
        they are a channels-last view.
        """
        if self.dtype != torch.uint8:
            frames = slabs.take(tuple(pixels.shape), self.dtype)
            self._fill(pixels, frames)
            pixels = frames
        return pixels.permute(0, 3, 1, 2)

    def _fill(self, pixels: torch.Tensor, frames: torch.Tensor) -> None:
        source, target = pixels.view(-1), frames.view(-1)
        if not self.dtype.is_floating_point:
            target.copy_(source)
            return
        scale, shift = self._scale, self._shift
        parts = (torch.split(whole, STEP) for whole in (source, target))
        for part, into in zip(*parts, strict=True):
            size = part.numel()
            if size < STEP:
                scale, shift = scale[:size], shift[:size]
            # One call for both changes of type too: with each call the thread
            # lets go of the interpreter, and others wait to get it back.
            torch.addcmul(shift, part, scale, out=into)


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
