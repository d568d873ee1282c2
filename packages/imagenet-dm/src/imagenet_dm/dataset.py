"""A split as a torch data set, image by image or a whole batch at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

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
from neuroai_core.errors import DataError, InputError, check_known, strict_arguments

OnError = Literal["raise", "skip"]


@dataclass(frozen=True, eq=False)
class Loaded:
    """A batch as it comes from a worker or a thread.

    Parameters
    ----------
    images
        Shape ``(b, channels, height, width)``.
    labels
        int64, shape ``(b,)``.
    request
        What was asked for, without what was skipped.
    skipped
        Name and reason of each image that could not be read.
    """

    images: Tensor
    labels: Tensor
    request: Request
    skipped: tuple[tuple[str, str], ...] = ()


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
    on_error
        What becomes of an image that cannot be read or decoded: ``"raise"``,
        or ``"skip"``, which leaves it out of its batch and says so.

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
    def __init__(
        self,
        index: Index,
        view: View,
        normalise: Normalise | None = None,
        on_error: OnError = "raise",
    ) -> None:
        check_known("policy", [on_error], get_args(OnError), key="on_error")
        self.on_error = on_error
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
        made = self._make(Request(self.epoch, 0, one, one, one))
        if not isinstance(made, Tensor):
            raise next(iter(made.values()))
        images = self.normalise(made) if made.dtype == torch.uint8 else made
        return images[0].contiguous(), int(self.index.labels[one[0]])

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
            If an image cannot be read or does not decode, and `on_error` is
            ``"raise"``; or if none of the batch does. It names the file.
        """
        made = self._make(request)
        skipped: tuple[tuple[str, str], ...] = ()
        while not isinstance(made, Tensor):
            # Rare, so what was good is simply made again; what cannot be read
            # hides what does not decode, so there may be more than one round.
            good = ~np.isin(np.arange(len(request)), list(made))
            if self.on_error == "raise" or not good.any():
                raise next(iter(made.values()))
            skipped += tuple((str(error.path), error.message) for error in made.values())
            request = request.keep(good)
            made = self._make(request)
        labels = torch.from_numpy(self.index.labels[request.images].astype(np.int64))
        return Loaded(made, labels, request, skipped)

    def undecodable(self, request: Request) -> list[DataError]:
        """Say which images of a request cannot be read or do not decode."""
        made = self._make(request)
        if isinstance(made, Tensor):
            return []
        good = ~np.isin(np.arange(len(request)), list(made))
        # An image that cannot be read keeps its batch from being decoded.
        return [*made.values(), *(self.undecodable(request.keep(good)) if good.any() else [])]

    def _make(self, request: Request) -> Tensor | dict[int, DataError]:
        """Make the view of a request, or say what is wrong with which of its images."""
        images, errors = [], {}
        for at, image in enumerate(request.images.tolist()):
            try:
                images.append(self.index.read(image))
            except OSError as error:
                errors[at] = self._bad(image, "an image cannot be read", found=str(error))
            except DataError as error:
                errors[at] = error
        if errors:
            return errors
        try:
            return self.view(images, request)
        except CropError as error:
            if error.index is None:
                raise
            for one in (error, *error.others):
                image = int(request.images[one.index or 0])
                message = f"an image does not decode: {one.message}"
                errors[one.index or 0] = self._bad(image, message, one.expected, one.found)
            return errors

    def _bad(
        self, image: int, message: str, expected: object = None, found: object = None
    ) -> DataError:
        path = self.index.path(image)
        return DataError(message, path=path, index=image, expected=expected, found=found)
