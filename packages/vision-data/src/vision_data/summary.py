"""What a data set holds: counts by class, sizes, bytes."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jpeg_crops import CropError, image_size
from neuroai_core.errors import DataError, strict_arguments
from vision_data.beton.fields import IntField
from vision_data.beton.image import JPEG
from vision_data.beton.reader import BetonFile
from vision_data.classes import TABLE_FILE, ClassTable, read_classes
from vision_data.folder import ImageFolder
from vision_data.pixels import ImageColumn


@dataclass(frozen=True)
class Summary:
    """What a folder of images or a ``.beton`` file holds.

    Parameters
    ----------
    path
        The folder or file.
    classes
        Class id, name and number of images, in the order of the ids.
    sizes
        Height, width and number of images, the most frequent first.
    nbytes
        Of the images.
    fields
        Columns of a ``.beton`` file by name; empty for a folder.
    jpeg
        How many images are JPEG.
    """

    path: Path
    classes: list[tuple[int, str, int]]
    sizes: list[tuple[int, int, int]]
    nbytes: int
    fields: dict[str, str]
    jpeg: int

    @property
    def images(self) -> int:
        """How many images there are."""
        return sum(count for *_, count in self.sizes)

    def to_json(self) -> dict[str, Any]:
        """Give the summary as plain values."""
        return {
            "path": str(self.path),
            "images": self.images,
            "bytes": self.nbytes,
            "jpeg": self.jpeg,
            "classes": [{"id": i, "name": n, "images": c} for i, n, c in self.classes],
            "sizes": [{"height": h, "width": w, "images": c} for h, w, c in self.sizes],
            "fields": self.fields,
        }


@strict_arguments
def inspect_data(path: str | os.PathLike[str]) -> Summary:
    """Count what a folder of class folders or a ``.beton`` file holds; nothing is decoded.

    Parameters
    ----------
    path
        The folder or file.

    Raises
    ------
    NotFoundError, DataError
        If it is not there, or damaged.
    """
    path = Path(path)
    return _file(path) if path.is_file() else _folder(path)


def _folder(path: Path) -> Summary:
    folder = ImageFolder(path)
    sizes: Counter[tuple[int, int]] = Counter()
    nbytes = jpeg = 0
    for sample in folder.samples:
        try:
            sizes[image_size(sample.path)] += 1
        except CropError as error:
            raise DataError("this is no image", path=sample.path, found=error.message) from error
        nbytes += sample.path.stat().st_size
        jpeg += sample.path.suffix.lower() in (".jpg", ".jpeg")
    return Summary(path, _classes(folder.targets, folder.table), _sorted(sizes), nbytes, {}, jpeg)


def _file(path: Path) -> Summary:
    file = BetonFile(path)
    images = ImageColumn(file)
    labels = file.column("label").tolist() if isinstance(file.fields.get("label"), IntField) else []
    table = read_classes(path.parent) if (path.parent / TABLE_FILE).is_file() else None
    sizes = Counter(map(tuple, images.sizes.tolist()))
    return Summary(
        path,
        _classes(labels, table),
        _sorted(sizes),
        int(images.lengths.sum()),
        {name: type(field).__name__ for name, field in file.fields.items()},
        int((images.modes == JPEG).sum()),
    )


def _classes(labels: list[int], table: ClassTable | None) -> list[tuple[int, str, int]]:
    counts = Counter(labels)
    known = {c.id: c.name for c in table} if table else {}
    return [(i, known.get(i, str(i)), counts[i]) for i in sorted(counts)]


def _sorted(sizes: Counter[Any]) -> list[tuple[int, int, int]]:
    ordered = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    return [(height, width, count) for (height, width), count in ordered]
