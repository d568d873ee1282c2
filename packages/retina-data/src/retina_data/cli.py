"""The command line: fetch, info, synth, show."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from neuroai_core.errors import InputError, NeuroAIError, check_known
from retina_data import reliability
from retina_data.cards import CARDS, card
from retina_data.fetching import fetch
from retina_data.figures import show as draw
from retina_data.hub import cache, pinned
from retina_data.named import DATA_SETS, named
from retina_data.sessions import Session

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Published retina recordings: fetch them, look at them, make synthetic ones.",
)

Name = Annotated[str, typer.Argument(help=f"One of {', '.join(sorted(DATA_SETS))}.")]
From = Annotated[
    Path | None,
    typer.Option("--path", help="Folder with the files, in place of the cache folder."),
]
Options = Annotated[
    list[str] | None,
    typer.Option("--set", help="An option of the data set's reader, KEY=VALUE; repeatable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("fetch", epilog="Example: retina-data fetch maheswaranathan_2023")
def fetch_command(
    name: Name,
    revision: Annotated[
        str | None, typer.Option(help="Commit of the repository to fetch from.")
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Take the newest commit in place of the kept one.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Fetch a data set into the cache folder; what is there is kept."""
    check_known("data set", [name], CARDS)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(),
               TransferSpeedColumn(), TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def report(path: str, have: int, total: int | None) -> None:
            if path not in tasks:
                tasks[path] = bars.add_task(path.rsplit("/", 1)[-1], total=total)
            bars.update(tasks[path], completed=have)

        files = fetch(named(name).prefixes, revision=revision, update=update, report=report)
    typer.echo(f"{len(files)} files of {name} at revision {pinned(revision)[:12]} in {cache()}")


@app.command(epilog="Example: retina-data info hoefling_2024 --path data")
def info(name: Name, path: From = None, options: Options = None, as_json: AsJson = False) -> None:
    """Print a data set's card; with --path also its sessions."""
    content: dict[str, Any] = {"card": asdict(card(name)) if name in CARDS else None}
    if path is not None or name not in CARDS:
        sessions = named(name).read(path, **_options(options))
        content["sessions"] = {key: _about(session) for key, session in sessions.items()}
    if as_json:
        typer.echo(json.dumps(content, indent=2))
        return
    for key, value in (content["card"] or {}).items():
        typer.echo(f"{key + ':':12}{value or 'not known'}")
    for key, about in content.get("sessions", {}).items():
        typer.echo(f"{key}: " + ", ".join(f"{k} {v}" for k, v in about.items()))


@app.command(epilog="Example: retina-data synth hoefling_2024 data --seed 1")
def synth(
    name: Name,
    path: Annotated[Path, typer.Argument(help="Folder to write to.")],
    seed: Annotated[int, typer.Option(help="It decides everything.")] = 0,
    options: Options = None,
) -> None:
    """Write a small synthetic data set in the published layout."""
    planted = named(name).write(path, seed, **_options(options))
    for session, cells in planted.items():
        typer.echo(f"{session}: {len(cells.space)} neurons with known receptive fields")


@app.command(epilog="Example: retina-data show hoefling_2024 figures --path data")
def show(
    name: Name,
    figures: Annotated[Path, typer.Argument(help="Folder to write a PNG a session to.")],
    path: From = None,
    session: Annotated[str | None, typer.Option(help="Only this session.")] = None,
    options: Options = None,
) -> None:
    """Draw receptive fields, raster, reliability and frames of each session."""
    sessions = named(name).read(path, **_options(options))
    if session is not None:
        check_known("session", [session], sessions)
        sessions = {session: sessions[session]}
    figures.mkdir(parents=True, exist_ok=True)
    for key, recorded in sessions.items():
        draw(recorded, figures / f"{key}.png")
        typer.echo(figures / f"{key}.png")


def _about(session: Session) -> dict[str, Any]:
    test = next(iter(session.tests.values()), None)
    trials = 0 if test is None or test.trials is None else len(test.trials)
    about: dict[str, Any] = {
        "neurons": session.n_neurons,
        "stimulus": list(session.stimulus.shape),
        "clips": len(session.clips),
        "trials": trials,
    }
    if test is not None and test.trials is not None and trials > 1:
        explained = reliability.explainable_variance(test.trials)
        if np.isfinite(explained).any():
            about["explainable variance"] = round(float(np.nanmedian(explained)), 3)
    return about


def _options(given: list[str] | None) -> dict[str, Any]:
    """Turn KEY=VALUE into arguments: true or false, a number, a list at commas, or text."""
    options: dict[str, Any] = {}
    for option in given or []:
        key, sign, value = option.partition("=")
        if not sign or not key:
            raise InputError("this is no option", key="--set", expected="KEY=VALUE", found=option)
        options[key.replace("-", "_")] = _value(key, value)
    return options


def _value(key: str, value: str) -> Any:
    if key.endswith("names"):
        return value.split(",")
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def main() -> None:
    """Run the command line: one message and a code other than 0 for an error."""
    try:
        app()
    except (NeuroAIError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
    except SystemExit as end:
        if end.code == 130:  # typer's answer to Ctrl-C, without a word
            typer.echo("stopped; run it again to go on", err=True)
        raise
