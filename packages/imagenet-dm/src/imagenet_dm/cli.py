"""The command ``imagenet-dm``: a thin layer over one public function each."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from imagenet_dm.bench import bench_dataset
from imagenet_dm.check import check_dataset
from imagenet_dm.datamodule import ImageNetDataModule
from imagenet_dm.fake import write_fake
from imagenet_dm.index_file import beside_path, save_index
from imagenet_dm.layout import find_root, wrong_layout
from imagenet_dm.show import show_batch
from imagenet_dm.sources import find_backend, scan_stamped
from jpeg_crops import CropError
from neuroai_core.errors import NeuroAIError

app = typer.Typer(
    help="ImageNet, and any data set in its layout: check it, measure it, look at it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Root = Annotated[
    Path | None, typer.Argument(help="The data set's folder; IMAGENET_ROOT without it.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]


@app.command()
def check(
    root: Root = None,
    *,
    decode: Annotated[bool, typer.Option(help="Decode every image.")] = True,
    threads: Annotated[int | None, typer.Option(help="How many decode at a time.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Count the images of each class and decode them all.

    Example: imagenet-dm check /data2/imagenet
    """
    with _bar(quiet or as_json) as progress:
        report = check_dataset(root, decode=decode, threads=threads, progress=progress)
    if as_json:
        typer.echo(json.dumps(asdict(report)))
    else:
        for split, found in report.splits.items():
            spread = f"{found.fewest} to {found.most} a class"
            typer.echo(f"{split}: {found.images} images, {found.classes} classes, {spread}")
        for problem in report.problems:
            typer.echo(f"problem: {problem}")
        typer.echo(f"{len(report.problems)} problem(s)" if report.problems else "all is well")
    raise typer.Exit(1 if report.problems else 0)


@app.command()
def bench(
    root: Root = None,
    *,
    batch_size: Annotated[int, typer.Option(help="Images a batch.")] = 64,
    batches: Annotated[int, typer.Option(help="Batches for each figure.")] = 10,
    image_size: Annotated[int, typer.Option(help="Height and width in pixels.")] = 224,
    augment: Annotated[str | None, typer.Option(help="An augmentation policy.")] = None,
    engine: Annotated[str, typer.Option(help="auto, threads or workers.")] = "auto",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure how fast training images load, and suggest a number of workers.

    Example: imagenet-dm bench /data2/imagenet --batch-size 256
    """
    with Console(stderr=True).status("opening", spinner="dots") as status:
        tell: Callable[[str], object] | None = None if quiet or as_json else status.update
        speeds = bench_dataset(
            root,
            batch_size=batch_size,
            batches=batches,
            progress=tell,
            image_size=image_size,
            augment=augment,
            engine=engine,
        )
    if as_json:
        typer.echo(json.dumps(asdict(speeds)))
        return
    for name, rate in speeds.stages.items():
        typer.echo(f"{name:>10}: {rate:10.0f} img/s in one thread")
    for number, rate in speeds.loading.items():
        typer.echo(f"{number:>10} {speeds.engine}: {rate:10.0f} img/s")
    typer.echo(f"decoder: {speeds.decoder}; suggested: num_workers={speeds.suggested}")


@app.command()
def show(
    root: Root = None,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The PNG.")] = Path("batch.png"),
    images: Annotated[int, typer.Option(help="How many.")] = 16,
    augment: Annotated[str | None, typer.Option(help="An augmentation policy.")] = None,
    mixup: Annotated[float, typer.Option(help="Mixup's alpha.")] = 0.2,
    cutmix: Annotated[float, typer.Option(help="CutMix' alpha.")] = 1.0,
    erasing: Annotated[float, typer.Option(help="Probability of erasing.")] = 0.0,
    image_size: Annotated[int, typer.Option(help="Height and width in pixels.")] = 224,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = 0,
    epoch: Annotated[int, typer.Option(help="Whose crops.")] = 0,
) -> None:
    """Draw what the model will see, before and after mixing, with class names.

    Example: imagenet-dm show /data2/imagenet -o batch.png --augment randaugment
    """
    settings: dict[str, Any] = {"augment": augment, "mixup_alpha": mixup, "cutmix_alpha": cutmix}
    dm = ImageNetDataModule(
        root, images, 0, image_size=image_size, random_erasing=erasing, seed=seed, **settings
    )
    typer.echo(str(show_batch(dm, output, images=images, epoch=epoch)))


@app.command()
def index(root: Root = None) -> None:
    """List the images once and keep the list beside the data, for all its users.

    Example: imagenet-dm index /data2/imagenet
    """
    folder = find_root(root)
    splits = {split: find_backend(folder, split) for split in ("train", "val")}
    if not any(splits.values()):
        raise wrong_layout(folder, "train")
    for split, form in splits.items():
        if form is None or form == "beton":  # a .beton is an index itself
            continue
        found, stamps = scan_stamped(folder, split, form)
        target = beside_path(folder, f"{split}-{form}")
        save_index(target, found, stamps, folder)
        typer.echo(f"{target}: {len(found)} images")


@app.command()
def fake(
    root: Annotated[Path, typer.Argument(help="The folder to make.")],
    *,
    classes: Annotated[int, typer.Option(help="How many classes.")] = 10,
    train: Annotated[int, typer.Option(help="Training images of each.")] = 20,
    val: Annotated[int, typer.Option(help="Validation images of each.")] = 5,
    seed: Annotated[int, typer.Option(help="Draws other images.")] = 0,
) -> None:
    """Write a small data set of drawn images in ImageNet's layout.

    Example: imagenet-dm fake /tmp/imagenet --classes 5
    """
    typer.echo(str(write_fake(root, classes=classes, train=train, val=val, seed=seed)))


@contextmanager
def _bar(quiet: bool) -> Iterator[Callable[[int, int], object]]:
    console = Console(stderr=True)
    columns = ("decoding", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    hidden = quiet or not console.is_terminal
    with Progress(*columns, console=console, disable=hidden) as progress:
        task = progress.add_task("decoding", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def main() -> None:
    """Run the command; an error is one message, and Ctrl-C ends it without a traceback."""
    try:
        app()
    except (NeuroAIError, CropError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
    except SystemExit as end:
        if end.code == 130:  # typer's answer to Ctrl-C, without a word
            typer.echo("stopped", err=True)
        raise
