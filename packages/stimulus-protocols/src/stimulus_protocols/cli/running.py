"""Commands that run experiments."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from neuroai_core.errors import InputError, unknown_name
from stimulus_protocols.configuration import read_experiments
from stimulus_protocols.datasets import PictureFolder
from stimulus_protocols.experiments import Condition, conditions
from stimulus_protocols.runner import count_frames
from stimulus_protocols.runner import run as run_conditions
from stimulus_protocols.workflow import write_workflow


def run(
    config: Annotated[Path, typer.Argument(help="A YAML file with experiment_config.")],
    experiment: Annotated[str, typer.Option(help="Which experiment.")],
    dataset: Annotated[str, typer.Option(help="A folder of class folders, or module:function.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="A folder.")] = Path("results"),
    model: Annotated[str | None, typer.Option(help="module:function that gives the model.")] = None,
    takes: Annotated[str, typer.Option(help="What the model takes: sequences or frames.")] = (
        "sequences"
    ),
    gives: Annotated[
        str, typer.Option(help="What the second axis of its answers is: auto, steps or images.")
    ] = "auto",
    condition: Annotated[int | None, typer.Option(help="Only the one of this number.")] = None,
    size: Annotated[int, typer.Option(help="Side of the pictures of a folder.")] = 64,
    batch_size: Annotated[int, typer.Option(help="Images in a batch.")] = 8,
    workers: Annotated[int, typer.Option(help="Processes that load images.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda, ...")] = "cpu",
    dt_ms: Annotated[
        float | None,
        typer.Option(
            help="Milliseconds a step, 1 by default; an experiment with dt_ms brings its own."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    store: Annotated[str, typer.Option(help="netcdf or zarr.")] = "netcdf",
    plan: Annotated[bool, typer.Option("--plan", help="List conditions and costs only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The plan, for machines.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Present every condition of an experiment to a model, and store its responses.

    A run that was stopped goes on where it was. Without a model, the stimuli are stored.

    Example: stimulus-protocols run config.yaml --experiment contrast --dataset photos
    --model my_lab.models:load
    """
    chosen = _chosen(config, experiment, condition)
    data = _dataset(dataset, size)
    if plan or as_json:
        _show_plan(count_frames(chosen, data), as_json)
        return
    for path in run_conditions(
        chosen,
        data,
        output,
        model=None if model is None else _load(model, "model")(),
        model_takes=_one_of("takes", takes, "sequences", "frames"),
        model_gives=_one_of("gives", gives, "auto", "steps", "images"),
        batch_size=batch_size,
        num_workers=workers,
        device=device,
        dt_ms=dt_ms,
        seed=seed,
        store=_one_of("store", store, "netcdf", "zarr"),
        identity=f"model {model}, dataset {dataset}, size {size}",
        quiet=quiet,
    ):
        typer.echo(path)


def workflow(
    config: Annotated[Path, typer.Argument(help="A YAML file with experiment_config.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="A Snakefile.")],
    dataset: Annotated[str, typer.Option(help="As for run.")],
    model: Annotated[str | None, typer.Option(help="As for run.")] = None,
    results: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("results"),
) -> None:
    """Write a Snakefile in which every condition is a job of its own.

    Example: stimulus-protocols workflow config.yaml -o Snakefile --dataset photos
    """
    write_workflow(config, output, dataset=dataset, model=model, results=results)


def _chosen(config: Path, experiment: str, condition: int | None) -> list[Condition]:
    found = read_experiments(config)
    if experiment not in found:
        raise unknown_name("experiment", experiment, found, path=config)
    listed = conditions(found[experiment])
    if condition is None:
        return listed
    if not 0 <= condition < len(listed):
        raise InputError(
            "there is no such condition", expected=f"0 to {len(listed) - 1}", found=condition
        )
    return [listed[condition]]


def _dataset(name: str, size: int) -> Any:
    if ":" in name and not Path(name).exists():
        return _load(name, "dataset")()
    return PictureFolder(name, size=size)


def _load(name: str, key: str) -> Any:
    module, _, function = name.partition(":")
    try:
        return getattr(importlib.import_module(module), function)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise
        raise InputError("the module is not there", key=key, found=module) from None
    except AttributeError:
        raise InputError(
            "the module has no such function",
            key=key,
            expected="module:function",
            found=name,
        ) from None


def _one_of(key: str, value: str, *known: str) -> Any:
    if value not in known:
        raise unknown_name(key, value, known)
    return value


def _show_plan(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for number, row in enumerate(rows):
        gib = row["bytes"] / 2**30
        typer.echo(
            f"{number:4} {row['name']:40} {row['steps']:,} steps, {row['frames']:,} frames, "
            f"{gib:.2f} GiB if dense"
        )
