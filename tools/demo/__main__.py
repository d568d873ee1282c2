"""The main job of the repository: real input through all packages, as a lab would use them.

Prints what it does with counts and rates, and writes pictures and one
``index.html`` over them to ``demo_output/``.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from jpeg_crops import CropError
from neuroai_core import NeuroAIError


def main(
    data: Annotated[
        Path | None, typer.Option(help="Your own folder of class folders and .nwb files.")
    ] = None,
    output: Annotated[Path, typer.Option(help="The folder for the pictures.")] = Path(
        "demo_output"
    ),
    group: Annotated[str, typer.Option(help="The group of classes: 'half' or 'all'.")] = "half",
) -> None:
    """Take images and recordings through every package, down to a training step."""
    try:
        run(data, output, group)
    except (NeuroAIError, CropError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error


def run(data: Path | None, output: Path, group: str) -> None:
    """Do every stage in order, each in a module of its own."""
    # Imports stand where they are needed: --help and a wrong path answer at once.
    import inputs
    from report import Report

    work = output / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    report = Report(output)
    with report.stage("input", "what there is"):
        source = inputs.found(data, report) if data else inputs.shipped(work, report)
    import images
    import presentations
    import recordings
    import retina
    import training

    with report.stage("vision-data", "organise, group, convert"):
        converted = images.prepare(source, work, group, report)
    with report.stage("stimulus-protocols", "present over time"):
        presentations.show(converted, report)
    with report.stage("neural-shards", "recordings to shards, and a resume after a crash"):
        recordings.shard(source.recordings, work, report)
    with report.stage("retina-data", "sessions and their receptive fields"):
        retina.model(work, report)
    with report.stage("imagenet-dm", "batches and training steps"):
        training.train(source, work, report)
    page = report.write()
    report.console.print(f"\nOpen [bold]{page}[/] to look at the pictures.")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    typer.run(main)
