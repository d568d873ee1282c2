"""A folder of images, one folder a class, as a data set with labels one can trust."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, UnidentifiedImageError
from torch.utils.data import Dataset

from neuroai_core.errors import DataError, NotFoundError, strict_arguments
from vision_data.catalog import Catalog
from vision_data.classes import TABLE_FILE, ClassTable, read_classes, read_json
from vision_data.layout import LINK_FILE

#: What counts as an image, by the end of its name in lower case.
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".ppm", ".webp", ".tif", ".tiff")


#: What Pillow raises for damaged images.
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


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


def class_folders(folder: Path) -> list[str]:
    """Give the names of the class folders, sorted as text."""
    if not folder.is_dir():
        raise NotFoundError("there is no such folder of images", path=folder)
    with os.scandir(folder) as entries:
        names = sorted(e.name for e in entries if not e.name.startswith(".") and e.is_dir())
    if not names:
        raise DataError("a folder holds no class folders", path=folder, expected="<class>/<image>")
    return names


def find_table(folder: Path, names: list[str]) -> ClassTable:
    """Find the class table of a folder and hold its class folders up against it."""
    link = folder / LINK_FILE
    if link.is_file():
        table = ClassTable.from_json(read_json(link, "link file").get("classes"), path=link)
        return _checked(table, names, link)
    for place in (folder, folder.absolute().parent):
        if (place / TABLE_FILE).is_file():
            return _checked(read_classes(place), names, place / TABLE_FILE)
    known = Catalog.shipped().get(folder.absolute().parent.name).classes
    if known is not None and all(name in known for name in names):
        return known
    return ClassTable.of_folders(names, path=folder)


def _checked(table: ClassTable, names: list[str], path: Path) -> ClassTable:
    odd = [name for name in names if name not in table]
    if odd:
        raise DataError(
            "there are class folders that are not in the class table",
            path=path,
            expected=f"the {len(table)} classes of the table",
            found=", ".join(map(repr, odd[:5])) + (", ..." if len(odd) > 5 else ""),
        )
    return table


def read_image(path: str | os.PathLike[str]) -> Image.Image:
    """Read an image file as RGB.

    Raises
    ------
    DataError
        If it is no image, or a damaged one; the error names it.
    """
    try:
        with open(path, "rb") as file:
            return decode_image(file.read(), path=path)
    except FileNotFoundError:
        raise NotFoundError("there is no such image", path=path) from None


def decode_image(
    content: bytes | memoryview,
    *,
    path: object = None,
    index: object = None,
    size: tuple[int, int] | None = None,
) -> Image.Image:
    """Decode the bytes of an image file as RGB, or raise `DataError` naming it.

    Where `size`, width and height, is known, an image that says another in
    its header is refused before its pixels take any memory.
    """
    try:
        with Image.open(io.BytesIO(content)) as image:
            if size is not None and image.size != size:
                raise DataError(
                    "an image is not of the size that it should be",
                    path=path,
                    index=index,
                    expected="{} x {}".format(*size),
                    found="{} x {}".format(*image.size),
                )
            return image.convert("RGB")
    except UnidentifiedImageError:
        head = bytes(content[:16])
        raise DataError(
            "this is no image",
            path=path,
            index=index,
            expected="JPEG, PNG or another image that Pillow reads",
            found=f"{len(content)} bytes that begin with {head!r}",
        ) from None
    except _DAMAGED as error:
        raise DataError("an image is damaged", path=path, index=index, found=str(error)) from error


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
