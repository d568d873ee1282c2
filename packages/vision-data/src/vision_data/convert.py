"""A linked group as ``.beton`` files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import InputError, strict_arguments
from neuroai_core.files import atomic_write, locked, remove_partials
from neuroai_core.rng import digest
from vision_data.beton.fields import IntField
from vision_data.beton.format import PAGE_SIZE
from vision_data.beton.image import ImageField, Mode
from vision_data.beton.writer import write_beton
from vision_data.catalog import Catalog
from vision_data.classes import VERSION, write_classes
from vision_data.folder import ImageFolder
from vision_data.layout import Layout
from vision_data.links import link_group
from vision_data.split import split_indices

#: Beside the files: what was written from what, so that nothing is done twice.
RECORD_FILE = "converted.json"
#: Called with the name of a file, the samples that are done, and their number.
Report = Callable[[str, int, int], None]


class EncodedImages:
    """The images of a folder as paths, for a writer that keeps their bytes where it can."""

    def __init__(self, folder: ImageFolder) -> None:
        self.samples = folder.samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[str, int]:
        path, label = self.samples[index]
        return str(path), label


@strict_arguments
def convert_group(
    name: str,
    group: str = "all",
    subset: str = "train",
    *,
    root: str | os.PathLike[str] = "data",
    catalog: Catalog | None = None,
    write_mode: Mode = "raw",
    max_resolution: int | None = None,
    smart_threshold: int | None = None,
    jpeg_quality: int = 90,
    compress_probability: float = 0.5,
    val_ratio: float = 0.0,
    stratified: bool = False,
    seed: int = 0,
    page_size: int = PAGE_SIZE,
    num_workers: int = 1,
    executor: Executor | None = None,
    report: Report | None = None,
) -> list[Path]:
    """Write a group as ``processed/<name>/<subset>_<group>/<part>.beton``.

    The group is linked first, if it is not yet. The labels in the files are
    class ids; the class table stands beside them. What is there already,
    written from the same images with the same options, is kept. A
    ``train.beton`` or ``val.beton`` of another split is removed before the new
    one appears, so no image is ever in both.

    Parameters
    ----------
    name, group, subset, root, catalog
        Which, as for `link_group`.
    write_mode, max_resolution, smart_threshold, jpeg_quality, compress_probability
        How images are written, see `vision_data.beton.ImageField`.
    val_ratio
        The part that goes into ``val.beton``; the rest goes into
        ``train.beton``. With 0 there is one file, named by the subset.
    stratified
        Take that part of every class.
    seed
        Of the split, and of what ``"proportion"`` compresses.
    page_size, num_workers, executor
        As for `write_beton`.
    report
        Called with the name of a file, the samples that are done, and their
        number.

    Returns
    -------
    The paths of the files.

    Raises
    ------
    DataError
        If a file is no image, or a damaged one; the error names it.
    InputError
        If one of the two parts would hold no image.
    """
    folder = ImageFolder(link_group(name, group, subset, root=root, catalog=catalog))
    layout = Layout(root)
    image = ImageField(
        write_mode, max_resolution, smart_threshold, jpeg_quality, compress_probability, seed
    )
    parts = _parts(folder, subset, val_ratio, stratified, seed)
    target = layout.processed(name, subset, group)
    target.mkdir(parents=True, exist_ok=True)
    record = {"version": VERSION, "page_size": page_size, "image": asdict(image)}
    wanted = {part: record | {"source": _source(folder, parts[part])} for part in parts}
    with locked(target / ".convert.lock"):
        remove_partials(target, older_than_s=0)  # nobody else is at work here
        write_classes(target, folder.table)
        done = _kept(target, wanted)
        _remove_overlaps(target, subset, [part for part in wanted if part not in done], done)
        for part, indices in parts.items():
            if part in done:
                continue
            path = target / f"{part}.beton"
            write_beton(
                path,
                EncodedImages(folder),
                {"image": image, "label": IntField()},
                indices=indices,
                page_size=page_size,
                num_workers=num_workers,
                executor=executor,
                report=partial(report, path.name) if report else None,
            )
            done |= {part: wanted[part]}
            _note(target, done)
    return [target / f"{part}.beton" for part in parts]


def _parts(
    folder: ImageFolder, subset: str, val_ratio: float, stratified: bool, seed: int
) -> dict[str, npt.NDArray[np.int64]]:
    if val_ratio == 0:
        return {subset: np.arange(len(folder))}
    if subset != "train":
        raise InputError(
            "only the training images are split", key="val_ratio", expected=0, found=val_ratio
        )
    train, val = split_indices(folder.targets, val_ratio, seed=seed, stratified=stratified)
    if not (len(train) and len(val)):
        raise InputError(
            "one of train.beton and val.beton would hold no image",
            key="val_ratio",
            expected="a part that leaves images for both",
            found=f"{val_ratio} of {len(folder)} images in {len(folder.table)} classes",
            hint="the classes are too small for an even part of each" if stratified else None,
        )
    return {"train": train, "val": val}


def _source(folder: ImageFolder, indices: npt.NDArray[np.int64]) -> str:
    """Identify images by name, size and time of change."""
    parts: list[str | int] = []
    for index in indices.tolist():
        path, label = folder.samples[index]
        status = path.stat()
        parts += [
            path.relative_to(folder.folder).as_posix(),
            label,
            status.st_size,
            status.st_mtime_ns,
        ]
    return digest(*parts).hex()


def _records(target: Path) -> dict[str, Any]:
    try:
        content = json.loads((target / RECORD_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}  # nothing is known, so everything is written
    return content if isinstance(content, dict) else {}


def _kept(target: Path, wanted: dict[str, Any]) -> dict[str, Any]:
    """Give the records of the files that are what is wanted, and forget all others.

    Forgotten before any file changes: stopped at any moment, a record never
    speaks of a file that was written from something else.
    """
    records = _records(target)
    kept = {
        part: record
        for part, record in wanted.items()
        if records.get(part) == record and (target / f"{part}.beton").is_file()
    }
    if records != kept:
        _note(target, kept)
    return kept


def _remove_overlaps(target: Path, subset: str, missing: list[str], done: dict[str, Any]) -> None:
    """Remove files of another split, whose images may come twice beside the new ones.

    The first file that is written takes the place of its old one by itself.
    """
    for part in ("train", "val") if subset == "train" else ():
        if part not in done and part not in missing[:1]:
            (target / f"{part}.beton").unlink(missing_ok=True)


def _note(target: Path, records: dict[str, Any]) -> None:
    atomic_write(target / RECORD_FILE, json.dumps(records, indent=1) + "\n")
