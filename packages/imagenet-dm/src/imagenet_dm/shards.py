"""WebDataset shards, read in any order: where each image lies is found once and kept."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from imagenet_dm.index import MOST_CLASSES, Index, Names, Places
from imagenet_dm.layout import SUFFIXES
from neuroai_core.errors import DataError

#: What the label of a sample is called.
LABEL = "cls"


def find_shards(root: Path, split: str) -> list[Path]:
    """List the shards of a split: ``<split>/*.tar``, or ``*<split>*.tar`` beside one another."""
    inside = sorted((root / split).glob("*.tar"))
    return inside or sorted(
        path for path in root.glob(f"*{split}*.tar") if not path.name.startswith("ILSVRC2012_img")
    )


def scan_shards(root: Path, split: str) -> tuple[Index, list[Path]]:
    """Find the images of a split in its shards.

    A sample is the files of one name up to the first dot: an image, and its
    label in ``.cls`` as text, a number or a synset.

    Returns
    -------
    index : Index
    depends : list of Path
        The shards.

    Raises
    ------
    DataError
        If a shard is damaged or a sample lacks its image or its label.
    """
    shards = find_shards(root, split)
    rows, labels = [], []
    for number, shard in enumerate(shards):
        try:
            for name, offset, size, label in _samples(shard):
                rows.append((name, number, offset, size))
                labels.append(label)
        except tarfile.TarError as error:
            raise DataError("a shard is damaged", path=shard, found=str(error)) from error
    if not rows:
        raise DataError("the shards hold no images", path=root, found=f"{len(shards)} shards")
    classes, numbers = _classes(labels)
    places = Places(
        tuple(map(str, shards)),
        np.array([file for _, file, _, _ in rows], dtype=np.int32),
        np.array([offset for _, _, offset, _ in rows], dtype=np.int64),
        np.array([size for _, _, _, size in rows], dtype=np.int64),
        np.zeros((len(rows), 2), dtype=np.uint16),
    )
    names = Names.of(name for name, _, _, _ in rows)
    return Index(root, classes, np.array(numbers, dtype=np.int32), names, places), shards


def has_shards(index: Index, root: Path, split: str) -> bool:
    """Say whether an index is of the shards that there are, none more and none less.

    The folder's time does not tell: an index beside the shards changes it.
    """
    return index.places is not None and index.places.files == tuple(
        map(str, find_shards(root, split))
    )


def _samples(shard: Path) -> Iterator[tuple[str, int, int, str]]:
    """Give name, offset and size of the image and the label of each sample."""
    with tarfile.open(shard, "r:") as archive:
        key, image, label = "", None, None
        for member in [*archive, None]:
            folder, _, base = ("", "", "") if member is None else member.name.rpartition("/")
            stem, _, suffix = base.partition(".")
            current = f"{folder}/{stem}" if folder else stem
            if current != key:
                if key:
                    yield _whole(shard, key, image, label)
                key, image, label = current, None, None
            if member is None or not member.isfile():
                continue
            if f".{suffix.lower()}".endswith(SUFFIXES):
                image = member.name, member.offset_data, member.size
            elif suffix == LABEL:
                content = archive.extractfile(member)
                label = content.read().decode().strip() if content else None


def _whole(
    shard: Path, key: str, image: tuple[str, int, int] | None, label: str | None
) -> tuple[str, int, int, str]:
    if image is None or label is None:
        raise DataError(
            "a sample is not whole",
            path=shard,
            key=key,
            expected=f"an image and .{LABEL}",
            found="no image" if image is None else f"no .{LABEL}",
        )
    return (*image, label)


def _classes(labels: list[str]) -> tuple[tuple[str, ...], list[int]]:
    """Give the classes and the number of each label: its own, or its name's in sorted order."""
    if all(label.isdecimal() for label in labels):
        numbers = [int(label) for label in labels]
        if max(numbers) >= MOST_CLASSES:
            raise DataError(
                "labels are out of range",
                key=LABEL,
                expected=f"0 to {MOST_CLASSES - 1}",
                found=max(numbers),
            )
        return tuple(str(number) for number in range(max(numbers) + 1)), numbers
    classes = sorted(set(labels))
    at = {name: number for number, name in enumerate(classes)}
    return tuple(classes), [at[label] for label in labels]
