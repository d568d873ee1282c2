"""One sample as a picture: rasters, traces, behaviour."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from neural_shards.names import METADATA
from neural_shards.samples import Samples
from neural_shards.stack import Array

#: More channels than this are drawn as an image.
MOST_TRACES = 8
#: Longer axes than this are thinned out; a picture has no more pixels.
MOST_POINTS = 4000


def draw_sample(samples: Samples, index: int) -> Figure:
    """Draw the arrays of a sample, one below the other.

    Counts (whole numbers, time by unit) are drawn as a raster with units
    upwards, few channels as traces, many as an image. Time is the longer of
    the two axes where a name does not say it: ``spikes``, ``behavior`` and
    the like are (time, channels), ``lfp``, ``eeg`` and ``ecog`` too unless
    their first axis is the shorter one.

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
    arrays = {name: value for name, value in sample.items() if _can_be_drawn(value)}
    height = 0.8 + 2.0 * max(len(arrays), 1)
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(8, height), layout="constrained")
        rows = figure.subplots(max(len(arrays), 1), squeeze=False)[:, 0]
        for axes, (name, array) in zip(rows, arrays.items(), strict=False):
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
    else:
        axes.plot(table, linewidth=0.8)
        axes.margins(x=0)


def _is_field(name: str) -> bool:
    return any(part in name for part in ("lfp", "eeg", "ecog", "ephys"))
