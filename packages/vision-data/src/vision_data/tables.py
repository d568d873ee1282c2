"""Which class table belongs to a folder of images."""

from __future__ import annotations

import os
from pathlib import Path

from neuroai_core.errors import DataError, InputError, strict_arguments
from vision_data.catalog import Catalog
from vision_data.classes import (
    TABLE_FILE,
    ClassTable,
    imagenet_classes,
    read_classes,
    read_json,
    write_classes,
)
from vision_data.layout import INTERIM, LINK_FILE, Layout, class_folders


@strict_arguments
def number_classes(
    name: str,
    subset: str = "train",
    *,
    root: str | os.PathLike[str] = "data",
    catalog: Catalog | None = None,
) -> Path:
    """Give the class folders of a data set of your own ids, in the order of their names.

    The order is a choice, made once for all: it is stored as ``classes.json``
    beside the subsets, where ids and names can be edited.

    Parameters
    ----------
    name, subset, root, catalog
        Which, as for `link_group`.

    Returns
    -------
    The path of the table.

    Raises
    ------
    InputError
        If there is a table already: it is never replaced.
    """
    layout = Layout(root, (catalog or Catalog.shipped()).mounts)
    folders = class_folders(layout.existing_raw(name, subset))
    target = layout.raw(name)
    if (target / TABLE_FILE).exists():
        raise InputError("there is a class table already", path=target / TABLE_FILE)
    return write_classes(target, ClassTable.numbered(folders))


def find_table(folder: Path, names: list[str], data_name: str | None = None) -> ClassTable:
    """Find the class table of a folder and hold its class folders up against it.

    Without the name of the data set, which a mount need not carry, the folder
    above is taken to be named by it.
    """
    link = folder / LINK_FILE
    if link.is_file():
        table = ClassTable.from_json(read_json(link, "link file").get("classes"), path=link)
        return _complete(_checked(table, names, link), names, folder)
    if _half_linked(folder, names):
        raise DataError(
            "a group is linked only in part",
            path=folder,
            expected=f"{LINK_FILE}, which is written when all classes are there",
            hint="link it again: `vision-data link`, or link_group()",
        )
    for place in (folder, folder.absolute().parent):
        if (place / TABLE_FILE).is_file():
            return _checked(read_classes(place), names, place / TABLE_FILE)
    known = Catalog.shipped().get(data_name or folder.absolute().parent.name)
    if known.classes is not None and all(name in known.classes for name in names):
        return known.classes
    if known.synsets == len(names) and all(name in imagenet_classes() for name in names):
        return ClassTable.ranked(names)
    return ClassTable.of_folders(names, path=folder)


def _checked(table: ClassTable, names: list[str], path: Path) -> ClassTable:
    odd = [name for name in names if name not in table]
    if odd:
        raise DataError(
            "there are class folders that are not in the class table",
            path=path,
            expected=f"the {len(table)} classes of the table",
            found=", ".join(map(repr, odd[:5])) + (", ..." if len(odd) > 5 else ""),
        )
    return table


def _complete(table: ClassTable, names: list[str], folder: Path) -> ClassTable:
    """Hold a linked group's table up against its links: each class has one."""
    missing = [c for c in table if c.folder not in names]
    if missing:
        raise DataError(
            "classes of a linked group have no folder",
            path=folder,
            found=", ".join(f"{c.folder} ({c.name})" for c in missing[:5])
            + (", ..." if len(missing) > 5 else ""),
            hint="link it again: `vision-data link`, or link_group()",
        )
    return table


def _half_linked(folder: Path, names: list[str]) -> bool:
    """Say whether these are links where groups are linked, without what marks them complete."""
    place = folder.absolute().parent.parent
    return place.name == INTERIM and any((folder / name).is_symlink() for name in names)
