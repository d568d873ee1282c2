"""The command line: one command for one public function each."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

# What a command needs is loaded when it runs, through this module's table of
# contents or in the functions below: `--help` waits for neither torch nor NumPy.
import vision_data

if TYPE_CHECKING:
    from vision_data.catalog import Catalog

app = typer.Typer(
    help="Image data sets for models unrolled in time.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Root = Annotated[Path, typer.Option(help="The data root.")]
Config = Annotated[Path | None, typer.Option(help="A configuration file (YAML).")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Name = Annotated[str, typer.Argument(help="The data set, such as cifar100.")]
Group = Annotated[str, typer.Argument(help="The group, such as invertebrates.")]
Subset = Annotated[str, typer.Option(help="train, test or val.")]
Workers = Annotated[int, typer.Option(min=1, help="Threads.")]


@app.command()
def fetch(
    name: Name,
    subset: Subset = "train",
    root: Root = Path("data"),
    config: Config = None,
    quiet: Quiet = False,
) -> None:
    """Download a data set into the data root.

    Example: vision-data fetch cifar100 --subset test
    """
    with _progress(quiet) as report, _downloading(quiet):
        path = vision_data.fetch_data(
            name, subset, root=root, catalog=_catalog(config), report=report
        )
    typer.echo(path)


@app.command()
def link(
    name: Name,
    group: Group = "all",
    subset: Subset = "train",
    root: Root = Path("data"),
    config: Config = None,
) -> None:
    """Link the classes of a group into one folder.

    Example: vision-data link cifar100 invertebrates
    """
    typer.echo(vision_data.link_group(name, group, subset, root=root, catalog=_catalog(config)))


@app.command()
def convert(
    name: Name,
    group: Group = "all",
    subset: Subset = "train",
    root: Root = Path("data"),
    config: Config = None,
    write_mode: Annotated[str, typer.Option(help="raw, jpg, smart or proportion.")] = "raw",
    max_resolution: Annotated[int | None, typer.Option(help="Longest side, pixels.")] = None,
    smart_threshold: Annotated[int | None, typer.Option(help="Bytes of pixels.")] = None,
    jpeg_quality: Annotated[int, typer.Option(help="1 to 100.")] = 90,
    compress_probability: Annotated[float, typer.Option(help="0 to 1.")] = 0.5,
    val_ratio: Annotated[float, typer.Option(help="The part for val.beton.")] = 0.0,
    stratified: Annotated[bool, typer.Option(help="That part of every class.")] = False,
    seed: Annotated[int, typer.Option(help="Of the split.")] = 0,
    workers: Workers = 1,
    quiet: Quiet = False,
) -> None:
    """Write a group as .beton files.

    Example: vision-data convert cifar100 invertebrates --val-ratio 0.1 --stratified
    """
    with _progress(quiet) as report:
        paths = vision_data.convert_group(
            name,
            group,
            subset,
            root=root,
            catalog=_catalog(config),
            write_mode=write_mode,  # type: ignore[arg-type]  # checked there
            max_resolution=max_resolution,
            smart_threshold=smart_threshold,
            jpeg_quality=jpeg_quality,
            compress_probability=compress_probability,
            val_ratio=val_ratio,
            stratified=stratified,
            seed=seed,
            num_workers=workers,
            report=report,
        )
    typer.echo("\n".join(map(str, paths)))


@app.command()
def classes(
    name: Name,
    subset: Subset = "train",
    root: Root = Path("data"),
    config: Config = None,
) -> None:
    """Give the class folders of your own data set ids, in the order of their names, once for all.

    Writes classes.json beside the folders; edit it to choose other ids or names.

    Example: vision-data classes my_photos
    """
    typer.echo(vision_data.number_classes(name, subset, root=root, catalog=_catalog(config)))


@app.command()
def inspect(
    path: Annotated[Path, typer.Argument(help="A folder of class folders, or a .beton file.")],
    sheet: Annotated[Path | None, typer.Option(help="Draw a contact sheet (PNG).")] = None,
    as_json: Json = False,
) -> None:
    """Count images by class and size, and draw a contact sheet.

    Example: vision-data inspect data/raw/cifar100/train --sheet sheet.png
    """
    summary = vision_data.inspect_data(path)
    if sheet is not None:
        vision_data.contact_sheet(path).save(sheet, "PNG")
    if as_json:
        typer.echo(json.dumps(summary.to_json(), indent=1))
        return
    mib = summary.nbytes / 2**20
    typer.echo(f"{path}: {summary.images} images, {mib:.1f} MiB, {summary.jpeg} of them JPEG")
    for field, kind in summary.fields.items():
        typer.echo(f"  field {field}: {kind}")
    for height, width, count in summary.sizes[:5]:
        typer.echo(f"  {height} x {width}: {count}")
    if len(summary.sizes) > 5:
        typer.echo(f"  and {len(summary.sizes) - 5} other sizes")
    for class_id, class_name, count in summary.classes:
        typer.echo(f"  class {class_id} {class_name}: {count}")


@app.command()
def verify(
    path: Annotated[Path, typer.Argument(help="A folder of class folders, or a .beton file.")],
    workers: Workers = 1,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Decode every image; exit code 1 if anything is wrong.

    Example: vision-data verify data/processed/cifar100/train_all/train.beton
    """
    with _progress(quiet) as report:
        result = vision_data.verify(
            path, num_workers=workers, report=lambda done, n: report(path.name, done, n)
        )
    if as_json:
        typer.echo(json.dumps(result.to_json(), indent=1))
    else:
        for problem in result.problems:
            typer.echo(problem, err=True)
        typer.echo(f"{path}: {result.samples} samples, {len(result.problems)} problems")
    if not result.sound:
        raise typer.Exit(1)


