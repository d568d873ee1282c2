"""Commands that tell what there is, and what a specification says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from stimulus_protocols import presets, protocols, specs
from stimulus_protocols.describe import describe as describe_spec
from stimulus_protocols.schema import schema as json_schema
from stimulus_protocols.stimuli.catalogue import BY_TYPE


def describe(
    spec: Annotated[Path, typer.Argument(help="A YAML or JSON specification.")],
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Say what a specification is, without rendering it.

    Example: stimulus-protocols describe grating.yaml
    """
    read = specs.load(spec)
    if as_json:
        whole = {**specs.to_data(read), "frames": len(read), "sha256": specs.content_hash(read)}
        typer.echo(json.dumps(whole, indent=2))
        return
    typer.echo(describe_spec(read))
    typer.echo(f"sha256 {specs.content_hash(read)}")


def list_(
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """List stimuli, protocols and presets.

    Example: stimulus-protocols list
    """
    found = {
        "stimuli": {name: _first_line(kind.__doc__) for name, kind in BY_TYPE.items()},
        "protocols": {name: _first_line(f.__doc__) for name, f in protocols.BY_NAME.items()},
        "presets": {name: _first_line(f.__doc__) for name, f in presets.BY_NAME.items()},
    }
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for kind, names in found.items():
        typer.echo(f"{kind}:")
        for name, line in names.items():
            typer.echo(f"  {name:28} {line}")


def schema() -> None:
    """Print the JSON schema of specifications.

    Example: stimulus-protocols schema > schema.json
    """
    typer.echo(json.dumps(json_schema(), indent=2))


def _first_line(text: str | None) -> str:
    return (text or "").strip().splitlines()[0]
