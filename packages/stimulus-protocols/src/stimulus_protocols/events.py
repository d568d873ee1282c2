"""Tables of events: what was shown when, so that an analysis never guesses."""

from __future__ import annotations

import csv
import io
import itertools
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from neuroai_core.errors import InputError, strict_arguments
from neuroai_core.files import atomic_write
from stimulus_protocols.table import SCRAMBLED, VOID, FrameTable

#: The columns of a table of events; the first two are what BIDS asks for.
COLUMNS = (
    "onset",
    "duration",
    "trial_type",
    "trial",
    "layer",
    "source",
    "item",
    "image",
    "contrast",
    "contrast_end",
    "label",
    "shift_x_px",
    "shift_y_px",
    "seed",
)


@strict_arguments
def events(
    table: FrameTable,
    *,
    dt_ms: float,
    images: Sequence[Sequence[int]] | None = None,
    item_labels: Sequence[Sequence[int]] | None = None,
    seed: int | None = None,
) -> list[dict[str, Any]]:
    """List every segment of every trial.

    Parameters
    ----------
    table
        What was shown.
    dt_ms
        Milliseconds a step.
    images, item_labels
        For each trial, the numbers in the data set of its images, and their labels.
    seed
        That the random parts were drawn with.

    Returns
    -------
    A row for each segment: onset and duration in seconds from the trial's
    beginning, the phase as trial type, where the picture came from, which item
    and image it was, its contrast at both ends, its label. What does not apply
    is None.

    Examples
    --------
    >>> from stimulus_protocols import blank, image
    >>> rows = events((blank(2) >> image(3)).table(), dt_ms=10, images=[[7]])
    >>> [(row["onset"], row["duration"], row["trial_type"], row["image"]) for row in rows]
    [(0.0, 0.02, 'blank', None), (0.02, 0.03, 'stimulus', 7)]
    """
    if dt_ms <= 0:
        raise InputError("dt_ms is not positive", key="dt_ms", expected="more than 0", found=dt_ms)
    rows = []
    for trial in range(max(table.trials, len(images or ()))):
        one = table.trial(trial)
        steps = int(one.valid[0].sum())
        for layer in range(one.layers):
            for start, stop in _segments(one, layer, steps):
                row = _describe(one, layer, start, stop)
                row |= {
                    "onset": round(start * dt_ms / 1000, 9),
                    "duration": round((stop - start) * dt_ms / 1000, 9),
                    "trial": trial,
                    "seed": seed,
                }
                item = row["item"]
                row["image"] = images[trial][item] if images and item is not None else None
                if item_labels and row["label"] is None and _named(one, layer, start):
                    row["label"] = item_labels[trial][int(one.label_item[0, layer, start])]
                rows.append({name: row[name] for name in COLUMNS})
    return rows


def write_events(rows: Sequence[dict[str, Any]], path: str | os.PathLike[str]) -> None:
    """Write events as tab-separated values with ``n/a`` for what does not apply, as BIDS has it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, delimiter="\t", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: "n/a" if row[name] is None else row[name] for name in COLUMNS})
    atomic_write(path, text.getvalue())


def describe_step(table: FrameTable, step: int) -> list[dict[str, Any]]:
    """Say what one step of the table of a single trial shows: a row for each layer that is used.

    ``stimulus`` is the number of a computed stimulus in ``table.stimuli``,
    ``source_frame`` its frame; what does not apply is None.
    """
    rows = []
    for layer in range(table.layers):
        source = int(table.source[0, layer, step])
        # Below the first layer, what has neither a phase nor a source is not used.
        if layer and source == VOID and not table.phase[0, layer, step]:
            continue
        row = _describe(table, layer, step, step + 1)
        computed = source < VOID
        rows.append(
            {
                "layer": layer,
                "phase": row["trial_type"],
                "phase_frame": int(table.since_onset[0, layer, step]),
                "source": row["source"],
                "item": row["item"],
                "stimulus": -2 - source if computed else None,
                "source_frame": int(table.source_frame[0, layer, step]) if computed else None,
                "contrast": float(table.gain[0, layer, step]) if source != VOID else None,
                "shift_x_px": row["shift_x_px"],
                "shift_y_px": row["shift_y_px"],
            }
        )
    return rows


def _segments(table: FrameTable, layer: int, steps: int) -> list[tuple[int, int]]:
    since = table.since_onset[0, layer, :steps]
    phase = table.phase[0, layer, :steps]
    begins = np.flatnonzero((np.diff(since) != 1) | (np.diff(phase) != 0)) + 1
    edges = [0, *begins.tolist(), steps] if steps else []
    whole = list(itertools.pairwise(edges))
    # A layer that is not used at all has neither a phase nor a source.
    used = (table.source[0, layer, :steps] != VOID) | (phase != 0)
    return [(start, stop) for start, stop in whole if layer == 0 or used[start]]


def _named(table: FrameTable, layer: int, step: int) -> bool:
    return bool(table.label_item[0, layer, step] != VOID)


def _describe(table: FrameTable, layer: int, start: int, stop: int) -> dict[str, Any]:
    at = (0, layer, start)
    source = int(table.source[at])
    item = None if source < 0 else source % SCRAMBLED
    if source == VOID:
        shown = "void"
    elif source < VOID:
        shown = str(table.stimuli[-2 - source].model_dump()["type"])
    else:
        shown = "scrambled" if source >= SCRAMBLED else "image"
    there = source != VOID
    return {
        "trial_type": table.phases[int(table.phase[at])] or None,
        "layer": layer,
        "source": shown,
        "item": item,
        "contrast": round(float(table.gain[at]), 6) if there else None,
        "contrast_end": round(float(table.gain[0, layer, stop - 1]), 6) if there else None,
        "label": int(table.label_value[at]) if table.label_fixed[at] else None,
        "shift_x_px": int(table.shift_x[at]) if item is not None else None,
        "shift_y_px": int(table.shift_y[at]) if item is not None else None,
    }
