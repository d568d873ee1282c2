"""A conversion written down in YAML: read with the line of what is wrong, and written back."""

from __future__ import annotations

import os
import types
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from neural_shards.nwb.spec import (
    ConversionSpec,
    Events,
    Labels,
    Modality,
    Signals,
    Spikes,
    modality,
)
from neuroai_core import InputError, NeuroAIError, NotFoundError
from neuroai_core.errors import unknown_name
from neuroai_core.extras import require

#: What ``kind`` may say of a modality; without it the modality's name decides.
KINDS: dict[str, type[Modality]] = {
    "events": Events,
    "labels": Labels,
    "series": Signals,
    "spikes": Spikes,
}


@dataclass(frozen=True)
class Where:
    """Where a value stands: file, line of each key, keys down to it."""

    path: object
    lines: Mapping[tuple[str, ...], int]
    keys: tuple[str, ...] = ()

    def down(self, key: str) -> Where:
        """Give the place of a key in here."""
        return Where(self.path, self.lines, (*self.keys, key))

    def parts(self) -> dict[str, Any]:
        """Give it as the parts of an error."""
        line = self.lines.get(self.keys)
        return {
            "path": self.path,
            "key": ".".join(self.keys) or None,
            "index": None if line is None else f"line {line}",
        }


def read_spec(path: str | os.PathLike[str]) -> ConversionSpec:
    """Read a conversion from a YAML file.

    Raises
    ------
    NotFoundError
        If there is no such file.
    InputError
        For what is no YAML, an unknown key, or a value that cannot be right: with its line.
    """
    yaml = require("yaml", package="neural-shards", extra="nwb")
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFoundError("there is no such file", path=path) from None
    try:
        content = yaml.safe_load(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError("this is no YAML", path=path, found=str(error)) from None
    return spec_of(content, Where(path, dict(_lines(node))))


def _lines(node: Any, keys: tuple[str, ...] = ()) -> Any:
    """Give the line of every key of a YAML document."""
    if node is None or node.id != "mapping":
        return
    for key, value in node.value:
        yield (*keys, str(key.value)), key.start_mark.line + 1
        yield from _lines(value, (*keys, str(key.value)))


def spec_of(content: Any, where: Where | None = None) -> ConversionSpec:
    """Make a conversion of plain values, such as YAML or JSON give.

    Examples
    --------
    >>> spec = spec_of({"modalities": {"spikes": {"units": {"quality": "good"}}}, "bin_ms": 20})
    >>> spec.modalities["spikes"].units, spec.bin_ms, spec.windows.length
    ({'quality': 'good'}, 20.0, 100)
    """
    where = where or Where(None, {})
    made: ConversionSpec = _dataclass(ConversionSpec, content, where)
    return made


def plain_of(spec: Any) -> Any:
    """Give a conversion as plain values; `spec_of` makes it of them again."""
    if is_dataclass(spec):
        made = {f.name: plain_of(getattr(spec, f.name)) for f in fields(spec)}
        kinds = [name for name, kind in KINDS.items() if type(spec) is kind]
        return {"kind": kinds[0], **made} if kinds else made
    if isinstance(spec, Mapping):
        return {str(key): plain_of(value) for key, value in spec.items()}
    return [plain_of(value) for value in spec] if isinstance(spec, list | tuple) else spec


def _dataclass(kind: type[Any], content: Any, where: Where) -> Any:
    if not isinstance(content, Mapping):
        raise _wrong("keys with values", content, where)
    hints = get_type_hints(kind)
    for key in content:
        if key not in hints:
            raise _unknown(str(key), hints, where)
    made = {}
    for key, value in content.items():
        place = where.down(key)
        made[key] = (
            _modalities(value, place) if key == "modalities" else _value(hints[key], value, place)
        )
    if kind is ConversionSpec and "modalities" not in made:
        raise InputError("nothing is to be taken", expected="the key 'modalities'", **where.parts())
    try:
        return kind(**made)
    except InputError as error:
        raise _placed(error, where) from None


def _unknown(key: str, known: Mapping[str, Any], where: Where) -> NeuroAIError:
    return unknown_name("key", key, known, **where.down(key).parts())


def _placed(error: InputError, where: Where) -> InputError:
    """Add the place to an error that a value made when all was put together."""
    if error.index is not None:
        return error
    near = [
        where.down(str(error.key).rpartition(".")[2]),
        where.down("modalities").down(str(error.key)),
    ]
    parts = next((place for place in near if place.keys in place.lines), where).parts()
    error.path, error.index = parts["path"], parts["index"]
    return error


def _modalities(content: Any, where: Where) -> dict[str, Modality]:
    if isinstance(content, list):
        content = dict.fromkeys(content)
    if not isinstance(content, Mapping):
        raise _wrong("names of modalities", content, where)
    made: dict[str, Modality] = {}
    for name, value in content.items():
        place = where.down(str(name))
        given = {} if value is None else value
        if not isinstance(given, Mapping):
            raise _wrong("keys with values, or nothing", given, place)
        kind: type[Modality] = type(modality(str(name)))
        if "kind" in given:
            if given["kind"] not in KINDS:
                raise unknown_name("kind", given["kind"], KINDS, **place.down("kind").parts())
            kind = KINDS[given["kind"]]
        made[str(name)] = _dataclass(kind, {k: v for k, v in given.items() if k != "kind"}, place)
    return made


def _value(hint: Any, value: Any, where: Where) -> Any:
    """Check a value against a type, and bring it to it where nothing is lost."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        (inner,) = [a for a in args if a is not type(None)]
        return _value(inner, value, where)
    if origin is Literal:
        if value not in args:
            raise unknown_name("value", value, args, **where.parts())
        return value
    if origin is tuple:
        return _tuple(args, value, where)
    if is_dataclass(hint):
        return _dataclass(hint, value, where)  # type: ignore[arg-type]
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    plain = dict if origin is not None else hint
    if not isinstance(value, plain) or (isinstance(value, bool) and plain is not bool):
        raise _wrong({dict: "keys with values"}.get(plain, plain.__name__), value, where)
    return value


def _tuple(args: tuple[Any, ...], value: Any, where: Where) -> tuple[Any, ...]:
    values = value if isinstance(value, list | tuple) else [value]
    if args[-1] is not Ellipsis and len(values) != len(args):
        raise _wrong(f"{len(args)} values", value, where)
    kinds = args[:1] * len(values) if args[-1] is Ellipsis else args
    return tuple(_value(kind, one, where) for kind, one in zip(kinds, values, strict=True))


def _wrong(expected: str, found: Any, where: Where) -> InputError:
    return InputError(
        "a value is of the wrong type",
        expected=expected,
        found=f"{found!r} ({type(found).__name__})",
        **where.parts(),
    )
