"""A batch that knows what it was made from."""

from __future__ import annotations

import torch
from torch import Tensor

from imagenet_dm.requests import Request


class Batch(tuple[Tensor, Tensor]):
    """Images and labels, and what they were made from.

    A plain pair to whoever unpacks it.

    Attributes
    ----------
    request : Request
        Epoch, positions and images, by which what is random on the device is drawn.
    """

    request: Request | None = None

    @classmethod
    def of(cls, images: Tensor, labels: Tensor, request: Request | None) -> Batch:
        """Make a batch."""
        batch = cls((images, labels))
        batch.request = request
        return batch

    def to(self, device: torch.device | str) -> Batch:
        """Give the batch on a device; from page-locked memory without waiting."""
        images, labels = (part.to(device, non_blocking=True) for part in self)
        return Batch.of(images, labels, self.request)
