"""Commands that draw what a specification shows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stimulus_protocols import specs
from stimulus_protocols.export import export
from stimulus_protocols.gallery import write_gallery
from stimulus_protocols.preview import write_preview

Spec = Annotated[Path, typer.Argument(help="A YAML or JSON specification.")]
Start = Annotated[int, typer.Option(help="First frame.")]
Stop = Annotated[int | None, typer.Option(help="Frame to stop before.")]


def render(
    spec: Spec,
    output: Annotated[Path, typer.Option("-o", "--output", help=".gif .png .mp4 .npz .nwb")],
    start: Start = 0,
    stop: Stop = None,
    scale: Annotated[int, typer.Option(help="Pixels a side of each pixel.")] = 1,
    gamma: Annotated[float, typer.Option(help="Gamma of the screen.")] = 1.0,
) -> None:
    """Render a specification to a file.

    Example: stimulus-protocols render grating.yaml -o grating.gif --scale 4
    """
    export(specs.load(spec), output, start=start, stop=stop, scale=scale, gamma=gamma)


def preview(
    spec: Spec,
    output: Annotated[Path, typer.Option("-o", "--output", help="A .png")],
    start: Start = 0,
    stop: Stop = None,
) -> None:
    """Show frames, x-t slice, spectrum, luminance and phases as one picture.

    Example: stimulus-protocols preview grating.yaml -o grating.png
    """
    write_preview(specs.load(spec), output, start=start, stop=stop)


def gallery(
    output: Annotated[Path, typer.Option("-o", "--output", help="A folder.")],
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Write a page with a picture of every stimulus, protocol and preset.

    Example: stimulus-protocols gallery -o gallery
    """
    typer.echo(write_gallery(output, quiet=quiet))
