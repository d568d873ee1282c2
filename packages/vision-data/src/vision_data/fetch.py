"""Data sets downloaded and laid out as folders of images."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neuroai_core.errors import DataError, InputError, strict_arguments
from neuroai_core.files import atomic_write, locked
from vision_data.archives import torchvision_dataset, unpacked
from vision_data.catalog import Archive, Catalog
from vision_data.classes import VERSION, ClassTable, read_json, write_classes
from vision_data.layout import Layout, class_folders

#: The folder of a data set's archives, beside its images.
ARCHIVE = "archive"
#: Called with the subset, the images that are written, and their number.
Report = Callable[[str, int, int], None]


@strict_arguments
def fetch_data(
    name: str,
    subset: str = "train",
    *,
    root: str | os.PathLike[str] = "data",
    catalog: Catalog | None = None,
    report: Report | None = None,
) -> Path:
    """Download a data set and lay it out as ``raw/<name>/<subset>/<class>/<image>.png``.

    torchvision downloads and verifies the archives, in ``raw/<name>/archive``;
    what comes as arrays is written as lossless images in folders named by the
    class ids, what comes as images is linked as it is. The class table stands
    beside them. ``raw/<name>/<subset>.ready`` marks the subset complete;
    stopped at any moment and run again, it finishes.

    The images of Tiny ImageNet that come with labels are ``train`` and
    ``val``; the latter are its ``"test"`` here, as for Imagenette.

    Parameters
    ----------
    name
        ``"mnist"``, ``"fashionmnist"``, ``"cifar10"``, ``"cifar100"``,
        ``"imagenette"`` or ``"tinyimagenet"``.
    subset
        ``"train"`` or ``"test"``.
    root, catalog
        The data root; groups and mounts.
    report
        Called with the subset, the images that are written, and their number.

    Returns
    -------
    The folder of class folders.

    Raises
    ------
    InputError
        If the data set cannot be fetched, or a folder that was not made here
        stands in its place: it is never removed.
    """
    catalog = catalog or Catalog.shipped()
    layout = Layout(root, catalog.mounts)
    known = catalog[name]
    target, ready = layout.raw(name, subset), layout.ready(name, subset)
    if name in catalog.mounts or not known.fetched:
        raise InputError(
            f"the data set {name!r} is not fetched",
            key="name",
            expected="one of "
            + ", ".join(repr(d.name) for d in catalog.data_sets.values() if d.fetched),
            hint=f"put it at {target}, or give it as one of mounted_datasets",
        )
    if subset not in ("train", "test"):
        raise InputError("there is no such subset to fetch", expected="train or test", found=subset)
    layout.raw(name).mkdir(parents=True, exist_ok=True)
    with locked(layout.raw(name) / ".fetch.lock"):
        if ready.is_file() and _counts(target) == read_json(ready, "marker").get("images"):
            return target
        ready.unlink(missing_ok=True)
        archive = layout.raw(name) / ARCHIVE
        if known.archive is not None:
            write_classes(layout.raw(name), _lay_out(known.archive, archive, target, subset))
        elif known.classes is not None:
            dataset = torchvision_dataset(known, subset, archive)
            write_classes(layout.raw(name), known.classes)
            if known.torchvision == "Imagenette":
                _link_extracted(target, layout.raw(name), subset)
            else:
                _export(dataset, known.classes, target, subset, report)
        for left_over in layout.raw(name).glob(".*.*.*.partial"):
            left_over.unlink()  # nobody else is at work here
        content = {"version": VERSION, "images": _counts(target)}
        atomic_write(ready, json.dumps(content) + "\n")
    return target


def _lay_out(archive: Archive, folder: Path, target: Path, subset: str) -> ClassTable:
    """Link the images of Tiny ImageNet: its training images by class, all others by their list."""
    source = unpacked(archive, folder) / "tiny-imagenet-200"
    synsets = class_folders(source / "train")
    table = ClassTable.ranked(synsets)
    if target.exists():
        if not _links(target, synsets, folder):
            raise _in_the_way(target)
        return table  # all is there but the marker
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    if subset == "train":
        for synset in synsets:
            images = source / "train" / synset / "images"
            if not images.is_dir():
                raise DataError("a class has no folder of images", path=images)
            _link(partial / synset, images)
    else:
        for synset in synsets:
            (partial / synset).mkdir()
        for image, synset in _annotations(source / "val", table).items():
            _link(partial / synset / image, source / "val" / "images" / image)
    partial.rename(target)
    return table


def _annotations(folder: Path, table: ClassTable) -> Mapping[str, str]:
    """Read which synset each image of a folder is of."""
    path = folder / "val_annotations.txt"
    synsets: dict[str, str] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise DataError("there is no list of labels", path=path, found=str(error)) from error
    for number, line in enumerate(lines, start=1):
        image, synset = (*line.split("\t"), "")[:2]
        known = synset in table and image not in synsets and "/" not in image
        if not known or not (folder / "images" / image).is_file():
            raise DataError(
                "a list of labels is damaged", path=path, index=f"line {number}", found=repr(line)
            )
        synsets[image] = synset
    return synsets


def _link(link: Path, source: Path) -> None:
    """Link relatively: to where `source` is seen from the folder that `link` will stand in."""
    link.symlink_to(os.path.relpath(source, link.parent))


def _links(target: Path, synsets: list[str], folder: Path) -> bool:
    """Say whether a folder is one of `_lay_out`'s: all classes, and nothing but links."""
    inside = folder.resolve()
    return class_folders(target) == synsets and all(
        path.resolve().is_relative_to(inside)
        for name in synsets
        for path in ([target / name] if (target / name).is_symlink() else (target / name).iterdir())
    )


