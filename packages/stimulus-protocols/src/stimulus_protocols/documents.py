"""YAML and JSON that know on which line each key stands."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from neuroai_core.errors import DataError, NeuroAIError, NotFoundError


class _Loader(yaml.SafeLoader):
    """Reads numbers as JSON and YAML 1.2 have them: PyYAML takes 1e-05 for a word."""


class _Dumper(yaml.SafeDumper):
    """Puts words that `_Loader` would read as numbers in quotes."""


for _kind in (_Loader, _Dumper):
    _kind.add_implicit_resolver(
        "tag:yaml.org,2002:float",
        re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+$"),
        list("-+.0123456789"),
    )


def dump(data: object) -> str:
    r"""Write plain values as YAML that `Document` reads back exactly.

    Examples
    --------
    >>> dump({"step": 1e-05, "name": "1e-05"})
    "step: 1.0e-05\nname: '1e-05'\n"
    """
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


class Document:
    """A document in YAML or JSON: its plain values in `data`, and the lines they stand on.

    Parameters
    ----------
    text
        YAML, which most JSON is too.
    path
        Where the text is from, for errors. What is named ``.json`` is read as
        JSON, however it is indented.

    Raises
    ------
    DataError
        If it is no YAML or JSON, or has a key twice.

    Examples
    --------
    >>> from neuroai_core import InputError
    >>> document = Document("a: {b: 3}", "lab.yaml")
    >>> with document.located():
    ...     raise InputError("too many", key="a.b", found=document.data["a"]["b"])
    Traceback (most recent call last):
    neuroai_core.errors.InputError: too many
      path: lab.yaml
      key: a.b
      index: line 1
      found: 3
    """

    def __init__(self, text: str, path: str | os.PathLike[str] | None = None) -> None:
        self.path = path
        read = _read_json if path is not None and Path(path).suffix == ".json" else _read_yaml
        self._tree, self.data = read(text, path)
        _refuse_duplicates(self._tree, path)

    @classmethod
    def read(cls, path: str | os.PathLike[str], what: str) -> Document:
        """Read a file; `what` it should be is named where it is not there, or no text."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise NotFoundError(f"the {what} is not there", path=path) from None
        except (UnicodeDecodeError, IsADirectoryError) as error:
            raise DataError(f"the {what} is no text: {error}", path=path) from None
        return cls(text, path)

    @contextmanager
    def located(self, *inside: str) -> Iterator[None]:
        """Name the file and the line in errors that are raised within.

        Parameters
        ----------
        *inside
            The keys under which the keys of the errors stand.
        """
        try:
            yield
        except NeuroAIError as error:
            if error.path is None:
                error.path = self.path
            if error.index is None:
                line = self._line(error, inside)
                error.index = None if line is None else f"line {line}"
            raise

    def _line(self, error: NeuroAIError, inside: tuple[str, ...]) -> int | None:
        """Find the line that an error is about: by the path of keys, and the name that is wrong."""
        steps = str(error.key).split(".") if error.key is not None else []
        node, line = self._tree, None
        for step in (*inside, *steps):
            found = _child(node, step)
            if found is not None:
                key, node = found
                line = None if step in inside else key.start_mark.line + 1
        named = error.message.rsplit("'", 2)
        if "has no argument" in error.message and len(named) == 3:
            return _first(node, named[1]) or _first(self._tree, named[1])
        return line or (_first(self._tree, steps[-1]) if steps else None)


def _read_yaml(text: str, path: object) -> tuple[yaml.Node | None, Any]:
    try:
        # A safe loader with one more way to write numbers.
        return yaml.compose(text, Loader=_Loader), yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.YAMLError as error:
        raise DataError(f"this is no YAML: {error}", path=path) from None


def _read_json(text: str, path: object) -> tuple[yaml.Node | None, Any]:
    try:
        # For the lines alone. Tabs, which YAML refuses, stand between values only.
        tree = yaml.compose(text.replace("\t", " "), Loader=_Loader)
    except yaml.YAMLError:
        tree = None
    _refuse_duplicates(tree, path)
    try:
        return tree, json.loads(text, object_pairs_hook=lambda pairs: _once(pairs, path))
    except json.JSONDecodeError as error:
        raise DataError(
            f"this is no JSON: {error.msg}", path=path, index=f"line {error.lineno}"
        ) from None


def _once(pairs: list[tuple[str, Any]], path: object) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise DataError(f"the key {key!r} stands there twice", path=path)
        made[key] = value
    return made


def _refuse_duplicates(node: yaml.Node | None, path: object) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen:
                raise DataError(
                    f"the key {key.value!r} stands there twice",
                    path=path,
                    index=f"line {key.start_mark.line + 1}",
                )
            seen.add(str(key.value))
            _refuse_duplicates(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_duplicates(value, path)


def _child(node: yaml.Node | None, step: str) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and step.isdigit() and int(step) < len(node.value):
        return node.value[int(step)], node.value[int(step)]
    if isinstance(node, yaml.MappingNode):
        return next(((k, v) for k, v in node.value if k.value == step), None)
    return None


def _first(node: yaml.Node | None, name: str) -> int | None:
    """Give the first line on which a key of that name stands."""
    return next(_lines(node, name), None)


def _lines(node: yaml.Node | None, name: str) -> Iterator[int]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == name:
                yield key.start_mark.line + 1
            yield from _lines(value, name)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _lines(value, name)
