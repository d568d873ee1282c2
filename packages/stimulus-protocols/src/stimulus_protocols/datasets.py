"""A folder of pictures, one sub-folder a class, as the smallest data set that will do."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch.utils.data import Dataset

from neuroai_core.errors import DataError, InputError, NotFoundError
from stimulus_protocols.trials import MIDDLE_GREY

#: What pictures are called.
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")


class PictureFolder(Dataset[tuple[torch.Tensor, int]]):
    """Pictures in one sub-folder a class.

    Parameters
    ----------
    folder
        With sub-folders; classes are numbered in the order of their names.
    size
        Pictures are scaled to cover this many pixels square, and cut from the middle.

    Attributes
    ----------
    mean_luminance
        0.5, the middle of 0 to 1: what loaders take for the void.

    Yields
    ------
    ``(image, label)``: float32 ``(3, size, size)`` from 0 to 1, and the class.

    Raises
    ------
    NotFoundError, DataError
        If there is no such folder, no picture in it, or one that cannot be read.
    """

    mean_luminance = MIDDLE_GREY

    def __init__(self, folder: str | os.PathLike[str], *, size: int = 64) -> None:
        root = Path(folder)
        if not root.is_dir():
            raise NotFoundError("the folder of pictures is not there", path=root)
        if size < 1:
            raise InputError("size is not positive", key="size", expected=">= 1", found=size)
        self.size = size
        self.classes = sorted(path.name for path in root.iterdir() if path.is_dir())
        self.samples = [
            (path, label)
            for label, name in enumerate(self.classes)
            for path in sorted((root / name).iterdir())
            if path.suffix.lower() in SUFFIXES
        ]
        if not self.samples:
            raise DataError(
                "there is no picture",
                path=root,
                expected=f"sub-folders with files named {', '.join(SUFFIXES)}",
                found=f"{len(self.classes)} sub-folder(s)",
            )

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        path, label = self.samples[index]
        try:
            with Image.open(path) as opened:
                picture = opened.convert("RGB")
        except (UnidentifiedImageError, OSError) as error:
            raise DataError(f"a picture cannot be read: {error}", path=path, index=index) from error
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        square = picture.resize(
            (self.size, self.size), Image.Resampling.BICUBIC, (left, top, left + side, top + side)
        )
        pixels = torch.from_numpy(np.array(square))
        return pixels.permute(2, 0, 1).contiguous().to(torch.float32) / 255, label
