"""One modality over time, drawn: rasters, traces, images, frames, spikes, intervals."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np

from neural_shards.names import MASK
from neural_shards.stack import Array

#: Up to this many traces share an axis; more stand one above the other.
MOST_TOGETHER = 8
#: More channels than this are drawn as an image.
MOST_TRACES = 64
#: Traces longer than this are thinned out; a picture has no more pixels.
MOST_POINTS = 4000
#: Bins of a raster beyond this are joined, so that no spike falls between two pixels.
MOST_BINS = 1000
#: Frames of a film that are shown.
FRAMES = 10

#: An array over time, or the times of spikes and the unit of each.
Value = Array | tuple[Array, Array]


def drawable(values: Mapping[str, Any], *, in_bins: bool) -> dict[str, Value]:
    """Choose what can be drawn; spike times and their units go into one panel."""
    arrays = {name: value for name, value in values.items() if _is_drawable(name, value, in_bins)}
    found: dict[str, Value] = {}
    for name, array in arrays.items():
        train = name.removesuffix("_times")
        units = arrays.get(f"{train}_units")
        if train != name and units is not None and array.shape == units.shape:
            found[train] = array, units
        elif not (name.endswith("_units") and f"{name.removesuffix('_units')}_times" in arrays):
            found[name] = array
    return found


def _is_drawable(name: str, value: Any, in_bins: bool) -> bool:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf" or not value.size:
        return False
    return not name.endswith(MASK) and 1 <= value.ndim <= (5 if in_bins else 2)


def height(value: Value) -> float:
    """Give the height of a panel in inches: traces one above the other want more room."""
    stacked = (
        not isinstance(value, tuple)
        and value.ndim == 2
        and value.dtype.kind == "f"
        and MOST_TOGETHER < min(value.shape) <= MOST_TRACES
    )
    return 4.0 if stacked else 2.0


def draw(
    panel: Any, name: str, value: Array, extent: tuple[float, float], *, in_bins: bool
) -> None:
    """Draw an array over time; `extent` is its first and last edge where it is in bins."""
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
        panel.yaxis.get_major_locator().set_params(integer=True)
    elif table.shape[1] > MOST_TRACES:
        _draw_image(panel, table[:: _thin(table)], extent, **_colours(table))
    else:
        _draw_traces(panel, table, extent, counts=counts)


def draw_events(panel: Any, name: str, times: Array, units: Array) -> None:
    """Draw spikes at their times, each in the row of its unit."""
    panel.scatter(times, units, marker="|", s=8, color="0.1", linewidths=0.6)
    panel.yaxis.get_major_locator().set_params(integer=True)
    panel.margins(x=0)
    panel.set_ylabel(f"{name}, unit\n{len(times)} spikes")
    panel.set_xlabel("time (s)")


def draw_intervals(panel: Any, intervals: Mapping[str, Array]) -> None:
    """Draw the intervals of each table as a row of bars, every other one paler."""
    for row, spans in enumerate(intervals.values()):
        bars = [(start, stop - start) for start, stop in spans]
        colours = [
            f"C{row}" if k % 2 else mpl.colors.to_rgba(f"C{row}", 0.5) for k in range(len(bars))
        ]
        panel.broken_barh(bars, (row - 0.4, 0.8), facecolors=colours)
    panel.set_yticks(range(len(intervals)), list(intervals))
    panel.set_ylim(len(intervals) - 0.5, -0.5)  # the first on top


def shade(panel: Any, mask: Any, extent: tuple[float, float]) -> None:
    """Lay grey over bins, or bins of units, without a value."""
    if mask is None or np.all(mask):
        return
    table = mask[:, np.newaxis] if mask.ndim == 1 else mask
    grey = np.zeros((table.shape[1], table.shape[0], 4))
    grey[..., :3], grey[..., 3] = 0.5, 0.35 * ~table.T
    low, high = panel.get_ylim()
    if mask.ndim > 1:
        low, high = -0.5, table.shape[1] - 0.5
    panel.imshow(
        grey,
        aspect="auto",
        origin="lower",
        interpolation="nearest",
        extent=(*extent, low, high),
        zorder=3,
    )
    panel.set_ylim(low, high)


def _draw_traces(panel: Any, table: Array, extent: tuple[float, float], *, counts: bool) -> None:
    edges = np.linspace(*extent, len(table) + 1)
    centres = ((edges[:-1] + edges[1:]) / 2)[:: _thin(table)]
    table = table[:: _thin(table)]
    if table.shape[1] > MOST_TOGETHER:
        panel.plot(centres, _stacked(table), color="0.2", linewidth=0.5)
        panel.margins(y=0.01)
        return
    panel.plot(centres, table, linewidth=0.9, drawstyle="steps-mid" if counts else "default")
    if counts:
        panel.set_ylim(table.min() - 0.5, table.max() + 0.5)
        panel.yaxis.get_major_locator().set_params(integer=True)


def _stacked(table: Array) -> Array:
    """Put channels one above the other, the first at the bottom, all to one scale."""
    centred = table - np.nanmean(table, axis=0)
    step = 2 * float(np.nanmedian(np.nanstd(centred, axis=0))) or 1.0
    return np.asarray(centred / step + np.arange(table.shape[1]))


def _draw_image(panel: Any, table: Array, extent: tuple[float, float], **how: Any) -> None:
    panel.imshow(
        table.T,
        aspect="auto",
        origin="lower",
        interpolation="nearest",
        extent=(*extent, -0.5, table.shape[1] - 0.5),
        **how,
    )


def _thin(table: Array) -> int:
    return -(-len(table) // MOST_POINTS)


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


def _is_field(name: str) -> bool:
    return any(part in name for part in ("lfp", "eeg", "ecog", "ephys"))
