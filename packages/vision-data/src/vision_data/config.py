"""The configuration file: groups, mounts, resolutions and statistics, checked line by line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import yaml

from neuroai_core.errors import DataError, NotFoundError, unknown_name
from vision_data.catalog import ALL, Catalog, DataSet, Statistics
from vision_data.classes import check_name

T = TypeVar("T")
KEYS = (
    "data_groups",
    "mounted_datasets",
    "data_mount",
    "data_resolution",
    "data_statistics",
    "use_ffcv",
)


@dataclass(frozen=True)
class DataConfig:
    """What a configuration file says, put upon what is shipped.

    Parameters
    ----------
    catalog
        The data sets with their groups, resolutions, statistics and mounts.
    use_ffcv
        Whether ``.beton`` files are meant to be used.
    """

    catalog: Catalog = field(default_factory=Catalog.shipped)
    use_ffcv: bool = False


def read_config(path: str | os.PathLike[str]) -> DataConfig:
    """Read a configuration file (YAML).

    It may have the keys ``data_groups`` (data set, group, list of class ids),
    ``mounted_datasets`` (names, or names with paths), ``data_mount`` (the
    folder that holds the mounted data sets that have no path),
    ``data_resolution``, ``data_statistics`` and ``use_ffcv``.

    Raises
    ------
    NotFoundError
        If there is no such file.
    DataError, UnknownNameError
        For the first thing in it that cannot be right, with its line.

    Examples
    --------
    >>> text = "{data_groups: {mnist: {'01': [0, 1]}}, mounted_datasets: {imagenet: /mnt/imagenet}}"
    >>> _ = Path("config_data.yaml").write_text(text)
    >>> config = read_config("config_data.yaml")
    >>> config.catalog["mnist"].group("01"), config.catalog.mounts["imagenet"].as_posix()
    ((0, 1), '/mnt/imagenet')
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFoundError("there is no such configuration file", path=path) from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise DataError("a configuration is no YAML", path=path, found=str(error)) from error
    return _Reader(path).config(node) if node is not None else DataConfig()


