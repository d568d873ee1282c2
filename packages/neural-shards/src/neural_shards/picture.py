"""Modalities over time as a picture: rasters, traces, images, frames, intervals."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from neural_shards.names import MASK, METADATA
from neural_shards.samples import Samples
from neural_shards.stack import Array

#: More channels than this are drawn as an image.
MOST_TRACES = 8
#: Traces longer than this are thinned out; a picture has no more pixels.
MOST_POINTS = 4000
#: Bins of a raster beyond this are joined, so that no spike falls between two pixels.
MOST_BINS = 1000
#: Frames of a film that are shown.
FRAMES = 10


def draw_sample(samples: Samples, index: int) -> Figure:
    """Draw the arrays of a sample, one below the other.

    A window of a recording has its time in seconds and a mark at its event. Elsewhere time
    is the longer of the two axes where a name does not say it: ``spikes``, ``behavior`` and
    the like are (time, channels), ``lfp``, ``eeg`` and ``ecog`` too unless their first axis
    is the shorter one.

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

    Whole numbers, time by unit, become a raster with units upwards; few channels traces, more
    an image; with known bins, images over time a row of frames. Where a mask says that there
    is no value, the panel is grey.

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
    drawn = {name: value for name, value in values.items() if _can_be_drawn(name, value, bin_s)}
    rows = len(drawn) + bool(intervals)
    ratios = ([0.5] if intervals else []) + [1.0] * len(drawn)
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(9, 0.8 + 2.0 * max(sum(ratios), 1)), layout="constrained")
        panels = figure.subplots(
            max(rows, 1),
            squeeze=False,
            sharex=bin_s is not None,
            height_ratios=ratios or None,
        )[:, 0]
        if rows == 0:
            panels[0].text(0.5, 0.5, "no array that can be drawn", ha="center")
        if intervals:
            _draw_intervals(panels[0], intervals)
        for panel, (name, value) in zip(
            panels[len(panels) - len(drawn) :], drawn.items(), strict=True
        ):
            extent = (t_start, t_start + len(value) * (bin_s or 1.0))
            _draw(panel, name, value, extent, in_bins=bin_s is not None)
            _shade(panel, values.get(name + MASK), extent)
        for panel in panels:
            for time, _ in marks:
                panel.axvline(time, color="tab:red", linewidth=0.9)
        for time, text in marks:
            place = panels[0].get_xaxis_transform()
            panels[0].text(time, 1.01, text, transform=place, fontsize=7, color="tab:red")
        if bin_s is not None:
            panels[-1].set_xlabel("time (s)")
        figure.suptitle(title, fontsize=10)
    return figure


def _can_be_drawn(name: str, value: Any, bin_s: float | None) -> bool:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf" or not value.size:
        return False
    return not name.endswith(MASK) and 1 <= value.ndim <= (2 if bin_s is None else 5)


