"""A folder of images, one folder a class, as a data set with labels one can trust."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from torch.utils.data import Dataset

from neuroai_core.errors import DataError, strict_arguments
from vision_data.classes import ClassTable
from vision_data.images import read_image
from vision_data.layout import class_folders
from vision_data.tables import find_table

#: What counts as an image, by the end of its name in lower case.
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".ppm", ".webp", ".tif", ".tiff")


class Sample(NamedTuple):
    """One image: where it lies and its class id."""

    path: Path
    label: int


class ImageFolder(Dataset[tuple[Any, ...]]):
    """Images in one folder a class, labelled by the class table and nothing else.

    The table is looked for where it is stored: ``folder.link`` (a linked
    group), ``classes.json`` in the folder or beside it, then the table of the
    data set that the folder above names; folders named by whole numbers or by
    synsets of ImageNet speak for themselves. Labels are class ids, the same in
    every group of a data set.

    Parameters
    ----------
    folder
        The folder of class folders.
    transform, target_transform
        Applied to the image (PIL, RGB) and to the class id.
    return_path
        Give ``(image, label, path)`` instead of ``(image, label)``.
    table
        A class table to use instead of the stored one.

    Raises
    ------
    NotFoundError
        If the folder is not there.
    DataError
        If it holds no images, or a folder that is not in the table.

    Examples
    --------
    >>> from PIL import Image
    >>> for name in ["14", "6"]:
    ...     Path("train", name).mkdir(parents=True)
    ...     Image.new("RGB", (8, 8)).save(f"train/{name}/a.png")
    >>> data = ImageFolder("train")
    >>> [label for _, label in data]
    [6, 14]
    """

    @strict_arguments
    def __init__(
        self,
        folder: str | os.PathLike[str],
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        *,
        return_path: bool = False,
        table: ClassTable | None = None,
    ) -> None:
        self.folder = Path(folder)
        names = class_folders(self.folder)
        self.table = table if table is not None else find_table(self.folder, names)
        self.transform = transform
        self.target_transform = target_transform
        self.return_path = return_path
        self.samples = list(_samples(self.folder, self.table, names))
        if not self.samples:
            raise DataError(
                "a folder holds no images",
                path=self.folder,
                expected=f"<class>/<image> with one of {', '.join(SUFFIXES)}",
            )

    @property
    def targets(self) -> list[int]:
        """The class id of every image."""
        return [sample.label for sample in self.samples]

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        path, label = self.samples[index]
        image: Any = read_image(path)
        target: Any = label
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return (image, target, str(path)) if self.return_path else (image, target)

    def __repr__(self) -> str:
        return f"ImageFolder({str(self.folder)!r}): {len(self)} images, {len(self.table)} classes"


def _samples(folder: Path, table: ClassTable, names: list[str]) -> Iterator[Sample]:
    for entry in sorted(table[name] for name in names):
        paths = sorted(_images(folder / entry.folder))
        yield from (Sample(path, entry.id) for path in paths)


def _images(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in files:
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                yield Path(parent, name)
