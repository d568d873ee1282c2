"""What the classes are called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from imagenet_dm.devkit import ARCHIVE, read_devkit

#: Kaggle's list: a synset and its names a line.
MAPPING = "LOC_synset_mapping.txt"


def class_names(root: Path, classes: Sequence[str]) -> list[str]:
    """Give a name for each class.

    Parameters
    ----------
    root
        The data set's folder: names are in the development kit
        (``ILSVRC2012_devkit_t12.tar.gz`` or its folder) or in Kaggle's
        ``LOC_synset_mapping.txt``, where one of them is there.
    classes
        Synsets, in label order.

    Returns
    -------
    list of str
        The first of a class's names, ``"tench"``; the synset where there is none.
    """
    names: dict[str, str] = {}
    for kit in (root / ARCHIVE, root / ARCHIVE.removesuffix(".tar.gz")):
        if kit.exists():
            found = read_devkit(kit)
            names = dict(zip(found.synsets, found.names, strict=True))
            break
    else:
        if (root / MAPPING).is_file():
            lines = (root / MAPPING).read_text(encoding="utf-8").splitlines()
            names = {s: n for s, _, n in (line.partition(" ") for line in lines)}
    return [names.get(synset, synset).split(",")[0] for synset in classes]