class _Reader:
    """Reads YAML nodes, which know their lines, into checked values."""

    def __init__(self, path: object) -> None:
        self.path = path

    def config(self, node: yaml.Node) -> DataConfig:
        parts = dict(self.mapping(node, "configuration"))
        lines = dict(self.keys(node))
        for key, key_node in lines.items():
            if key not in KEYS:
                raise unknown_name(
                    "key", key, KEYS, path=self.path, index=f"line {_line(key_node)}"
                )
        groups = self.table(parts.get("data_groups"), "data_groups", self.groups)
        resolutions = self.table(parts.get("data_resolution"), "data_resolution", self.resolution)
        statistics = self.table(parts.get("data_statistics"), "data_statistics", self.statistics)
        catalog = Catalog.shipped().with_groups(groups)
        data_sets = dict(catalog.data_sets)
        for name in [*resolutions, *statistics]:
            known = data_sets.get(name) or DataSet(name)
            data_sets[name] = replace(
                known,
                resolution=resolutions.get(name, known.resolution),
                statistics=statistics.get(name, known.statistics),
            )
        mounts = self.mounts(parts.get("mounted_datasets"), parts.get("data_mount"))
        return DataConfig(
            Catalog(data_sets, mounts),
            self.boolean(parts["use_ffcv"], "use_ffcv") if "use_ffcv" in parts else False,
        )

    def keys(self, node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
        if isinstance(node, yaml.MappingNode):
            yield from ((key.value, key) for key, _ in node.value)

    def mapping(self, node: yaml.Node, what: str) -> list[tuple[str, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            raise self.wrong(node, what, "a mapping, key: value")
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in seen:
                raise self.wrong(key, what, "plain keys, each of them once")
            seen.add(key.value)
        # The text of a key, so that 01 without quotes is no number.
        return [(key.value, value) for key, value in node.value]

    def table(
        self, node: yaml.Node | None, what: str, read: Callable[[yaml.Node, str], T]
    ) -> dict[str, T]:
        if node is None or _empty(node):
            return {}
        return {
            check_name("data set", name): read(value, f"{what}.{name}")
            for name, value in self.mapping(node, what)
        }

    def groups(self, node: yaml.Node, what: str) -> dict[str, tuple[int, ...]]:
        groups = {}
        for name, value in self.mapping(node, what):
            if name == ALL:
                raise self.wrong(value, what, f"another name than {ALL!r}, which is always there")
            ids = tuple(self.sequence(value, f"{what}.{name}", self.whole))
            if not ids or len(set(ids)) < len(ids):
                raise self.wrong(value, f"{what}.{name}", "class ids, each of them once")
            groups[check_name("group", name)] = ids
        return groups

    def sequence(self, node: yaml.Node, what: str, read: Callable[[yaml.Node, str], T]) -> list[T]:
        if not isinstance(node, yaml.SequenceNode):
            raise self.wrong(node, what, "a list")
        return [read(item, what) for item in node.value]

    def whole(self, node: yaml.Node, what: str) -> int:
        return int(self.scalar(node, what, "int", "a whole number of 0 or more", lambda n: n >= 0))

    def resolution(self, node: yaml.Node, what: str) -> int:
        return int(self.scalar(node, what, "int", "pixels, 1 or more", lambda n: n >= 1))

    def number(self, node: yaml.Node, what: str) -> float:
        if isinstance(node, yaml.ScalarNode) and node.tag.endswith(":int"):
            return float(yaml.safe_load(node.value))
        return float(self.scalar(node, what, "float", "a number", lambda _: True))

    def boolean(self, node: yaml.Node, what: str) -> bool:
        return bool(self.scalar(node, what, "bool", "true or false", lambda _: True))

    def scalar(
        self, node: yaml.Node, what: str, tag: str, expected: str, good: Callable[[Any], bool]
    ) -> Any:
        if not isinstance(node, yaml.ScalarNode) or node.tag != f"tag:yaml.org,2002:{tag}":
            raise self.wrong(node, what, expected)
        value = yaml.safe_load(node.value)
        if not good(value):
            raise self.wrong(node, what, expected)
        return value

    def statistics(self, node: yaml.Node, what: str) -> Statistics:
        parts = dict(self.mapping(node, what))
        for key, key_node in self.keys(node):
            if key not in ("mean", "std"):
                raise unknown_name(
                    f"key of {what}",
                    key,
                    ("mean", "std"),
                    path=self.path,
                    index=f"line {_line(key_node)}",
                )
        if len(parts) < 2:
            raise self.wrong(node, what, "mean and std")
        mean, std = (self.sequence(parts[k], f"{what}.{k}", self.number) for k in ("mean", "std"))
        if len(mean) != len(std) or len(mean) not in (1, 3) or min(std) <= 0:
            raise self.wrong(node, what, "one or three numbers each, std above 0")
        return Statistics(tuple(mean), tuple(std))

    def mounts(self, node: yaml.Node | None, mount: yaml.Node | None) -> dict[str, Path | None]:
        parent = None if mount is None else Path(self.text(mount, "data_mount"))
        if node is None or _empty(node):
            return {}
        if isinstance(node, yaml.MappingNode):
            pairs = self.mapping(node, "mounted_datasets")
            return {
                check_name("data set", n): Path(self.text(v, f"mounted_datasets.{n}"))
                for n, v in pairs
            }
        names = self.sequence(node, "mounted_datasets", self.text)
        return {check_name("data set", n): parent and parent / n for n in names}

    def text(self, node: yaml.Node, what: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or not node.value:
            raise self.wrong(node, what, "a text")
        return str(node.value)

    def wrong(self, node: yaml.Node, what: str, expected: str) -> DataError:
        return DataError(
            f"line {_line(node)} of a configuration cannot be right",
            path=self.path,
            key=what,
            expected=expected,
            found=repr(node.value) if isinstance(node, yaml.ScalarNode) else "a list or mapping",
        )


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"
