"""Which class a folder holds: an explicit table, never the order of the folders."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from neuroai_core.errors import DataError, InputError, NotFoundError, problems, unknown_name
from neuroai_core.files import atomic_write

#: The name of the file that holds the table, beside the data.
TABLE_FILE = "classes.json"
VERSION = 1


@dataclass(frozen=True, order=True)
class DataClass:
    """One class: its id, the name of its folder, and its name for people."""

    id: int
    folder: str
    name: str


@dataclass(frozen=True)
class ClassTable:
    """The classes of a data set, in the order of their ids.

    Parameters
    ----------
    classes
        The classes. No id and no folder may come twice.

    Examples
    --------
    >>> table = ClassTable.of_ids({6: "bee", 14: "butterfly"})
    >>> table["14"].id, table.name_of(6), table.ids
    (14, 'bee', (6, 14))
    """

    classes: tuple[DataClass, ...]

    def __post_init__(self) -> None:
        for part in ("id", "folder"):
            values = [getattr(c, part) for c in self.classes]
            twice = sorted({v for v in values if values.count(v) > 1}) if _repeats(values) else []
            if twice:
                raise DataError(f"a class table has the same {part} twice", key=part, found=twice)
        object.__setattr__(self, "classes", tuple(sorted(self.classes)))

    @classmethod
    def of_ids(cls, names: Mapping[int, str]) -> ClassTable:
        """Make the table of classes whose folders are named by their ids."""
        return cls(tuple(DataClass(i, str(i), name) for i, name in names.items()))

    @classmethod
    def numbered(cls, folders: Iterable[str]) -> ClassTable:
        """Make the table of folders in the order of their names: a choice, to be stored."""
        return cls(tuple(DataClass(i, name, name) for i, name in enumerate(sorted(folders))))

    @classmethod
    def ranked(cls, synsets: Iterable[str]) -> ClassTable:
        """Make the table of all synsets of a data set: their ids are their ranks as text.

        Examples
        --------
        >>> table = ClassTable.ranked(["n02124075", "n01443537"])
        >>> [(c.id, c.folder, c.name) for c in table]
        [(0, 'n01443537', 'goldfish'), (1, 'n02124075', 'Egyptian cat')]
        """
        known = imagenet_classes()
        names = {s: known[s].name if s in known else s for s in synsets}
        return cls(tuple(DataClass(i, s, names[s]) for i, s in enumerate(sorted(names))))

    @classmethod
    def of_folders(cls, folders: Iterable[str], *, path: object = None) -> ClassTable:
        """Make the table of folders whose names say what they are.

        Whole numbers are class ids; synsets of ImageNet (``n01440764``) get
        the ids 0 to 999 of ILSVRC 2012.

        Raises
        ------
        DataError
            For any other names: their ids would be a guess.
        """
        names = sorted(folders)
        if all(_is_id(name) for name in names):
            return cls(tuple(DataClass(int(name), name, name) for name in names))
        synsets = imagenet_classes()
        odd = [name for name in names if name not in synsets]
        if odd:
            raise DataError(
                "these class folders do not say their ids",
                path=path,
                expected=f"whole numbers, synsets of ImageNet, or a {TABLE_FILE}",
                found=", ".join(map(repr, odd[:5])) + (", ..." if len(odd) > 5 else ""),
                hint="write the table with write_classes(), or `vision-data classes`",
            )
        return cls(tuple(synsets[name] for name in names))

    @cached_property
    def _by_folder(self) -> dict[str, DataClass]:
        return {c.folder: c for c in self.classes}

    @cached_property
    def _by_id(self) -> dict[int, DataClass]:
        return {c.id: c for c in self.classes}

    def __len__(self) -> int:
        return len(self.classes)

    def __iter__(self) -> Iterator[DataClass]:
        return iter(self.classes)

    def __contains__(self, folder: object) -> bool:
        return folder in self._by_folder

    def __getitem__(self, folder: str) -> DataClass:
        """Give the class of a folder's name."""
        if folder not in self._by_folder:
            raise unknown_name("class folder", folder, self._by_folder)
        return self._by_folder[folder]

    @property
    def ids(self) -> tuple[int, ...]:
        """The class ids, ascending."""
        return tuple(c.id for c in self.classes)

    def of_id(self, class_id: int) -> DataClass:
        """Give the class of an id."""
        if class_id not in self._by_id:
            raise unknown_name("class id", class_id, self._by_id)
        return self._by_id[class_id]

    def name_of(self, class_id: int) -> str:
        """Give the name of the class of an id."""
        return self.of_id(class_id).name

    def select(self, ids: Iterable[int]) -> ClassTable:
        """Give the table of some of the classes."""
        return ClassTable(tuple(self.of_id(i) for i in ids))

    def to_json(self) -> list[dict[str, Any]]:
        """Give the table as plain values."""
        return [{"id": c.id, "folder": c.folder, "name": c.name} for c in self.classes]

    @classmethod
    def from_json(cls, rows: object, *, path: object = None) -> ClassTable:
        """Read a table back from plain values, checking every one of them."""
        wrong = []
        if not isinstance(rows, list):
            raise DataError("a class table is no list", path=path, found=type(rows).__name__)
        for position, row in enumerate(rows):
            kinds = {"id": int, "folder": str, "name": str}
            if not isinstance(row, dict) or {k: type(v) for k, v in row.items()} != kinds:
                wrong.append(f"entry {position}: {row!r}")
            elif row["folder"] in ("", ".", "..") or "/" in row["folder"]:
                wrong.append(f"entry {position}: {row['folder']!r} names no folder")
        if wrong:
            raise problems("a class table is damaged", wrong, path=path)
        return cls(tuple(DataClass(**row) for row in rows))


def write_classes(folder: str | os.PathLike[str], table: ClassTable) -> Path:
    """Store a class table beside the data, as ``classes.json`` in `folder`."""
    target = Path(folder, TABLE_FILE)
    content = {"version": VERSION, "classes": table.to_json()}
    atomic_write(target, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return target


def read_classes(folder: str | os.PathLike[str]) -> ClassTable:
    """Read the class table that stands beside the data, in `folder`."""
    path = Path(folder, TABLE_FILE)
    content = read_json(path, "class table")
    return ClassTable.from_json(content.get("classes"), path=path)


def read_json(path: Path, what: str) -> dict[str, Any]:
    """Read a JSON file of this package, of the version that it knows."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFoundError(f"there is no {what}", path=path) from None
    except ValueError as error:
        raise DataError(f"this {what} is damaged", path=path, found=str(error)) from error
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise DataError(f"this is no {what} of version {VERSION}", path=path)
    return content


@lru_cache(maxsize=1)
def imagenet_classes() -> Mapping[str, DataClass]:
    """Give the 1000 classes of ILSVRC 2012 by synset, ids and names as torchvision has them."""
    text = resources.files("vision_data").joinpath("data/imagenet_classes.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines())
    return {synset: DataClass(int(number), synset, name) for number, synset, name in rows}


def _is_id(name: str) -> bool:
    return name.isascii() and name.isdigit() and str(int(name)) == name


def _repeats(values: list[Any]) -> bool:
    return len(set(values)) < len(values)


def check_name(kind: str, name: str) -> str:
    """Give back a name that can be a folder's, or raise `InputError`."""
    if not name or name in (".", "..") or name.startswith(".") or set(name) & set('/\\:\0"'):
        raise InputError(f"this cannot be the name of a {kind}", found=repr(name))
    return name
