"""One sample as a picture: rasters, traces, behaviour."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from neural_shards.names import METADATA
from neural_shards.samples import Samples
from neural_shards.stack import Array

#: Up to this many traces share an axis; more stand one above the other.
MOST_TOGETHER = 8
#: More channels than this are drawn as an image.
MOST_TRACES = 64
#: Longer axes than this are thinned out; a picture has no more pixels.
MOST_POINTS = 4000


def draw_sample(samples: Samples, index: int) -> Figure:
    """Draw the arrays of a sample, one below the other.

    Counts (whole numbers, time by unit) are drawn as a raster with units
    upwards, and so are ``<name>_times`` with ``<name>_units``. Everything else
    is drawn as traces; more than 64 channels as an image. The first axis is
    time, except of ``lfp``, ``eeg`` and ``ecog`` whose first axis is the shorter one.

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
    arrays = _panels({name: value for name, value in sample.items() if _can_be_drawn(value)})
    heights = [4.0 if _is_stacked(array) else 2.0 for array in arrays.values()] or [2.0]
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(8, 0.8 + sum(heights)), layout="constrained")
        rows = figure.subplots(len(heights), squeeze=False, height_ratios=heights)[:, 0]
        for axes, (name, array) in zip(rows, arrays.items(), strict=False):
            if isinstance(array, tuple):
                _draw_events(axes, name, *array)
            else:
                _draw(axes, name, array)
        if not arrays:
            rows[0].text(0.5, 0.5, "no array of one or two axes", ha="center")
        about = sample.get(METADATA, {})
        title = [
            f"{key} {about[key]}" for key in ("sample_id", "source", "t_start") if key in about
        ]
        figure.suptitle(", ".join(title) or f"sample {index}", fontsize=10)
    return figure


def _can_be_drawn(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.ndim in (1, 2)


def _draw(axes: Any, name: str, array: Array) -> None:
    table = array[:, np.newaxis] if array.ndim == 1 else array
    counts = table.dtype.kind in "biu" and table.ndim == 2
    if not counts and array.ndim == 2 and table.shape[0] < table.shape[1] and _is_field(name):
        table = table.T
    table = table[:: -(-len(table) // MOST_POINTS) or 1]
    axes.set_ylabel(f"{name}\n{' x '.join(map(str, array.shape))}")
    axes.set_xlabel("time step")
    if counts and table.shape[1] > 1:
        axes.imshow(table.T, aspect="auto", origin="lower", cmap="Greys", interpolation="nearest")
    elif table.shape[1] > MOST_TRACES:
        largest = float(np.nanmax(np.abs(table))) or 1.0
        limits = {"vmin": -largest, "vmax": largest}
        axes.imshow(table.T, aspect="auto", origin="lower", cmap="RdBu_r", **limits)
    elif table.shape[1] > MOST_TOGETHER:
        _draw_stacked(axes, table)
    else:
        axes.plot(table, linewidth=0.8)
        axes.margins(x=0)


def _is_stacked(array: Array | tuple[Array, Array]) -> bool:
    """Say whether a panel is one of many traces, which want more room."""
    if isinstance(array, tuple) or array.ndim == 1 or array.dtype.kind in "biu":
        return False
    return bool(MOST_TOGETHER < min(array.shape) <= MOST_TRACES)


def _draw_stacked(axes: Any, table: Array) -> None:
    """Draw channels one above the other, the first at the bottom, all to one scale."""
    centred = table - np.nanmean(table, axis=0)
    step = 2 * float(np.nanmedian(np.nanstd(centred, axis=0))) or 1.0
    axes.plot(centred / step + np.arange(table.shape[1]), color="0.2", linewidth=0.5)
    axes.margins(x=0, y=0.01)


def _draw_events(axes: Any, name: str, times: Array, units: Array) -> None:
    axes.scatter(times, units, marker="|", s=8, color="0.1", linewidths=0.6)
    axes.margins(x=0)
    axes.set_ylabel(f"{name}, unit\n{len(times)} spikes")
    axes.set_xlabel("time (s)")


def _panels(arrays: dict[str, Array]) -> dict[str, Array | tuple[Array, Array]]:
    """Put spike times and the units that they are of into one panel."""
    panels: dict[str, Array | tuple[Array, Array]] = {}
    for name, array in arrays.items():
        train = name.removesuffix("_times")
        units = arrays.get(f"{train}_units")
        if train != name and units is not None and array.shape == units.shape:
            panels[train] = array, units
        elif not (name.endswith("_units") and f"{name.removesuffix('_units')}_times" in arrays):
            panels[name] = array
    return panels


def _is_field(name: str) -> bool:
    return any(part in name for part in ("lfp", "eeg", "ecog", "ephys"))