def _draw(
    panel: Any, name: str, value: Array, extent: tuple[float, float], *, in_bins: bool
) -> None:
    table = value[:, np.newaxis] if value.ndim == 1 else value
    counts = table.dtype.kind in "biu"
    if not in_bins:
        if not counts and table.shape[0] < table.shape[1] and _is_field(name):
            table = table.T
        extent = (0.0, float(len(table)))
        panel.set_xlabel("time step")
    panel.set_xlim(*extent)
    panel.set_ylabel(f"{name}\n{' x '.join(map(str, value.shape))}")
    if table.ndim > 2:
        _draw_frames(panel, table, extent)
    elif counts and table.shape[1] > 1:
        _draw_image(panel, _joined(table), extent, cmap="Greys", vmin=0, vmax=_dark(table))
    elif table.shape[1] > MOST_TRACES:
        thin = -(-len(table) // MOST_POINTS)
        _draw_image(panel, table[::thin], extent, **_colours(table))
    else:
        edges = np.linspace(*extent, len(table) + 1)
        thin = -(-len(table) // MOST_POINTS)
        held = "steps-mid" if counts else "default"
        centres = (edges[:-1] + edges[1:]) / 2
        panel.plot(centres[::thin], table[::thin], linewidth=0.9, drawstyle=held)
        if counts:
            panel.set_ylim(table.min() - 0.5, table.max() + 0.5)
            panel.yaxis.get_major_locator().set_params(integer=True)


def _draw_image(panel: Any, table: Array, extent: tuple[float, float], **how: Any) -> None:
    panel.imshow(
        table.T,
        aspect="auto",
        origin="lower",
        interpolation="nearest",
        extent=(*extent, -0.5, table.shape[1] - 0.5),
        **how,
    )


def _joined(counts: Array) -> Array:
    """Join bins that one pixel would show, so that the most in any of them is seen."""
    each = -(-len(counts) // MOST_BINS)
    return np.maximum.reduceat(counts, np.arange(0, len(counts), each), axis=0)


def _dark(counts: Array) -> float:
    """Give the count that is drawn black: single spikes are seen, and bursts stand out."""
    some = counts[counts > 0]
    return float(np.percentile(some, 90)) if some.size else 1.0


def _colours(table: Array) -> dict[str, Any]:
    """Choose colours: about zero for what goes both ways, from low to high for the rest."""
    numbers = table[np.isfinite(table)]
    if numbers.size == 0:
        return {}
    low, high = (float(q) for q in np.percentile(numbers, [0.5, 99.5]))
    if low >= 0:
        return {"cmap": "viridis", "vmin": low, "vmax": high if high > low else low + 1.0}
    largest = max(-low, high)
    return {"cmap": "RdBu_r", "vmin": -largest, "vmax": largest}


def _draw_frames(panel: Any, film: Array, extent: tuple[float, float]) -> None:
    """Draw some frames, each where its time is."""
    edges = np.linspace(*extent, FRAMES + 1)
    for k, (left, right) in enumerate(itertools.pairwise(edges)):
        frame = film[min(int((k + 0.5) / FRAMES * len(film)), len(film) - 1)]
        while frame.ndim > 2 and frame.shape[-1] not in (3, 4):
            frame = frame[..., frame.shape[-1] // 2]  # the middle slice of a volume
        panel.imshow(frame, aspect="auto", extent=(left, right, 0.0, 1.0), cmap="gray")
    panel.set_xlim(*extent)
    panel.set_ylim(0, 1)
    panel.set_yticks([])


def _draw_intervals(panel: Any, intervals: Mapping[str, Array]) -> None:
    for row, spans in enumerate(intervals.values()):
        bars = [(start, stop - start) for start, stop in spans]
        colours = [
            f"C{row}" if k % 2 else mpl.colors.to_rgba(f"C{row}", 0.5) for k in range(len(bars))
        ]
        panel.broken_barh(bars, (row - 0.4, 0.8), facecolors=colours)
    panel.set_yticks(range(len(intervals)), list(intervals))
    panel.set_ylim(-0.5, len(intervals) - 0.5)


def _shade(panel: Any, mask: Any, extent: tuple[float, float]) -> None:
    """Lay grey over bins, or bins of units, without a value."""
    if mask is None or np.all(mask):
        return
    table = mask[:, np.newaxis] if mask.ndim == 1 else mask
    grey = np.zeros((table.shape[1], table.shape[0], 4))
    grey[..., :3], grey[..., 3] = 0.5, 0.35 * ~table.T
    low, high = panel.get_ylim()
    if mask.ndim > 1:
        low, high = -0.5, table.shape[1] - 0.5
    panel.imshow(grey, aspect="auto", origin="lower", extent=(*extent, low, high), zorder=3)
    panel.set_ylim(low, high)


def _is_field(name: str) -> bool:
    return any(part in name for part in ("lfp", "eeg", "ecog", "ephys"))
