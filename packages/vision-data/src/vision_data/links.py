"""Groups of classes as folders of symbolic links."""

from __future__ import annotations

import json
import os
from pathlib import Path

from neuroai_core.errors import DataError, InputError, strict_arguments
from neuroai_core.files import atomic_write, locked, remove_partials
from vision_data.catalog import ALL, Catalog
from vision_data.classes import VERSION, ClassTable
from vision_data.layout import LINK_FILE, Layout, class_folders
from vision_data.tables import find_table


@strict_arguments
def link_group(
    name: str,
    group: str = "all",
    subset: str = "train",
    *,
    root: str | os.PathLike[str] = "data",
    catalog: Catalog | None = None,
) -> Path:
    """Link the classes of a group into one folder.

    Makes ``interim/<name>/<subset>_<group>/<class>`` for every class and, when
    all are there, ``folder.link``, which holds the checked class table. What
    is there already stays; stopped at any moment and run again, it finishes.

    Parameters
    ----------
    name, group, subset
        Which: ``"cifar100"``, ``"invertebrates"``, ``"train"``. The group
        ``"all"`` is always there.
    root
        The data root.
    catalog
        Groups and mounts, see `read_config`; by default what is shipped.

    Returns
    -------
    The folder of links, ready for `ImageFolder`.

    Raises
    ------
    UnknownNameError
        If there is no such group; the error lists those there are.
    DataError
        If a class of the group has no folder, or a real file or folder stands
        where a link should be: it is never removed.
    """
    catalog = catalog or Catalog.shipped()
    layout = Layout(root, catalog.mounts)
    target = layout.interim(name, subset, group)
    source = layout.existing_raw(name, subset)
    table = find_table(source, class_folders(source), name)
    known = catalog.get(name)
    selected = _selected(known.group(group, table), table, source, whole=group == ALL)
    target.mkdir(parents=True, exist_ok=True)
    content = {
        "version": VERSION,
        "data": name,
        "subset": subset,
        "group": group,
        "classes": selected.to_json(),
    }
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    marker = target / LINK_FILE
    with locked(target / ".link.lock"):
        remove_partials(target, older_than_s=0)  # nobody else is at work here
        _remove_others(target, {c.folder for c in selected})
        for entry in selected:
            _link(target / entry.folder, source / entry.folder, Path(root))
        if not (marker.is_file() and marker.read_text(encoding="utf-8") == text):
            atomic_write(marker, text)
    return target


def _selected(ids: tuple[int, ...], table: ClassTable, source: Path, *, whole: bool) -> ClassTable:
    """Select the classes of a group; only the whole data set may have fewer than its table."""
    selected = table.select(ids)
    missing = [c for c in selected if not (source / c.folder).is_dir()]
    if missing and not whole:
        raise DataError(
            "classes of the group have no folder",
            path=source,
            found=", ".join(f"{c.folder} ({c.name})" for c in missing[:5])
            + (", ..." if len(missing) > 5 else ""),
        )
    return ClassTable(tuple(c for c in selected if c not in missing))


def _link(link: Path, folder: Path, root: Path) -> None:
    value = _value(link, folder, root)
    if link.is_symlink():
        if str(link.readlink()) == value:
            return
        link.unlink()  # a link to elsewhere, left from an earlier run
    elif link.exists():
        raise InputError(
            "a real folder or file stands where a link should be",
            path=link,
            hint="move it away; it is not removed",
        )
    link.symlink_to(value, target_is_directory=True)


def _value(link: Path, folder: Path, root: Path) -> str:
    """Relative inside the data root, which may then move; absolute to a mount outside."""
    root = root.absolute()
    if folder.absolute().is_relative_to(root):
        there = root.resolve() / folder.absolute().relative_to(root)
        here = link.parent.resolve()
        if here.is_relative_to(root.resolve()):
            return os.path.relpath(there, here)
    return str(folder.absolute())


def _remove_others(target: Path, wanted: set[str]) -> None:
    """Remove what an earlier definition of the group left: links only."""
    for path in target.iterdir():
        if path.name not in wanted and path.is_symlink():
            (target / LINK_FILE).unlink(missing_ok=True)
            path.unlink()
