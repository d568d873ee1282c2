"""A split as a torch data set, image by image or a whole batch at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from imagenet_dm.index import Index
from imagenet_dm.normalise import Normalise
from imagenet_dm.requests import Request
from imagenet_dm.views import View
from jpeg_crops import CropError
from neuroai_core.errors import DataError, InputError, strict_arguments


@dataclass(frozen=True, eq=False)
class Loaded:
    """A batch as it comes from a worker or a thread.

    Parameters
    ----------
    pixels
        uint8, shape ``(b, height, width, channels)``.
    labels
        int64, shape ``(b,)``.
    request
        What was asked for.
    """

    pixels: Tensor
    labels: Tensor
    request: Request


class ImageNetDataset(Dataset[tuple[Tensor, int]]):
    """The images of one split as the model will see them.

    ``dataset[i]`` is the normalised view of image `i` in the data set's
    current epoch, float32 of shape ``(channels, height, width)``, and its label.

    Parameters
    ----------
    index
        Which images there are.
    view
        What is seen of them.
    normalise
        The last step of ``dataset[i]``.

    Attributes
    ----------
    classes : tuple of str
        Synsets in label order.
    class_to_idx : dict
        Synset to label.
    targets : numpy.ndarray
        The label of every image, int32.
    """

    @strict_arguments
    def __init__(self, index: Index, view: View, normalise: Normalise | None = None) -> None:
        self.index = index
        self.view = view
        self.normalise = normalise or Normalise()
        self.epoch = 0

    @property
    def classes(self) -> tuple[str, ...]:
        """Synsets in label order."""
        return self.index.classes

    @property
    def class_to_idx(self) -> dict[str, int]:
        """Synset to label."""
        return {name: label for label, name in enumerate(self.index.classes)}

    @property
    def targets(self) -> npt.NDArray[np.int32]:
        """The label of every image, shape ``(n,)``."""
        return self.index.labels

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, image: int) -> tuple[Tensor, int]:
        if not -len(self) <= image < len(self):
            # An IndexError, so that a plain `for` over the data set ends.
            raise IndexError(f"image {image} of {len(self)}")
        one = np.array([image % len(self)])
        loaded = self.load(Request(self.epoch, 0, one, one, one))
        images = self.normalise(loaded.pixels.permute(0, 3, 1, 2))
        return images[0].contiguous(), int(loaded.labels[0])

    def set_epoch(self, epoch: int) -> None:
        """Say whose epoch's crops ``dataset[i]`` gives."""
        if epoch < 0:
            raise InputError("an epoch is negative", key="epoch", found=epoch)
        self.epoch = epoch

    def load(self, request: Request) -> Loaded:
        """Read, decode and crop a whole batch.

        Raises
        ------
        DataError
            If an image does not decode; it names the file.
        """
        size = self.view.size(request.epoch)
        pixels = torch.empty((len(request), size, size, 3), dtype=torch.uint8)
        encoded = [self.index.read(int(image)) for image in request.images]
        try:
            self.view.fill(encoded, request, pixels.numpy())
        except CropError as error:
            raise self._undecodable(request, error) from error
        labels = torch.from_numpy(self.index.labels[request.images].astype(np.int64))
        return Loaded(pixels, labels, request)

    def _undecodable(self, request: Request, error: CropError) -> Exception:
        if error.index is None:
            return error
        image = int(request.images[error.index])
        return DataError(
            f"an image does not decode: {error.message}",
            path=self.index.path(image),
            index=image,
            expected=error.expected,
            found=error.found,
        )