def _link_extracted(target: Path, folder: Path, subset: str) -> None:
    """Use the folders of an archive that holds images in class folders already."""
    value = Path(ARCHIVE, "imagenette2", "train" if subset == "train" else "val")
    if not target.is_symlink() and not target.exists():
        target.symlink_to(value, target_is_directory=True)
    if not (target.is_symlink() and target.readlink() == value and (folder / value).is_dir()):
        raise _in_the_way(target)


def _export(
    dataset: Any, table: ClassTable, target: Path, subset: str, report: Report | None
) -> None:
    targets = np.asarray(dataset.targets)
    wanted = {c.folder: int(n) for c in table if (n := (targets == c.id).sum())}
    if target.exists():
        if _counts(target) != wanted:
            raise _in_the_way(target)
        return  # all is there but the marker
    partial = target.with_name(f".{target.name}.partial")
    partial.mkdir(parents=True, exist_ok=True)
    done = 0
    for entry in table:
        members = np.flatnonzero(targets == entry.id)
        if len(members) and not (partial / entry.folder).is_dir():
            _export_class(dataset, members, partial / entry.folder)
        done += len(members)
        if report:
            report(subset, done, len(targets))
    if hasattr(os, "sync"):
        os.sync()  # once for all, where a call a file would take minutes
    partial.rename(target)


def _export_class(dataset: Any, members: np.ndarray[Any, np.dtype[np.int64]], folder: Path) -> None:
    """Write the images of a class; its folder appears when all are there."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for index in members.tolist():
        image, label = dataset[index]
        if str(label) != folder.name:
            raise DataError("a label is not that of its class", index=index, found=label)
        image.save(partial / f"{index:05d}.png", compress_level=1)
    partial.rename(folder)


def _counts(folder: Path) -> Mapping[str, int]:
    """Count the images of each class."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return {}
    return {name: sum(1 for _ in os.scandir(folder / name)) for name in class_folders(folder)}


def _in_the_way(target: Path) -> InputError:
    return InputError(
        "something else stands where the images should be",
        path=target,
        hint="move it away; it is not removed",
    )
