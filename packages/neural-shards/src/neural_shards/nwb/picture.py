"""A stretch of a recording, or one sample, as a picture: raster, traces, behaviour, marks."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.channels import open_channels
from neural_shards.nwb.labels import LabelChannel
from neural_shards.nwb.plan import plan
from neural_shards.nwb.recording import Source, opened
from neural_shards.nwb.spec import MASK, ConversionSpec
from neural_shards.nwb.tables import intervals_in, spans_of
from neuroai_core import InputError
from neuroai_core.extras import require
from neuroai_core.files import atomic_path

#: More traces than this are drawn as an image.
MOST_TRACES = 16


def draw_values(
    values: Mapping[str, npt.NDArray[Any]],
    target: str | os.PathLike[str],
    *,
    bin_ms: float,
    t_start: float = 0.0,
    marks: Sequence[tuple[float, str]] = (),
    title: str = "",
) -> Path:
    """Draw modalities over time, one panel each, into a picture file.

    Counts (unsigned integers) become a raster, up to 16 columns traces, more an image;
    images over time a row of frames. Bins without a value are left white.

    Parameters
    ----------
    values
        By modality, ``(bins, ...)``; masks are not drawn.
    target
        The picture: ``.png``, ``.svg`` or ``.pdf``.
    bin_ms
        Width of a bin in milliseconds.
    t_start
        Time of the first bin's left edge in seconds.
    marks
        Times in seconds and what happened then.
    title
        Stands above all panels.

    Returns
    -------
    The path of the picture.
    """
    figures = require("matplotlib.figure", package="neural-shards", extra="plot")
    drawn = {n: np.asarray(v) for n, v in values.items() if not n.endswith(MASK)}
    drawn = {n: v for n, v in drawn.items() if v.ndim >= 1 and v.dtype.kind in "biuf"}
    if not drawn:
        raise InputError("there is nothing to draw", key="values", found=", ".join(values))
    figure = figures.Figure(figsize=(10, 1 + 2 * len(drawn)), layout="constrained")
    panels = figure.subplots(len(drawn), 1, sharex=True, squeeze=False)[:, 0]
    for panel, (name, value) in zip(panels, drawn.items(), strict=True):
        _draw(panel, name, value, t_start, bin_ms / 1000)
        for time, text in marks:
            panel.axvline(time, color="tab:red", linewidth=0.8)
            if panel is panels[0]:
                panel.text(time, 1.0, text, transform=panel.get_xaxis_transform(), fontsize=7)
    panels[-1].set_xlabel("time (s)")
    figure.suptitle(title)
    target = Path(target)
    kind = target.suffix.removeprefix(".") or "png"
    with atomic_path(target) as path:
        figure.savefig(path, format=kind, dpi=120)
    return target


def _draw(panel: Any, name: str, value: npt.NDArray[Any], t_start: float, bin_s: float) -> None:
    flat = value.reshape(len(value), -1)
    stop = t_start + len(value) * bin_s
    centres = t_start + (np.arange(len(value)) + 0.5) * bin_s
    panel.set_ylabel(name)
    panel.set_xlim(t_start, stop)
    if value.ndim >= 3:
        _draw_frames(panel, value, t_start, stop)
    elif value.dtype.kind == "u" and value.ndim == 2:
        bins, units = np.nonzero(flat)
        panel.scatter(centres[bins], units, s=3, c="black", marker="|", linewidths=0.8)
        panel.set_ylim(-0.5, flat.shape[1] - 0.5)
        panel.set_ylabel(f"{name} (unit)")
    elif flat.shape[1] <= MOST_TRACES:
        held = value.dtype.kind != "f"
        panel.plot(centres, flat, linewidth=0.9, drawstyle="steps-mid" if held else "default")
    else:
        extent = (t_start, stop, -0.5, flat.shape[1] - 0.5)
        panel.imshow(flat.T, aspect="auto", origin="lower", extent=extent, interpolation="none")
        panel.set_ylabel(f"{name} (channel)")


def _draw_frames(panel: Any, value: npt.NDArray[Any], t_start: float, stop: float) -> None:
    """Draw ten frames, each at its time."""
    edges = np.linspace(t_start, stop, 11)
    for k in range(10):
        frame = value[min(int((k + 0.5) / 10 * len(value)), len(value) - 1)]
        while frame.ndim > 2 and frame.shape[-1] not in (3, 4):
            frame = frame[..., frame.shape[-1] // 2]  # the middle slice of a volume
        extent = (edges[k], edges[k + 1], 0.0, 1.0)
        panel.imshow(frame, aspect="auto", extent=extent, cmap="gray")
    panel.set_xlim(t_start, stop)
    panel.set_ylim(0, 1)
    panel.set_yticks([])


def draw_recording(
    source: Source,
    target: str | os.PathLike[str],
    spec: ConversionSpec,
    *,
    start_s: float | None = None,
    duration_s: float = 10.0,
) -> Path:
    """Draw a stretch of a recording as it would be converted, with its trials and epochs.

    Parameters
    ----------
    source
        A path, an address or an open ``pynwb.NWBFile``.
    target
        The picture.
    spec
        What to take.
    start_s
        Where to begin on the recording's clock; the default is its start.
    duration_s
        How long a stretch.

    Returns
    -------
    The path of the picture.
    """
    planned = plan(source, spec)
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
    with opened(source) as recording:
        channels = open_channels(recording, spec, planned.scans)
        values = {
            name: channel.take(grid, first, stop)
            for name, channel in channels.items()
            if not isinstance(channel, LabelChannel)
        }
        low, high = (float(grid.edges(k, k)[0]) for k in (first, stop))
        marks = [
            (float(time), f"{name} {row}")
            for name, table in intervals_in(recording.file).items()
            for row, time in enumerate(spans_of(table)[:, 0])
            if low <= time < high
        ]
    return draw_values(
        values, target, bin_ms=grid.bin_ms, t_start=low, marks=marks, title=recording.name
    )
