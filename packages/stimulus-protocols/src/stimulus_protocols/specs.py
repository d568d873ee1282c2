"""Stimuli and timelines as YAML or JSON, exactly and back."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from neuroai_core.errors import DataError, InputError, NotFoundError, check_known
from neuroai_core.files import atomic_write
from stimulus_protocols import presets, protocols
from stimulus_protocols.documents import Document, dump
from stimulus_protocols.events import describe_step
from stimulus_protocols.stimuli import InTurn, MovingImage, Stimulus
from stimulus_protocols.stimuli.catalogue import BY_TYPE
from stimulus_protocols.timeline import AnyTimeline, Timeline
from stimulus_protocols.values import Value

#: The version of the format.
VERSION = 1

Spec = Stimulus | Timeline


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
    return dump(to_data(spec))


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
    return _from_document(Document(text, path))


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
    """Read a specification from a file: JSON if it is named ``.json``, or YAML."""
    return _from_document(Document.read(path, "specification"))


def save(spec: Spec, path: str | os.PathLike[str]) -> None:
    """Write a specification to a file: JSON if it is named ``.json``, or YAML."""
    as_json = Path(path).suffix == ".json"
    atomic_write(path, json.dumps(to_data(spec), indent=2) + "\n" if as_json else to_yaml(spec))


def content_hash(spec: Spec) -> str:
    """Give the SHA-256 of all that makes up a stimulus or a timeline, defaults included.

    A picture in a file counts by the file's bytes, wherever it lies.

    Examples
    --------
    >>> from stimulus_protocols import blank, image
    >>> content_hash(blank(2) >> image(3)) == content_hash(from_yaml(to_yaml(blank(2) >> image(3))))
    True
    """
    whole = {"version": VERSION, "content": _with_bytes(spec.model_dump(mode="json"))}
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _with_bytes(content: Any) -> Any:
    """Put the SHA-256 of a picture's file where its path stands."""
    if isinstance(content, list):
        return [_with_bytes(part) for part in content]
    if not isinstance(content, dict):
        return content
    made = {name: _with_bytes(part) for name, part in content.items()}
    if made.get("type") == _MOVING_IMAGE:
        path = made.pop("path")
        try:
            with open(path, "rb") as file:
                made["path_sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            raise NotFoundError("the picture is not there", path=path) from None
    return made


_MOVING_IMAGE = MovingImage.model_fields["type"].default


def provenance(spec: Spec) -> Iterator[dict[str, Any]]:
    """Say for every frame what it shows: rows made as they are asked for.

    A stimulus has a row for each frame. A timeline, whose steps have no time of
    their own, has a row for each step and each picture shown in it (`layer`):
    the phase, how many steps it has lasted, and what stands in the frame table
    (see `FrameTable`); a computed stimulus is named by its own hash.

    Raises
    ------
    InputError
        For a random timeline: its trials differ, so draw one first.

    Examples
    --------
    >>> from stimulus_protocols.stimuli import Uniform
    >>> row = next(provenance(Uniform(frames=2, height=1, width=1)))
    >>> row["frame"], row["time_s"], row["type"], len(row["sha256"])
    (0, 0.0, 'uniform', 64)
    >>> from stimulus_protocols import blank, image
    >>> [(row["frame"], row["phase"], row["source"]) for row in provenance(blank(1) >> image(1))]
    [(0, 'blank', 'void'), (1, 'stimulus', 'image')]
    """
    if isinstance(spec, Stimulus):
        return _of_stimulus(spec)
    if isinstance(spec, Timeline):
        spec.table(0, 0)  # a random one is refused now, not when the first row is asked for
        return _of_timeline(spec)
    raise InputError(
        "provenance is that of a stimulus or a timeline", key="spec", found=type(spec).__name__
    )


def _of_stimulus(stimulus: Stimulus) -> Iterator[dict[str, Any]]:
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


#: How many steps of a timeline are compiled at once.
_CHUNK = 4096


def _of_timeline(timeline: Timeline) -> Iterator[dict[str, Any]]:
    digest = content_hash(timeline)
    for start in range(0, len(timeline), _CHUNK):
        table = timeline.table(start, min(start + _CHUNK, len(timeline)))
        hashes = [content_hash(stimulus) for stimulus in table.stimuli]
        for step in range(len(table)):
            for row in describe_step(table, step):
                source = row.pop("stimulus")
                yield {
                    "frame": start + step,
                    **row,
                    "stimulus_sha256": None if source is None else hashes[source],
                    "sha256": digest,
                }


def _from_document(document: Document) -> Spec:
    with document.located():
        return from_data(document.data)


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
