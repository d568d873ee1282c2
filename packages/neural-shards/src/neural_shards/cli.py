"""The command ``neural-shards``."""

from __future__ import annotations

import contextlib
import glob
import importlib
import json
import sys
from collections.abc import Iterable, Iterator
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
from neural_shards.workers import processes
from neuroai_core.errors import InputError, NeuroAIError, NotFoundError
from neuroai_core.extras import require
from neuroai_core.files import atomic_path

app = typer.Typer(
    help="Neural recordings as WebDataset shards.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_out = Console(soft_wrap=True, highlight=False, markup=False)

Folder = Annotated[Path, typer.Argument(help="Folder of the shards.")]
Place = Annotated[str, typer.Argument(help="Folder of the shards, or the URL of one.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
BinSize = Annotated[float, typer.Option(help="NWB: width of a bin.")]
SpecFile = Annotated[
    Path | None, typer.Option("--spec", help="NWB: a written-down conversion (YAML).")
]


#: What workers import, by format.
PRELOAD = {
    "nwb": ("neural_shards.cli", "neural_shards.nwb.plan", "h5py"),
    "npz": ("neural_shards.cli",),
    "npy": ("neural_shards.cli",),
}


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
        typer.Option(
            "--input", "-i", help="Files, folders of .npy or .npz, patterns, addresses of NWB."
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder of the new set.")
    ] = None,
    format: Annotated[  # noqa: A002
        str, typer.Option("--format", "-f", help="nwb, npz, npy, or auto: by the files' names.")
    ] = "auto",
    shard_size: Annotated[int, typer.Option(help="Samples in a shard.")] = 1000,
    compression: Annotated[str, typer.Option(help="none, gz, bz2, xz or zstd.")] = "none",
    modalities: Annotated[
        list[str] | None, typer.Option("--modalities", help="What to take; by default all.")
    ] = None,
    bin_size_ms: BinSize = 10.0,
    sequence_length: Annotated[int, typer.Option(help="NWB: bins in a sample.")] = 100,
    overlap: Annotated[float, typer.Option(help="NWB: part that the next sample repeats.")] = 0.5,
    spec: SpecFile = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="NWB: say what would be taken, and write nothing.")
    ] = False,
    workers: Annotated[int, typer.Option("--workers", "-w", help="Processes.")] = 1,
    validate: Annotated[bool, typer.Option("--validate", help="Read everything back.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Clear the set in OUTPUT.")
    ] = False,
    as_json: AsJson = False,
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
    if kind != "nwb" and (spec or dry_run):
        raise InputError("this is for NWB only", key="--spec, --dry-run", found=f"{kind} files")
    if output is None and not dry_run:
        raise InputError("there is no folder to write to", key="--output")
    several = kind == "nwb" and len(paths) > 1  # each is then looked through by a worker
    preload = PRELOAD[kind] + (("pynwb",) if several else ())
    with (
        processes(workers, preload=preload) as executor,
        _progress("converting", quiet or dry_run) as report,
    ):
        options: dict[str, Any] = {"shard_size": shard_size, "executor": executor}
        writing: dict[str, Any] = {
            "compression": compression,
            "overwrite": overwrite,
            "report": report,
        }
        if kind != "nwb":
            source = ArrayFileSource([Path(path) for path in paths], modalities)
            writing["metadata"] = source.metadata()
            summary = write_shards(source, output or "", **options, **writing)
            left_out = ()
        else:
            nwb = _nwb()
            options |= {"spec": spec and nwb.read_spec(spec), "modalities": modalities}
            options |= {"bin_size_ms": bin_size_ms, "sequence_length": sequence_length}
            options |= {"overlap": overlap}
            if dry_run:
                preview = nwb.preview_nwb_files(paths, **options)
                _print_lines(preview, nwb.preview_lines(preview), as_json)
                return
            summary = nwb.convert_nwb_files(paths, output, **options, **writing)
            left_out = nwb.without_windows(summary["metadata"]["sessions"])
    _print_lines(summary, [*left_out, _said(summary, output)], as_json)
    if validate and output is not None:
        verify_command(str(output), quiet=quiet or as_json)


@app.command()
def info(folder: Place, as_json: AsJson = False) -> None:
    """Say what a set holds.

    Example: neural-shards info ./shards
    """
    about = ShardedDatasetInfo(folder)
    if as_json:
        sys.stdout.write(json.dumps(about.get_summary(), indent=1) + "\n")
    else:
        about.print_summary()


@app.command(cls=_SeveralValues)
def peek(
    path: Annotated[str, typer.Argument(help="Folder or URL of shards, or a recording in NWB.")],
    sample: Annotated[int, typer.Option(help="Which, counted from 0.")] = 0,
    start: Annotated[
        float | None, typer.Option(help="NWB: where to begin, in seconds; by default its start.")
    ] = None,
    duration: Annotated[float, typer.Option(help="NWB: how long a stretch, in seconds.")] = 10.0,
    modalities: Annotated[
        list[str] | None, typer.Option("--modalities", help="NWB: what to draw.")
    ] = None,
    bin_size_ms: BinSize = 10.0,
    spec: SpecFile = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The picture.")] = Path("peek.png"),
) -> None:
    """Draw a sample of a set, or a stretch of a recording: rasters, traces, behaviour, trials.

    Example: neural-shards peek ./shards --sample 12 --output sample.png

    Example: neural-shards peek monday.nwb --start 60 --duration 5 --output monday.png
    """
    require("matplotlib", package="neural-shards", extra="plot")
    shards = _shards_at(path)
    if shards is None:
        nwb = _nwb()
        wanted = nwb.spec_for(
            [path], spec and nwb.read_spec(spec), modalities=modalities, bin_size_ms=bin_size_ms
        )
        draw = importlib.import_module("neural_shards.nwb.picture").draw_recording
        figure, what = draw(path, wanted, start_s=start, duration_s=duration), path
    else:
        draw = importlib.import_module("neural_shards.picture").draw_sample
        figure, what = draw(shards, sample), f"sample {sample} of {path}"
    with atomic_path(output) as whole:
        figure.savefig(whole, format=output.suffix.removeprefix(".") or "png", dpi=120)
    _out.print(f"{what} drawn in {output}")


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
    folders: Annotated[list[str], typer.Argument(help="Folders of shards, or URLs.")],
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
    with processes(workers) as executor, _progress("writing", quiet) as report:
        options: dict[str, Any] = {"shard_size": shard_size, "compression": compression}
        options |= {"overwrite": overwrite, "allow_pickle": allow_pickle}
        _say(merge(folders, output, executor=executor, report=report, **options), output)


@app.command()
def reshard(
    folder: Place,
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
def verify_command(folder: Place, as_json: AsJson = False, quiet: Quiet = False) -> None:
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
        app()
    except (NeuroAIError, OSError) as error:  # OSError: a full disk, no permission
        sys.stderr.write(f"error: {error}\n")
        sys.exit(1)
    except SystemExit as end:
        if end.code == 130:  # typer's answer to Ctrl-C, without a word
            sys.stderr.write("stopped; run it again to go on\n")
        raise


def _said(summary: dict[str, Any], folder: Path | None) -> str:
    samples, shards = summary["total_samples"], summary["total_shards"]
    return f"{samples} samples in {shards} shards in {folder}"


def _say(summary: dict[str, Any], folder: Path) -> None:
    _out.print(_said(summary, folder))


def _print_lines(content: dict[str, Any], lines: Iterable[str], as_json: bool) -> None:
    """Print the content as JSON, or what the lines say of it."""
    if as_json:
        sys.stdout.write(json.dumps(content, indent=1) + "\n")
    else:
        for line in lines:
            _out.print(line)


def _nwb() -> Any:
    require("pynwb", package="neural-shards", extra="nwb")
    return importlib.import_module("neural_shards.nwb")


def _expand(patterns: list[str]) -> list[str]:
    paths = []
    for pattern in patterns:
        there = "://" in pattern or Path(pattern).exists()
        found = [pattern] if there else sorted(glob.glob(pattern))  # noqa: PTH207  absolute, too
        if not found:
            raise NotFoundError("there is no such input", path=pattern)
        paths += found
    return paths


def _kind(path: str) -> str:
    """Tell the format by the name: ``a.nwb``, ``a.nwb.zarr``, ``s3://b/a.nwb?version=1``."""
    if ".nwb" in _last(path) or "://" in path:
        return "nwb"
    return "npy" if Path(path).is_dir() else Path(path).suffix.removeprefix(".")


def _shards_at(path: str) -> ShardSet | None:
    """Open a set of shards; None for a recording, whose address may say nothing of its format."""
    if _kind(path) != "nwb":
        return ShardSet(path)
    if "://" not in path or ".nwb" in _last(path):
        return None
    try:
        return ShardSet(path)
    except NotFoundError:  # there is no manifest under it
        return None


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2].partition("?")[0]


def _format(paths: list[str]) -> str:
    kinds = {_kind(path) for path in paths}
    if len(kinds) > 1 and "nwb" in kinds:
        raise InputError("the inputs are of several formats", key="--input", found=sorted(kinds))
    return "nwb" if kinds == {"nwb"} else next(iter(kinds))


@contextlib.contextmanager
def _progress(what: str, quiet: bool) -> Iterator[Report]:
    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    off = quiet or not console.is_terminal
    with Progress(*columns, console=console, disable=off) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
