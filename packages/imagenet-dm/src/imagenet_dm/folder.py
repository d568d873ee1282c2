"""The images of a folder with one subfolder a class."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from imagenet_dm.index import Index, Names
from imagenet_dm.layout import LAYOUT, SUFFIXES, contents, wrong_layout
from neuroai_core.errors import DataError

#: Folders listed at a time: a network file system answers many as fast as one.
THREADS = 16


def scan_folder(root: Path, split: str) -> tuple[Index, list[Path]]:
    """Find the images of ``root/split/<class>/``, subfolders included, in sorted order.

    Classes are numbered in the order of their names, which for synsets is
    ImageNet's own; an empty class folder counts as a class.

    Returns
    -------
    index : Index
    depends : list of Path
        Every folder that was listed.

    Raises
    ------
    DataError
        If the folder is not there, has no class folders, or no image at all.
    """
    folder = root / split
    if not folder.is_dir():
        raise wrong_layout(root, split)
    classes = class_folders(folder)
    depends = [folder, *(folder / name for name in classes)]

    def images(name: str) -> tuple[list[str], list[Path]]:
        nested: list[Path] = []
        return sorted(_images(folder / name, nested)), nested

    with ThreadPoolExecutor(THREADS) as pool:
        listed = list(pool.map(images, classes))
    files = [found for found, _ in listed]
    depends += [path for _, nested in listed for path in nested]
    labels = np.repeat(np.arange(len(classes), dtype=np.int32), [len(f) for f in files])
    if not len(labels):
        raise DataError(
            "there are no images",
            path=folder,
            expected=f"{LAYOUT} with files that end in {', '.join(SUFFIXES)}",
            found=contents(folder),
        )
    names = Names.of(name for found in files for name in found)
    return Index(folder, tuple(classes), labels, names), depends


def class_folders(folder: Path) -> list[str]:
    """List the names of the class folders of a split in sorted order; none if it is not there."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))


def _images(folder: Path, nested: list[Path], below: str = "") -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                nested.append(folder / entry.name)
                yield from _images(nested[-1], nested, f"{below}{entry.name}/")
            elif entry.name.lower().endswith(SUFFIXES):
                yield below + entry.name
