"""The command line: thin over one public function each."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from neuroai_core.errors import NeuroAIError
from stimulus_protocols.cli import drawing, running, telling

app = typer.Typer(
    name="stimulus-protocols",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="What is shown when: timelines over images, and computed stimuli.",
)
app.command()(drawing.render)
app.command()(drawing.preview)
app.command()(telling.describe)
app.command("list")(telling.list_)
app.command()(telling.schema)
app.command()(drawing.gallery)
app.command()(running.run)
app.command()(running.workflow)


def main() -> None:
    """Run the command line; errors are one message, and an exit code that is not 0."""
    # Models and data sets of the user lie in the folder where the command is given.
    sys.path.insert(0, str(Path.cwd()))
    try:
        app()
    except NeuroAIError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(1) from None
    except SystemExit as end:
        if end.code == 130:  # typer's answer to Ctrl-C, without a word
            typer.echo("stopped; run it again to go on", err=True)
        raise
