"""A stretch of a recording as a picture, as it would be converted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neural_shards.nwb.labels import LabelChannel
from neural_shards.nwb.places import attached
from neural_shards.nwb.plan import plan, values_of
from neural_shards.nwb.recording import Source, opened
from neural_shards.nwb.spec import ConversionSpec
from neural_shards.nwb.timed import intervals_in, spans_of
from neural_shards.picture import draw_values
from neuroai_core import InputError


def draw_recording(
    source: Source,
    spec: ConversionSpec,
    *,
    start_s: float | None = None,
    duration_s: float = 10.0,
) -> Any:
    """Draw a stretch of a recording as it would be converted, with its trials and epochs.

    Parameters
    ----------
    source
        A path, an address or an open ``pynwb.NWBFile``.
    spec
        What to take.
    start_s
        Where to begin on the recording's clock; the default is its start.
    duration_s
        How long a stretch.

    Returns
    -------
    The ``matplotlib`` figure; ``figure.savefig(path)`` writes it.
    """
    planned = plan(source, replace(spec, sha256=False))
    grid = planned.grid
    first = 0 if start_s is None else int(grid.index([start_s])[0])
    stop = min(first + max(round(duration_s / grid.bin_s), 1), grid.n_bins)
    if not 0 <= first < stop:
        raise InputError(
            "there is nothing to draw there",
            key="start_s",
            expected=f"{grid.t0:g} s to {grid.t0 + grid.n_bins * grid.bin_s:g} s",
            found=start_s,
        )
    low, high = grid.edge(first), grid.edge(stop)
    with opened(source) as recording, attached(planned.channels, source) as channels:
        drawn = {n: c for n, c in channels.items() if not isinstance(c, LabelChannel)}
        values = dict(values_of(drawn, grid, first, stop))
        intervals = {}
        for name, table in intervals_in(recording.file).items():
            spans = spans_of(table)
            near = (spans[:, 1] > low) & (spans[:, 0] < high)
            if near.any():
                intervals[name] = np.clip(spans[near], low, high)
        return draw_values(
            values, bin_s=grid.bin_s, t_start=low, intervals=intervals, title=recording.name
        )
