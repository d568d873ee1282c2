"""Progress of long work, shown where somebody looks."""

from __future__ import annotations

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def progress(*, quiet: bool) -> Progress:
    """Make a progress bar; it shows nothing if `quiet`, or where the output is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, TimeRemainingColumn(), disable=quiet)
    bar.disable = quiet or not bar.console.is_terminal
    return bar
