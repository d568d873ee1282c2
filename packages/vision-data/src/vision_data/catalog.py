"""What is known of data sets: classes, groups, resolution and statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from neuroai_core.errors import unknown_name
from vision_data.classes import ClassTable, DataClass, imagenet_classes

#: The group that is there for every data set.
ALL = "all"


@dataclass(frozen=True)
class Statistics:
    """Mean and standard deviation of each channel, in units of 0 to 1."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class Archive:
    """An archive to download: its address, checksum and size in bytes."""

    url: str
    md5: str
    size: int


@dataclass(frozen=True)
class DataSet:
    """What is known of one data set.

    Parameters
    ----------
    name
        Its name: that of its folder below ``data/raw``.
    resolution
        Height and width of its images in pixels, if all have one size.
    statistics
        For normalising.
    classes
        Its class table, if it is known beforehand.
    groups
        Class ids by the name of the group, in the order of their indices.
    torchvision
        The class of ``torchvision.datasets`` that downloads it.
    archive
        What is downloaded where torchvision has no such class.
    synsets
        How many synsets it has, whose ranks are the class ids, where the table
        is not known beforehand.
    """

    name: str
    resolution: int | None = None
    statistics: Statistics | None = None
    classes: ClassTable | None = None
    groups: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    torchvision: str | None = None
    archive: Archive | None = None
    synsets: int | None = None

    @property
    def fetched(self) -> bool:
        """Whether `vision_data.fetch_data` can bring it."""
        return self.archive is not None or self.torchvision is not None

    def group(self, name: str, table: ClassTable | None = None) -> tuple[int, ...]:
        """Give the class ids of a group in the order of their indices.

        Raises
        ------
        UnknownNameError
            If there is no such group; it lists those there are.
        """
        table = table or self.classes
        if name in self.groups:
            return self.groups[name]
        if name == ALL and table is not None:
            return table.ids
        raise unknown_name(f"group of {self.name}", name, [*self.groups, ALL])


@dataclass(frozen=True)
class Catalog:
    """The data sets that are known by name.

    Parameters
    ----------
    data_sets
        By name.
    mounts
        Where data sets lie that are used in place; None: it is not known.

    Examples
    --------
    >>> catalog = Catalog.shipped()
    >>> catalog["cifar100"].group("invertebrates")
    (6, 7, 14, 18, 24, 26, 45, 77, 79, 99)
    >>> catalog["mnist"].resolution
    28
    """

    data_sets: Mapping[str, DataSet]
    mounts: Mapping[str, Path | None] = field(default_factory=dict)

    @classmethod
    def shipped(cls) -> Catalog:
        """Give the data sets that this package knows."""
        return _shipped()

    def __getitem__(self, name: str) -> DataSet:
        if name not in self.data_sets:
            raise unknown_name("data set", name, self.data_sets)
        return self.data_sets[name]

    def __contains__(self, name: object) -> bool:
        return name in self.data_sets

    def get(self, name: str) -> DataSet:
        """Give what is known of a data set, which may be nothing but its name."""
        return self.data_sets.get(name) or DataSet(name)

    def with_groups(self, groups: Mapping[str, Mapping[str, Sequence[int]]]) -> Catalog:
        """Give a catalog in which some data sets have further groups."""
        data_sets = dict(self.data_sets)
        for name, more in groups.items():
            known = self.get(name)
            added = {group: tuple(ids) for group, ids in more.items()}
            data_sets[name] = replace(known, groups={**known.groups, **added})
        return replace(self, data_sets=data_sets)


@lru_cache(maxsize=1)
def _shipped() -> Catalog:
    text = resources.files("vision_data").joinpath("data/catalog.yaml").read_text("utf-8")
    return Catalog({name: _data_set(name, known) for name, known in yaml.safe_load(text).items()})


def _data_set(name: str, known: Mapping[str, Any]) -> DataSet:
    statistics = known["statistics"]
    return DataSet(
        name=name,
        resolution=known["resolution"],
        statistics=Statistics(tuple(statistics["mean"]), tuple(statistics["std"])),
        classes=_classes(known),
        groups={group: tuple(ids) for group, ids in known.get("groups", {}).items()},
        torchvision=known.get("torchvision"),
        archive=Archive(**known["archive"]) if "archive" in known else None,
        synsets=known.get("ranked"),
    )


def _classes(known: Mapping[str, Any]) -> ClassTable | None:
    if "classes" in known:
        return ClassTable.of_ids(dict(enumerate(known["classes"])))
    synsets = imagenet_classes()
    if known.get("synsets") == "all":
        return ClassTable(tuple(synsets.values()))
    if "synsets" in known:
        return ClassTable(
            tuple(DataClass(i, s, synsets[s].name) for i, s in enumerate(known["synsets"]))
        )
    return None
