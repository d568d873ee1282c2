"""Stimuli and timelines as YAML or JSON, exactly and back."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import TypeAdapter

from neuroai_core.errors import (
    DataError,
    NeuroAIError,
    NotFoundError,
    check_known,
)
from neuroai_core.files import atomic_write
from stimulus_protocols import presets, protocols
from stimulus_protocols.stimuli import InTurn, Stimulus
from stimulus_protocols.stimuli.catalogue import BY_TYPE, AnyStimulus
from stimulus_protocols.timeline import AnyTimeline, Timeline
from stimulus_protocols.values import Value

#: The version of the format.
VERSION = 1

Spec = Stimulus | Timeline

_STIMULI: TypeAdapter[Stimulus] = TypeAdapter(AnyStimulus)
_TIMELINES: TypeAdapter[Timeline] = TypeAdapter(AnyTimeline)


def to_yaml(spec: Spec) -> str:
    """Write a stimulus or a timeline as YAML: every part that is not a default.

    Examples
    --------
    >>> from stimulus_protocols import blank, image
    >>> print(to_yaml(image(3, contrast=0.5)), end="")
    version: 1
    timeline:
      type: segment
      frames: 3
      item: 0
      contrast: 0.5
      phase: stimulus
    >>> from_yaml(to_yaml(blank(2) >> image(3))) == blank(2) >> image(3)
    True
    """
    return yaml.safe_dump(to_data(spec), sort_keys=False, allow_unicode=True)


def to_data(spec: Spec) -> dict[str, Any]:
    """Write a stimulus or a timeline as plain values, ready for JSON or YAML."""
    kind = "stimulus" if isinstance(spec, Stimulus) else "timeline"
    return {"version": VERSION, kind: _compact(spec)}


def from_yaml(text: str, *, path: str | os.PathLike[str] | None = None) -> Spec:
    """Read a stimulus or a timeline from YAML; JSON is YAML too.

    Parameters
    ----------
    text
        A mapping with ``version: 1`` and one of ``stimulus`` and ``timeline``
        (as `to_yaml` writes them), or ``preset`` or ``protocol`` with a
        ``name`` and the arguments of the function of that name.
    path
        Where the text is from, for errors.

    Raises
    ------
    InputError, UnknownArgumentError, DataError
        With the line, what was expected and the near name.

    Examples
    --------
    >>> text = '''
    ... version: 1
    ... protocol: {name: duration, n_timesteps: 6, stimulus_duration: 3, intro_duration: 2}
    ... '''
    >>> len(from_yaml(text))
    6
    >>> from_yaml(text.replace("intro_duration", "intro_durations"))
    Traceback (most recent call last):
    neuroai_core.errors.UnknownArgumentError: duration() has no argument 'intro_durations'
      index: line 3
      expected: one of 'contrast', 'dt_ms', 'intro_duration', 'n_timesteps', 'stimulus_duration'
      hint: did you mean 'intro_duration'?
    """
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_duplicates(tree, path)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DataError(f"this is no YAML: {error}", path=path) from None
    try:
        return from_data(data)
    except NeuroAIError as error:
        error.path = path if error.path is None else error.path
        line = _line(tree, error)
        error.index = f"line {line}" if line is not None and error.index is None else error.index
        raise


def from_data(data: object) -> Spec:
    """Read a stimulus or a timeline from plain values; undoes `to_data`."""
    if not isinstance(data, dict) or data.get("version") != VERSION:
        raise DataError(
            "this is no specification of this format",
            key="version",
            expected=f"a mapping with version: {VERSION}",
            found=data.get("version") if isinstance(data, dict) else type(data).__name__,
        )
    kinds = [key for key in data if key != "version"]
    for key in kinds:
        check_known("key", [key], ("stimulus", "timeline", "preset", "protocol", "version"))
    if len(kinds) != 1 or not isinstance(data[kinds[0]], dict):
        raise DataError(
            "a specification says one thing",
            expected="one of stimulus, timeline, preset, protocol, and a mapping under it",
            found=kinds,
        )
    kind, parts = kinds[0], dict(data[kinds[0]])
    if kind == "stimulus":
        check_known("type", [parts.get("type")], BY_TYPE, key="stimulus.type")
        made: Spec = BY_TYPE[parts["type"]](**parts)
        return made
    if kind == "timeline":
        return Wrapped(timeline=cast("Timeline", parts)).timeline
    names = presets.BY_NAME if kind == "preset" else protocols.BY_NAME
    name = parts.pop("name", None)
    check_known(kind, [name], names, key=f"{kind}.name")
    return names[str(name)](**parts)


class Wrapped(Value):
    """A timeline as a part, so that errors name the key."""

    timeline: AnyTimeline


def load(path: str | os.PathLike[str]) -> Spec:
    """Read a specification from a file."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFoundError("the specification is not there", path=path) from None
    except (UnicodeDecodeError, IsADirectoryError) as error:
        raise DataError(f"the specification is no text: {error}", path=path) from None
    return from_yaml(text, path=path)


