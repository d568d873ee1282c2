"""ImageNet's own archives, read where they are: nothing is unpacked."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from imagenet_dm.devkit import ARCHIVE, read_devkit
from imagenet_dm.index import Index, Names, Places
from neuroai_core.errors import DataError

#: The archive of each split.
ARCHIVES = {"train": "ILSVRC2012_img_train.tar", "val": "ILSVRC2012_img_val.tar"}


def scan_tars(root: Path, split: str) -> tuple[Index, list[Path]]:
    """Find the images of a split in ``ILSVRC2012_img_<split>.tar``.

    The training archive holds an archive for each class; the validation
    archive holds the images, whose labels the development kit has
    (``ILSVRC2012_devkit_t12.tar.gz``, or its folder, beside the archive).

    Returns
    -------
    index : Index
    depends : list of Path
        The files that were read.

    Raises
    ------
    DataError
        If an archive or the kit is damaged or missing.
    """
    archive = root / ARCHIVES[split]
    try:
        if split == "train":
            return _training(archive), [archive]
        return _validation(archive, _kit(root))
    except tarfile.TarError as error:
        raise DataError("an archive is damaged", path=archive, found=str(error)) from error


def _training(archive: Path) -> Index:
    members: list[tuple[str, int, int]] = []
    classes, labels = [], []
    with tarfile.open(archive, "r:") as outer, open(archive, "rb") as file:
        inner = sorted((m.name, m.offset_data) for m in outer if m.name.endswith(".tar"))
        for label, (name, offset) in enumerate(inner):
            file.seek(offset)
            classes.append(Path(name).stem)
            with tarfile.open(fileobj=file, mode="r:") as images:
                found = sorted(_files(images))
            members += found
            labels += [label] * len(found)
    return _index(archive, classes, labels, members)


def _validation(archive: Path, kit: Path) -> tuple[Index, list[Path]]:
    devkit = read_devkit(kit)
    with tarfile.open(archive, "r:") as images:
        members = sorted(_files(images))
    if len(members) != len(devkit.validation):
        raise DataError(
            "the archive and the development kit differ",
            path=archive,
            expected=f"{len(devkit.validation)} images",
            found=f"{len(members)} images",
        )
    depends = [archive, kit]
    return _index(archive, devkit.synsets, devkit.validation.tolist(), members), depends


def _kit(root: Path) -> Path:
    for name in (ARCHIVE, ARCHIVE.removesuffix(".tar.gz")):
        if (root / name).exists():
            return root / name
    raise DataError(
        "the labels of the validation images are not there", path=root, expected=ARCHIVE
    )


def _files(archive: tarfile.TarFile) -> Iterator[tuple[str, int, int]]:
    for member in archive:
        if member.isfile():
            yield Path(member.name).name, member.offset_data, member.size


def _index(
    archive: Path,
    classes: list[str] | tuple[str, ...],
    labels: list[int],
    members: list[tuple[str, int, int]],
) -> Index:
    if not members:
        raise DataError("an archive holds no images", path=archive)
    n = len(members)
    places = Places(
        (str(archive),),
        np.zeros(n, dtype=np.int32),
        np.array([offset for _, offset, _ in members], dtype=np.int64),
        np.array([size for _, _, size in members], dtype=np.int64),
        np.zeros((n, 2), dtype=np.uint16),
    )
    names = Names.of(name for name, _, _ in members)
    return Index(archive.parent, tuple(classes), np.array(labels, dtype=np.int32), names, places)
