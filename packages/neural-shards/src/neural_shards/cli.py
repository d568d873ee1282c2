"""The command ``neural-shards``."""

from __future__ import annotations

import contextlib
import glob
import importlib
import json
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from typer.core import TyperCommand

from neural_shards.array_files import ArrayFileSource
from neural_shards.info import ShardedDatasetInfo
from neural_shards.parallel import Report, write_shards
from neural_shards.rewrite import index_shards, merge
from neural_shards.shard_set import ShardSet
from neural_shards.verify import verify
from neuroai_core.errors import InputError, NeuroAIError, NotFoundError
from neuroai_core.extras import require

app = typer.Typer(
    help="Neural recordings as WebDataset shards.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_out = Console(soft_wrap=True, highlight=False, markup=False)

Folder = Annotated[Path, typer.Argument(help="Folder of the shards.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class _SeveralValues(TyperCommand):
    """Takes ``--input a b c`` as ``--input a --input b --input c``."""

    several = ("--input", "-i", "--modalities")

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        spread, option = list[str](), None
        for arg in args:
            if arg.startswith("-"):
                option = arg if arg in self.several else None
                if option is None:
                    spread.append(arg)
            else:
                spread += [option, arg] if option else [arg]
        return super().parse_args(ctx, spread)


@app.command(cls=_SeveralValues)
def convert(
    input: Annotated[  # noqa: A002  the documented name
        list[str],
        typer.Option("--input", "-i", help="Files, folders of .npy or .npz, or patterns."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the new set.")],
    format: Annotated[  # noqa: A002
        str, typer.Option("--format", "-f", help="nwb, npz, npy, or auto: by the files' names.")
    ] = "auto",
    shard_size: Annotated[int, typer.Option(help="Samples in a shard.")] = 1000,
    compression: Annotated[str, typer.Option(help="none, gz, bz2, xz or zstd.")] = "none",
    modalities: Annotated[
        list[str] | None, typer.Option("--modalities", help="What to take; by default all.")
    ] = None,
    bin_size_ms: Annotated[float, typer.Option(help="NWB: width of a bin.")] = 10.0,
    sequence_length: Annotated[int, typer.Option(help="NWB: bins in a sample.")] = 100,
    overlap: Annotated[float, typer.Option(help="NWB: part that the next sample repeats.")] = 0.5,
    workers: Annotated[int, typer.Option("--workers", "-w", help="Processes.")] = 1,
    validate: Annotated[bool, typer.Option("--validate", help="Read everything back.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Clear the set in OUTPUT.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Convert recordings into a set of shards.

    Example: neural-shards convert --input data/*.nwb --output ./shards --workers 8 --validate
    """
    paths = _expand(input)
    kind = _format(paths) if format == "auto" else format
    if kind not in ("nwb", "npz", "npy"):
        raise InputError(
            "unknown format", key="--format", expected="nwb, npz, npy, auto", found=kind
        )
    with _executor(workers) as executor, _progress("converting", quiet) as report:
        options: dict[str, Any] = {"shard_size": shard_size, "compression": compression}
        options |= {"overwrite": overwrite, "executor": executor, "report": report}
        if kind == "nwb":
            require("pynwb", package="neural-shards", extra="nwb")
            summary = importlib.import_module("neural_shards.nwb").convert_nwb_files(
                paths,
                output,
                modalities=modalities,
                bin_size_ms=bin_size_ms,
                sequence_length=sequence_length,
                overlap=overlap,
                **options,
            )
        else:
            summary = write_shards(ArrayFileSource(paths, modalities), output, **options)
    _say(summary, output)
    if validate:
        verify_command(output, quiet=quiet)


@app.command()
def info(folder: Folder, as_json: AsJson = False) -> None:
    """Say what a set holds.

    Example: neural-shards info ./shards
    """
    about = ShardedDatasetInfo(folder)
    if as_json:
        sys.stdout.write(json.dumps(about.get_summary(), indent=1) + "\n")
    else:
        about.print_summary()


@app.command()
def peek(
    folder: Folder,
    sample: Annotated[int, typer.Option(help="Which, counted from 0.")] = 0,
    output: Annotated[Path, typer.Option("--output", "-o", help="The picture.")] = Path("peek.png"),
) -> None:
    """Draw a sample: rasters, traces, behaviour.

    Example: neural-shards peek ./shards --sample 12 --output sample.png
    """
    require("matplotlib", package="neural-shards", extra="plot")
    picture = importlib.import_module("neural_shards.picture")
    picture.draw_sample(ShardSet(folder), sample).savefig(output, dpi=120)
    _out.print(f"sample {sample} of {folder} drawn in {output}")


@app.command()
def index(
    folder: Folder,
    pattern: Annotated[str | None, typer.Option(help="Which files are shards.")] = None,
    quiet: Quiet = False,
) -> None:
    """Make the indices and the manifest of a set anew, from its tars.

    Example: neural-shards index ./shards
    """
    with _progress("indexing", quiet) as report:
        _say(index_shards(folder, shard_pattern=pattern, report=report), folder)


@app.command("merge")
def merge_command(
    folders: Annotated[list[Path], typer.Argument(help="Folders of shards.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the new set.")],
    shard_size: Annotated[int | None, typer.Option(help="By default that of the first.")] = None,
    compression: Annotated[str, typer.Option(help="none, gz, bz2, xz or zstd.")] = "none",
    workers: Annotated[int, typer.Option("--workers", "-w", help="Processes.")] = 1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Clear a set there.")] = False,
    allow_pickle: Annotated[
        bool, typer.Option("--allow-pickle", help="Read pickled arrays of NeuroFMX.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Write the samples of some sets as one.

    Example: neural-shards merge ./monday ./tuesday --output ./all
    """
    with _executor(workers) as executor, _progress("writing", quiet) as report:
        options: dict[str, Any] = {"shard_size": shard_size, "compression": compression}
        options |= {"overwrite": overwrite, "allow_pickle": allow_pickle}
        _say(merge(folders, output, executor=executor, report=report, **options), output)


@app.command()
def reshard(
    folder: Folder,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the new set.")],
    shard_size: Annotated[int | None, typer.Option(help="By default as it is.")] = None,
    compression: Annotated[str, typer.Option(help="none, gz, bz2, xz or zstd.")] = "none",
    workers: Annotated[int, typer.Option("--workers", "-w", help="Processes.")] = 1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Clear a set there.")] = False,
    allow_pickle: Annotated[
        bool, typer.Option("--allow-pickle", help="Read pickled arrays of NeuroFMX.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Write a set with shards of another size or compression.

    Example: neural-shards reshard ./shards --output ./small --shard-size 500
    """
    options = (output, shard_size, compression, workers, overwrite, allow_pickle, quiet)
    merge_command([folder], *options)


@app.command("verify")
def verify_command(folder: Folder, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Read every byte of a set and compare it with its checksums.

    Example: neural-shards verify ./shards
    """
    with _progress("verifying", quiet or as_json) as report:
        result = verify(folder, report=report)
    if as_json:
        sys.stdout.write(json.dumps(result.__dict__, indent=1) + "\n")
    else:
        for problem in result.problems:
            _out.print(problem)
        good = "all as written" if not result.problems else f"{len(result.problems)} problem(s)"
        _out.print(f"{result.samples} samples in {result.shards} shards: {good}")
    if result.problems:
        raise typer.Exit(1)


def main() -> None:
    """Run the command; an error is one message and exit code 1."""
    try:
        app(standalone_mode=True)
    except (NeuroAIError, OSError) as error:  # OSError: a full disk, no permission
        sys.stderr.write(f"error: {error}\n")
        sys.exit(1)


def _say(summary: dict[str, Any], folder: Path) -> None:
    samples, shards = summary["total_samples"], summary["total_shards"]
    _out.print(f"{samples} samples in {shards} shards in {folder}")


def _expand(patterns: list[str]) -> list[Path]:
    paths = []
    for pattern in patterns:
        found = [pattern] if Path(pattern).exists() else sorted(glob.glob(pattern))  # noqa: PTH207  absolute, too
        if not found:
            raise NotFoundError("there is no such input", path=pattern)
        paths += [Path(name) for name in found]
    return paths


def _format(paths: list[Path]) -> str:
    kinds = {"npy" if path.is_dir() else path.suffix.removeprefix(".") for path in paths}
    if len(kinds) > 1 and "nwb" in kinds:
        raise InputError("the inputs are of several formats", key="--input", found=sorted(kinds))
    return "nwb" if kinds == {"nwb"} else next(iter(kinds))


@contextlib.contextmanager
def _executor(workers: int) -> Iterator[Executor | None]:
    if workers < 1:
        raise InputError("workers is out of range", key="--workers", expected=">= 1", found=workers)
    if workers == 1:
        yield None
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_end_with_parent) as executor:
        yield executor


def _end_with_parent() -> None:
    """End this worker when the process that started it is killed; nobody else would."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


@contextlib.contextmanager
def _progress(what: str, quiet: bool) -> Iterator[Report]:
    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    off = quiet or not console.is_terminal
    with Progress(*columns, console=console, disable=off) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
