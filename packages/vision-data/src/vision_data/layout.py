"""Where the files of a data set lie below the data root."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from neuroai_core.errors import DataError, NotFoundError, check_known, unknown_name
from vision_data.catalog import Catalog
from vision_data.classes import check_name

#: The parts that a data set comes in.
SUBSETS = ("train", "test", "val")
#: The file that says that a folder of links is complete, and what it holds.
LINK_FILE = "folder.link"
#: The folder below the data root that holds the linked groups.
INTERIM = "interim"


@dataclass(frozen=True)
class Layout:
    """The folders below a data root.

    Parameters
    ----------
    root
        The data root: the folder that holds ``raw``, ``interim`` and ``processed``.
    mounts
        Where data sets lie that are used in place; None: it is not known.

    Examples
    --------
    >>> layout = Layout("data")
    >>> layout.raw("cifar100", "train").as_posix()
    'data/raw/cifar100/train'
    >>> layout.interim("cifar100", "train", "invertebrates").as_posix()
    'data/interim/cifar100/train_invertebrates'
    >>> layout.beton("cifar100", "train", "invertebrates", "val").as_posix()
    'data/processed/cifar100/train_invertebrates/val.beton'
    """

    root: str | os.PathLike[str] = "data"
    mounts: Mapping[str, Path | None] = field(default_factory=dict)

    def raw(self, name: str, subset: str | None = None) -> Path:
        """Give the folder of the originals: ``raw/<name>[/<subset>]``, or where it is mounted."""
        folder = self.mounts.get(name) or Path(self.root, "raw", check_name("data set", name))
        if subset is None:
            return folder
        check_known("subset", [subset], SUBSETS)
        return folder / subset

    def ready(self, name: str, subset: str) -> Path:
        """Give the file that marks complete originals: ``raw/<name>/<subset>.ready``."""
        return Path(self.root, "raw", name, f"{self.raw(name, subset).name}.ready")

    def interim(self, name: str, subset: str, group: str) -> Path:
        """Give the folder of a linked group: ``interim/<name>/<subset>_<group>``."""
        check_known("subset", [subset], SUBSETS)
        part = f"{subset}_{check_name('group', group)}"
        return Path(self.root, INTERIM, check_name("data set", name), part)

    def processed(self, name: str, subset: str, group: str) -> Path:
        """Give the folder of the converted files: ``processed/<name>/<subset>_<group>``."""
        interim = self.interim(name, subset, group)
        return Path(self.root, "processed", *interim.parts[-2:])

    def beton(self, name: str, subset: str, group: str, part: str = "train") -> Path:
        """Give a converted file: ``processed/<name>/<subset>_<group>/<part>.beton``."""
        check_known("part", [part], SUBSETS)
        return self.processed(name, subset, group) / f"{part}.beton"

    def existing_raw(self, name: str, subset: str) -> Path:
        """Give the folder of the originals, or say what there is instead.

        Raises
        ------
        NotFoundError
            If the data set or the subset is not there.
        """
        folder = self.raw(name, subset)
        if folder.is_dir():
            return folder
        if not self.raw(name).is_dir():
            raise NotFoundError(
                f"there is no data set {name!r} below this data root",
                path=self.raw(name),
                expected=_folders(Path(self.root, "raw")),
                hint=self._hint(name),
            )
        raise NotFoundError(
            f"the data set {name!r} has no subset {subset!r}",
            path=folder,
            expected=_folders(self.raw(name)),
        )

    def _hint(self, name: str) -> str:
        """Say how a data set comes there, or which one may be meant."""
        shipped = Catalog.shipped()
        if name in self.mounts:
            return "say in the configuration where it is mounted: data_mount, or a path"
        if name in shipped and shipped[name].fetched:
            return f"fetch it (`vision-data fetch {name}`) or put it there"
        names = [*shipped.data_sets, *_names(Path(self.root, "raw"))]
        near = None if name in shipped else unknown_name("data set", name, names).hint
        return near or "put its images there, or give it as one of mounted_datasets"


def class_folders(folder: Path) -> list[str]:
    """Give the names of the class folders, sorted as text.

    Raises
    ------
    NotFoundError
        If there is no such folder.
    DataError
        If it holds no class folders, or a link that leads nowhere: a class that
        would be missing without a word.
    """
    if not folder.is_dir():
        raise NotFoundError("there is no such folder of images", path=folder)
    with os.scandir(folder) as found:
        entries = [e for e in found if not e.name.startswith(".")]
    dangling = sorted(e.name for e in entries if e.is_symlink() and not Path(e.path).exists())
    if dangling:
        raise DataError(
            "links to class folders lead nowhere",
            path=folder / dangling[0],
            expected=f"a folder at {(folder / dangling[0]).readlink()}",
            found=", ".join(map(repr, dangling[:5])) + (", ..." if len(dangling) > 5 else ""),
            hint="bring the images back, or remove the links",
        )
    names = sorted(e.name for e in entries if e.is_dir())
    if not names:
        raise DataError("a folder holds no class folders", path=folder, expected="<class>/<image>")
    return names


def _folders(parent: Path) -> str:
    names = _names(parent)
    return "one of " + ", ".join(map(repr, names)) if names else f"a folder in {parent}"


def _names(parent: Path) -> list[str]:
    if not parent.is_dir():
        return []
    return sorted(p.name for p in parent.iterdir() if p.is_dir() and p.name[:1] != ".")
