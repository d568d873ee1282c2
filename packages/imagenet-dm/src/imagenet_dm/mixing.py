"""Mixup and CutMix of a batch that is on the device already, and soft labels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from imagenet_dm.requests import Request
from neuroai_core.errors import InputError
from neuroai_core.rng import generator


@dataclass(frozen=True)
class Mixing:
    """Mix neighbouring images of a batch with each other, and their labels.

    Images are mixed in pairs: first with second, third with fourth; their
    order in the epoch is random already. The last of an odd batch is mixed
    with the first. Where the epoch shows each image several times in a row,
    pairs are as far apart as there are `repeats`, so copies of an image do not
    meet unless the batch holds nothing else; those left over at the end of
    the batch are mixed with the first ones.

    All of a batch, on all ranks, is mixed in one way, drawn by (seed, epoch,
    position), so an interrupted run goes on with the same mixes while the
    batch of all ranks together keeps its size, and, on another number of
    ranks, if the batch of each is a multiple of twice the repeats: an even one
    without repeats.

    Where labels are smoothed, they are smoothed here and nowhere else: use the
    soft labels with a plain ``CrossEntropyLoss()``.

    Parameters
    ----------
    seed
        Of all draws.
    mixup_alpha
        Of mixup's beta distribution (Zhang et al. 2018, arXiv:1710.09412); 0
        is off, the usual value for ImageNet 0.2.
    cutmix_alpha
        Of CutMix' (Yun et al. 2019, doi:10.1109/ICCV.2019.00612); 0 is off, the
        usual value 1. With both on, each batch takes one or the other.
    probability
        Of mixing a batch at all.
    label_smoothing
        What part of a label is spread evenly over all classes.
    repeats
        How often in a row the epoch shows an image (``sampling="repeated"``).
    """

    seed: int
    mixup_alpha: float = 0.0
    cutmix_alpha: float = 0.0
    probability: float = 1.0
    label_smoothing: float = 0.0
    repeats: int = 1

    def __post_init__(self) -> None:
        most = {"mixup_alpha": 1e6, "cutmix_alpha": 1e6, "probability": 1, "label_smoothing": 1}
        for key, limit in most.items():
            value = getattr(self, key)
            if not 0 <= value <= limit:
                raise InputError(
                    f"{key} is out of range", key=key, expected=f"0 to {limit:g}", found=value
                )

    @property
    def active(self) -> bool:
        """Whether labels become soft at all."""
        return bool(self.mixup_alpha or self.cutmix_alpha or self.label_smoothing)

    def __call__(
        self, images: Tensor, labels: Tensor, request: Request, num_classes: int
    ) -> tuple[Tensor, Tensor]:
        """Mix a batch.

        Parameters
        ----------
        images
            Floating point, ``(batch, channels, height, width)``.
        labels
            int64, ``(batch,)``.
        request
            What the batch was made from.
        num_classes
            How many classes there are.

        Returns
        -------
        images : as they came
        labels : (batch, classes) float32
            Non-negative, each row with sum 1.
        """
        soft = self._soft(labels, num_classes)
        way, keep, centre = self._draw(request)
        partner = _partners(request.positions, self.repeats).to(images.device)
        if way == "none" or len(images) < 2:
            return images, soft
        if way == "mixup":
            mixed = torch.lerp(images[partner], images, keep)
        else:
            inside, keep = _box(images.shape[-2:], keep, centre)
            mask = inside.to(images.device)
            mixed = torch.where(mask, images[partner], images)
        return mixed, torch.lerp(soft[partner], soft, keep)

    def _draw(self, request: Request) -> tuple[str, float, tuple[float, float]]:
        """Draw what is done to the batch: the way, what is kept of an image, and where."""
        rng = generator(self.seed, "mix", request.epoch, request.first)
        mix, which, row, column = rng.random(4)
        both = bool(self.mixup_alpha and self.cutmix_alpha)
        cut = which < 0.5 if both else bool(self.cutmix_alpha)
        alpha = self.cutmix_alpha if cut else self.mixup_alpha
        if mix >= self.probability or alpha == 0:
            return "none", 1.0, (row, column)
        return "cutmix" if cut else "mixup", float(rng.beta(alpha, alpha)), (row, column)

    def _soft(self, labels: Tensor, num_classes: int) -> Tensor:
        off = self.label_smoothing / num_classes
        soft = torch.full((len(labels), num_classes), off, device=labels.device)
        return soft.scatter_(1, labels.unsqueeze(1), 1.0 - self.label_smoothing + off)


def _partners(positions: npt.NDArray[np.int64], repeats: int) -> Tensor:
    """Give the row that each is mixed with, shape ``(b,)``: never a copy, if there is another."""
    rows = np.arange(len(positions))
    slots = rows % (2 * repeats)
    partner = np.where(slots < repeats, rows + repeats, rows - repeats)
    partner = np.where(partner < len(rows), partner, slots)
    # Only in a batch of fewer than twice the repeats: one of its ends is another image.
    groups = positions // repeats
    ends = np.where(groups != groups[0], 0, len(rows) - 1)
    return torch.from_numpy(np.where(groups[partner] == groups, ends, partner))


def _box(shape: torch.Size, keep: float, centre: tuple[float, float]) -> tuple[Tensor, float]:
    """Give where the partner shows, ``(height, width)`` bool, and what is kept: as torchvision."""
    edges = []
    for side, at in zip(shape, centre, strict=True):
        middle, half = int(at * side), int(0.5 * math.sqrt(1 - keep) * side)
        position = np.arange(side)
        edges.append((position >= middle - half) & (position < middle + half))
    inside = edges[0][:, None] & edges[1][None, :]
    return torch.from_numpy(inside), float(1 - inside.mean())