def save(spec: Spec, path: str | os.PathLike[str]) -> None:
    """Write a specification to a file: JSON if it is named so, or YAML."""
    as_json = Path(path).suffix == ".json"
    atomic_write(path, json.dumps(to_data(spec), indent=2) + "\n" if as_json else to_yaml(spec))


def content_hash(spec: Spec) -> str:
    """Give the SHA-256 of all that makes up a stimulus or a timeline, defaults included.

    Examples
    --------
    >>> from stimulus_protocols import blank, image
    >>> content_hash(blank(2) >> image(3)) == content_hash(from_yaml(to_yaml(blank(2) >> image(3))))
    True
    """
    whole = {"version": VERSION, "content": spec.model_dump(mode="json")}
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def schema() -> dict[str, Any]:
    """Give the JSON schema of specifications.

    Examples
    --------
    >>> sorted(schema()["properties"])
    ['preset', 'protocol', 'stimulus', 'timeline', 'version']
    """
    stimulus = _STIMULI.json_schema(ref_template="#/$defs/{model}")
    timeline = _TIMELINES.json_schema(ref_template="#/$defs/{model}")
    definitions = stimulus.pop("$defs", {}) | timeline.pop("$defs", {})

    def named(names: object) -> dict[str, Any]:
        name = {"enum": sorted(names)}  # type: ignore[call-overload]
        return {"type": "object", "properties": {"name": name}, "required": ["name"]}

    kinds = {
        "stimulus": stimulus,
        "timeline": timeline,
        "preset": named(presets.BY_NAME),
        "protocol": named(protocols.BY_NAME),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stimulus or a timeline",
        "type": "object",
        "properties": {"version": {"const": VERSION}, **kinds},
        "required": ["version"],
        "oneOf": [{"required": [kind]} for kind in kinds],
        "additionalProperties": False,
        "$defs": definitions,
    }


def provenance(stimulus: Stimulus) -> Iterator[dict[str, Any]]:
    """Say for every frame what it shows: a row for each, made as they are asked for.

    Examples
    --------
    >>> from stimulus_protocols.stimuli import Uniform
    >>> row = next(provenance(Uniform(frames=2, height=1, width=1)))
    >>> row["frame"], row["time_s"], row["type"], len(row["sha256"])
    (0, 0.0, 'uniform', 64)
    """
    parts = stimulus.parts if isinstance(stimulus, InTurn) else (stimulus,)
    frame = 0
    for number, part in enumerate(parts):
        kind, digest = part.model_dump()["type"], content_hash(part)
        for inside in range(part.frames):
            yield {
                "frame": frame,
                "time_s": frame / stimulus.frame_rate_hz,
                "part": number,
                "part_frame": inside,
                "type": kind,
                "sha256": digest,
            }
            frame += 1


def _compact(value: Any) -> Any:
    """Leave out what is a default, but never the type."""
    if isinstance(value, Value):
        fields = type(value).model_fields
        kept = {
            name: _compact(getattr(value, name))
            for name, field in fields.items()
            if name == "type" or getattr(value, name) != field.default
        }
        return {"type": kept.pop("type"), **kept} if "type" in kept else kept
    if isinstance(value, list | tuple):
        return [_compact(part) for part in value]
    return value


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


def _line(tree: yaml.Node | None, error: NeuroAIError) -> int | None:
    """Find the line that an error is about: by the path of keys, or by the name that is wrong."""
    named = error.message.rsplit("'", 2)
    if "has no argument" in error.message and len(named) == 3:
        lines = list(_lines_of_key(tree, named[1]))
        return lines[0] if lines else None
    node, line = tree, None
    for step in str(error.key or "").split("."):
        found = _child(node, step)
        if found is not None:
            key, node = found
            line = key.start_mark.line + 1
    if line is None and error.key is not None:
        lines = list(_lines_of_key(tree, str(error.key).rpartition(".")[2]))
        line = lines[0] if lines else None
    return line


def _child(node: yaml.Node | None, step: str) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and step.isdigit() and int(step) < len(node.value):
        return node.value[int(step)], node.value[int(step)]
    if isinstance(node, yaml.MappingNode):
        return next(((k, v) for k, v in node.value if k.value == step), None)
    return None


def _lines_of_key(node: yaml.Node | None, name: str) -> Iterator[int]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == name:
                yield key.start_mark.line + 1
            yield from _lines_of_key(value, name)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _lines_of_key(value, name)
