"""The JSON schema of the configuration file, for editors that check while one types."""

from __future__ import annotations

from typing import Any


def config_schema() -> dict[str, Any]:
    """Give the schema (draft 2020-12) of what `read_config` reads.

    Examples
    --------
    >>> sorted(config_schema()["properties"])[:2]
    ['data_groups', 'data_mount']
    """
    number = {"type": "number"}
    channels = {"type": "array", "items": number, "minItems": 1, "maxItems": 3}
    ids = {
        "type": "array",
        "items": {"type": "integer", "minimum": 0},
        "minItems": 1,
        "uniqueItems": True,
    }
    path = {"type": "string", "minLength": 1}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of vision-data",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "data_groups": {
                "description": "Class ids by data set and group, in the order of their indices.",
                "type": "object",
                "additionalProperties": {"type": "object", "additionalProperties": ids},
            },
            "mounted_datasets": {
                "description": "Data sets used where they lie: names, or names with paths.",
                "anyOf": [
                    {"type": "array", "items": path},
                    {"type": "object", "additionalProperties": path},
                ],
            },
            "data_mount": {
                "description": "The folder that holds the mounted data sets without a path.",
                **path,
            },
            "data_resolution": {
                "description": "Height and width of the images in pixels.",
                "type": "object",
                "additionalProperties": {"type": "integer", "minimum": 1},
            },
            "data_statistics": {
                "description": "Mean and standard deviation of each channel, 0 to 1.",
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["mean", "std"],
                    "properties": {"mean": channels, "std": channels},
                },
            },
            "use_ffcv": {"description": "Use .beton files.", "type": "boolean"},
        },
    }
