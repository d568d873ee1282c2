"""The JSON schema of specifications, for editors and other programs."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from stimulus_protocols import presets, protocols
from stimulus_protocols.specs import VERSION
from stimulus_protocols.stimuli import Stimulus
from stimulus_protocols.stimuli.catalogue import AnyStimulus
from stimulus_protocols.timeline import AnyTimeline, Timeline

_STIMULI: TypeAdapter[Stimulus] = TypeAdapter(AnyStimulus)
_TIMELINES: TypeAdapter[Timeline] = TypeAdapter(AnyTimeline)


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