@app.command()
def show(
    path: Annotated[Path, typer.Argument(help="A folder of class folders, or a .beton file.")],
    out: Annotated[Path, typer.Option(help="The picture to draw (PNG).")] = Path("batch.png"),
    transform: Annotated[str | None, typer.Option(help="A preset, such as ffcv_train.")] = None,
    resolution: Annotated[int | None, typer.Option(help="Pixels, for .beton files.")] = None,
    n_timesteps: Annotated[int, typer.Option(min=1, help="Steps.")] = 20,
    order: Annotated[str, typer.Option(help="sequential or random.")] = "random",
    seed: Annotated[int, typer.Option(help="Of order and augmentation.")] = 0,
) -> None:
    """Draw the first batch that a loader gives, with names and steps.

    Example: vision-data show train.beton --transform ffcv_train --resolution 32
    """
    loader: Any
    chosen: Any = None
    if path.is_file():
        loader = vision_data.get_ffcv_dataloader(
            path, 8, n_timesteps, 0, resolution, order=order, transform=transform, seed=seed
        )
    else:
        chosen = vision_data.get_data_transform(transform) if transform else None
        loader = vision_data.get_data_loader(
            vision_data.ImageFolder(path, chosen),
            8 if transform else 1,
            n_timesteps=n_timesteps,
            order=order,  # type: ignore[arg-type]  # checked there
            seed=seed,
        )
    frames, labels = next(iter(loader))
    sheet = vision_data.show_batch(
        frames,
        labels,
        names=vision_data.class_names(path),
        normalize=vision_data.normalization(chosen),
    )
    sheet.save(out, "PNG")
    typer.echo(out)


@app.command()
def schema() -> None:
    """Print the JSON schema of the configuration file, for editors.

    Example: vision-data schema > config_data.schema.json
    """
    typer.echo(json.dumps(vision_data.config_schema(), indent=1))


@app.command()
def workflow(
    targets: Annotated[list[str], typer.Argument(help="Files to make, below the data root.")],
    root: Root = Path("data"),
    config: Config = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Jobs at a time.")] = 1,
    slurm: Annotated[bool, typer.Option(help="Run the jobs on Slurm.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Only say what is done.")
    ] = False,
    val_ratio: Annotated[float, typer.Option(help="The part for val.beton.")] = 0.0,
) -> None:
    """Make files of the data root with Snakemake (extra "workflow").

    Example: vision-data workflow data/processed/cifar100/train_all/train.beton -j 2
    """
    code = vision_data.run_workflow(
        targets,
        root=root,
        config=config,
        jobs=jobs,
        slurm=slurm,
        dry_run=dry_run,
        val_ratio=val_ratio,
    )
    if code:
        raise typer.Exit(code)


def _catalog(path: Path | None) -> Catalog:
    if path is None:
        return vision_data.Catalog.shipped()
    return vision_data.read_config(path).catalog


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar on a terminal, and nothing elsewhere."""
    from rich import progress as shown  # the same: not for `--help`
    from rich.console import Console

    console = Console(stderr=True)
    columns = (
        shown.TextColumn("{task.description}"),
        shown.BarColumn(),
        shown.MofNCompleteColumn(),
        shown.TimeRemainingColumn(),
    )
    with shown.Progress(*columns, console=console, disable=quiet or not console.is_terminal) as bar:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done)

        yield report


@contextmanager
def _downloading(quiet: bool) -> Iterator[None]:
    """Keep torchvision's own progress bars where progress is not shown."""
    with ExitStack() as stack:
        if quiet or not sys.stderr.isatty():
            stack.enter_context(redirect_stderr(StringIO()))
        yield


def _refused() -> tuple[type[Exception], ...]:
    """Give the errors that are one message: our own, and what a disk or a path refuses."""
    from neuroai_core.errors import NeuroAIError  # with it comes NumPy: not for `--help`

    return NeuroAIError, OSError


def main() -> None:
    """Run the command line; an error is one message and exit code 1."""
    try:
        app()
    except SystemExit as end:
        if end.code == 130:  # typer's answer to Ctrl-C, without a word
            typer.echo("stopped; run it again to go on", err=True)
        raise
    except _refused() as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
