"""A sample, or a stretch of time, as a picture: a panel a modality, one below the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from neural_shards import panels
from neural_shards.names import MASK, METADATA
from neural_shards.samples import Samples
from neural_shards.stack import Array


def draw_sample(samples: Samples, index: int) -> Figure:
    """Draw the arrays of a sample, one below the other.

    A window of a recording has its time in seconds and a mark at its event. Elsewhere the
    first axis is time, except of ``lfp``, ``eeg`` and ``ecog`` whose first axis is the shorter
    one; ``<name>_times`` with ``<name>_units`` are spikes.

    Parameters
    ----------
    samples
        A `ShardSet`, or a part of one.
    index
        Which sample.

    Returns
    -------
    The figure; ``figure.savefig(path)`` writes it.
    """
    sample = samples.sample(index)
    about = sample.get(METADATA, {})
    title = [f"{key} {about[key]}" for key in ("sample_id", "source", "t_start") if key in about]
    if "bin_ms" not in about or "t_start" not in about:
        return draw_values(sample, title=", ".join(title) or f"sample {index}")
    start = about["t_start"]
    marks = [(start + about["event"], "event")] if "event" in about else []
    if "interval" in about:
        title.append(f"{about['table']} {about['interval']}")
    return draw_values(
        sample, bin_s=about["bin_ms"] / 1000, t_start=start, marks=marks, title=", ".join(title)
    )


def draw_values(
    values: Mapping[str, Any],
    *,
    bin_s: float | None = None,
    t_start: float = 0.0,
    marks: Sequence[tuple[float, str]] = (),
    intervals: Mapping[str, Array] | None = None,
    title: str = "",
) -> Figure:
    """Draw modalities, one panel each.

    Whole numbers, time by unit, become a raster with units upwards; numbers become traces, or
    an image where they have very many channels; with known bins, images over time become a
    row of frames. Where a mask says that there is no value, the panel is grey.

    Parameters
    ----------
    values
        By modality; what is no array of numbers is left out. The arrays ``<modality>_mask``
        shade the modality.
    bin_s
        Width of a bin in seconds: all arrays are then ``(bins, ...)`` and share the axis of
        time. None: steps, each its own.
    t_start
        Time of the first bin's left edge in seconds.
    marks
        Times in seconds and what happened then.
    intervals
        By table, start and stop of each interval in seconds, ``(rows, 2)``; drawn as bars.
    title
        Stands above all panels.
    """
    drawn = panels.drawable(values, in_bins=bin_s is not None)
    heights = [0.3 + 0.25 * len(intervals)] if intervals else []
    heights += [panels.height(value) for value in drawn.values()]
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(9, 0.8 + (sum(heights) or 2.0)), layout="constrained")
        rows = figure.subplots(
            max(len(heights), 1),
            squeeze=False,
            sharex=bin_s is not None,
            height_ratios=heights or None,
        )[:, 0]
        if not heights:
            rows[0].text(0.5, 0.5, "no array that can be drawn", ha="center")
        if intervals:
            panels.draw_intervals(rows[0], intervals)
        for panel, (name, value) in zip(rows[len(rows) - len(drawn) :], drawn.items(), strict=True):
            if isinstance(value, tuple):
                panels.draw_events(panel, name, *value)
                continue
            extent = (t_start, t_start + len(value) * (bin_s or 1.0))
            panels.draw(panel, name, value, extent, in_bins=bin_s is not None)
            panels.shade(panel, values.get(name + MASK), extent)
        _mark(rows, marks)
        if bin_s is not None:
            rows[-1].set_xlabel("time (s)")
        figure.suptitle(title, fontsize=10)
    return figure


def _mark(rows: Any, marks: Sequence[tuple[float, str]]) -> None:
    """Draw a line through all panels, named above the first."""
    for time, text in marks:
        for panel in rows:
            panel.axvline(time, color="tab:red", linewidth=0.9)
        place = rows[0].get_xaxis_transform()
        rows[0].text(time, 1.01, text, transform=place, fontsize=7, color="tab:red")
