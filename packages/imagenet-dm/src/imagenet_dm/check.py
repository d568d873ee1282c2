"""Whether a data set is whole: the classes are there, and every image decodes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from imagenet_dm.dataset import ImageNetDataset
from imagenet_dm.index import Index
from imagenet_dm.layout import find_root, wrong_layout
from imagenet_dm.requests import Request
from imagenet_dm.sources import Backend, find_backend, open_split
from imagenet_dm.views import CentreView
from neuroai_core.errors import strict_arguments

#: ImageNet has so many classes, and so many validation images of each.
CLASSES, VALIDATION = 1000, 50
BATCH = 32


@dataclass(frozen=True)
class SplitReport:
    """What was found in a split.

    Parameters
    ----------
    images, classes
        How many.
    fewest, most
        Images of a class.
    undecodable
        Path and reason of each image that does not decode.
    """

    images: int
    classes: int
    fewest: int
    most: int
    undecodable: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Report:
    """What was found in a data set.

    Parameters
    ----------
    root
        Its folder.
    splits
        What is in each split.
    problems
        A sentence each; none where all is well.
    """

    root: str
    splits: dict[str, SplitReport]
    problems: tuple[str, ...] = field(default=())


@strict_arguments
def check_dataset(
    data_root: str | os.PathLike[str] | None = None,
    *,
    backend: Backend = "auto",
    decode: bool = True,
    threads: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Report:
    """Check counts and decode every image.

    Parameters
    ----------
    data_root
        The folder; see `find_root`.
    backend
        The form of the data.
    decode
        Whether to decode the images, which takes time, or only to count.
    threads
        How many decode; the CPUs of the process without it.
    progress
        Called with the images done and the total.

    Returns
    -------
    Report
        With its ``problems``: classes without images or in one split only, a
        validation split of ImageNet's classes that has not 50 of each, images
        that do not decode.

    Examples
    --------
    >>> from imagenet_dm import write_fake
    >>> report = check_dataset(write_fake("fake", classes=2, train=3, val=2))
    >>> report.splits["train"].images, report.problems
    (6, ())
    """
    root = find_root(data_root)
    there = [split for split in ("train", "val") if find_backend(root, split)]
    if not there:
        raise wrong_layout(root, "train")
    indices = {split: open_split(root, split, backend=backend) for split in there}
    total, done = sum(map(len, indices.values())), 0
    splits, problems = {}, _class_problems(indices)
    for split, index in indices.items():
        bad: list[tuple[str, str]] = []
        for count, found in _decode(index, threads) if decode else ():
            bad += found
            done += count
            if progress:
                progress(done, total)
        counts = index.counts()
        splits[split] = SplitReport(
            len(index), len(counts), int(counts.min()), int(counts.max()), tuple(sorted(bad))
        )
        problems += [f"{split}: {name}: {reason}" for name, reason in sorted(bad)]
    return Report(str(root), splits, tuple(problems))


def usable_cpus() -> int:
    """Count the CPUs that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux has it
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _class_problems(indices: dict[str, Index]) -> list[str]:
    problems = []
    for split, index in indices.items():
        empty = [index.classes[label] for label in np.flatnonzero(index.counts() == 0)]
        if empty:
            problems.append(f"{split}: {len(empty)} classes without images: {_few(empty)}")
    if "train" in indices and "val" in indices:
        train, val = (set(indices[split].classes) for split in ("train", "val"))
        for split, only in (("train", train - val), ("val", val - train)):
            if only:
                problems.append(f"{split}: {len(only)} classes that only it has: {_few(only)}")
    val_index = indices.get("val")
    if val_index is not None and len(val_index.classes) == CLASSES:
        wrong = np.flatnonzero(val_index.counts() != VALIDATION)
        if len(wrong):
            names = [f"{val_index.classes[i]} ({val_index.counts()[i]})" for i in wrong]
            problems.append(f"val: {len(wrong)} classes without {VALIDATION} images: {_few(names)}")
    return problems


def _few(names: Any, most: int = 3) -> str:
    names = sorted(names)
    return ", ".join(names[:most]) + (" ..." if len(names) > most else "")


def _decode(index: Index, threads: int | None) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Decode all images; give counts and what is bad, as they come."""
    # Small views of whole images: every byte is decoded, little is resized.
    dataset = ImageNetDataset(index, CentreView(16, 16), on_error="skip")

    def decode(start: int) -> tuple[int, list[tuple[str, str]]]:
        at = np.arange(start, min(start + BATCH, len(index)))
        errors = dataset.undecodable(Request(0, start, at, at, at))
        return len(at), [(str(error.path), error.message) for error in errors]

    workers = threads or usable_cpus()
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(decode, range(0, len(index), BATCH))
