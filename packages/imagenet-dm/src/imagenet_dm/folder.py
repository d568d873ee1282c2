"""The images of a folder with one subfolder a class."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from imagenet_dm.index import Index, Names
from imagenet_dm.layout import LAYOUT, SUFFIXES, contents, wrong_layout
from neuroai_core.errors import DataError


def scan_folder(root: Path, split: str) -> Index:
    """Find the images of ``root/split/<class>/``, subfolders included, in sorted order.

    Classes are numbered in the order of their names, which for synsets is
    ImageNet's own; an empty class folder counts as a class.

    Raises
    ------
    DataError
        If the folder is not there, has no class folders, or no image at all.
    """
    folder = root / split
    if not folder.is_dir():
        raise wrong_layout(root, split)
    with os.scandir(folder) as entries:
        classes = sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))
    files = [sorted(_images(folder / name)) for name in classes]
    labels = np.repeat(np.arange(len(classes), dtype=np.int32), [len(f) for f in files])
    if not len(labels):
        raise DataError(
            "there are no images",
            path=folder,
            expected=f"{LAYOUT} with files that end in {', '.join(SUFFIXES)}",
            found=contents(folder),
        )
    return Index(folder, tuple(classes), labels, Names.of(name for f in files for name in f))


def _images(folder: Path, below: str = "") -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                yield from _images(folder / entry.name, f"{below}{entry.name}/")
            elif entry.name.lower().endswith(SUFFIXES):
                yield below + entry.name
