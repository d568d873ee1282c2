"""One picture that says what a movie is: frames, x-t slice, spectrum, luminance, timeline."""

from __future__ import annotations

import itertools
import os
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from neuroai_core.errors import strict_arguments
from neuroai_core.files import atomic_path
from stimulus_protocols.movie import movie, stimuli_of
from stimulus_protocols.pictures import tiled, to_8bit
from stimulus_protocols.stimuli import Stimulus
from stimulus_protocols.table import VOID, FrameTable
from stimulus_protocols.timeline import Timeline

#: Pixels of the picture.
_WIDTH, _STRIP, _GAP = 720, 96, 8
_DARK, _PALE = (32, 32, 32), (220, 220, 220)
#: Colours of phases in the timeline strip, apart from blanks.
_COLOURS = ((86, 180, 233), (230, 159, 0), (0, 158, 115), (204, 121, 167), (240, 228, 66))


@strict_arguments
def write_preview(
    shown: Stimulus | Timeline,
    path: str | os.PathLike[str],
    *,
    start: int = 0,
    stop: int | None = None,
    frames: int = 12,
    most: int = 600,
) -> None:
    """Write a preview as PNG.

    From above: frames, evenly spaced; the middle row over time (x-t); the
    spectrum of space and time along x (log amplitude, time upward); the mean
    luminance over time; the phases over time. A timeline that shows images of
    a data set has the phases alone.

    Parameters
    ----------
    shown
        What to preview.
    start, stop
        Its frames; of more than `most`, evenly spaced ones are rendered, so a
        preview of ten million frames costs what one of 600 does.
    frames
        How many frames the first part shows.

    Examples
    --------
    >>> from stimulus_protocols.stimuli import Grating
    >>> write_preview(Grating(frames=30, height=16, width=18, spatial_frequency_cpp=0.1,
    ...                       temporal_frequency_hz=2), "grating.png")
    """
    stop = len(shown) if stop is None else stop
    picked = np.unique(np.linspace(start, max(stop - 1, start), most).round().astype(int))
    parts: list[tuple[str, Image.Image]] = []
    if isinstance(shown, Stimulus) or (not shown.items and next(stimuli_of(shown), None)):
        rendered = np.concatenate([movie(shown, int(k), int(k) + 1) for k in picked], axis=1)
        parts += _pictures(rendered, picked, frames)
    if isinstance(shown, Timeline):
        resolved = shown.resolve(0, 0) if shown.is_random else shown
        picked = picked[picked < len(resolved)]
        parts.append(("phases", _phases([resolved.table(int(k), int(k) + 1) for k in picked])))
    sheet = _stacked(parts)
    with atomic_path(path) as partial:
        sheet.save(partial, format="PNG")


def _pictures(
    rendered: npt.NDArray[np.float32], picked: npt.NDArray[Any], frames: int
) -> list[tuple[str, Image.Image]]:
    low, high = float(rendered.min()), float(rendered.max())
    shown = np.unique(np.linspace(0, len(picked) - 1, frames).round().astype(int))
    pixels = to_8bit(rendered[:3].swapaxes(0, 1)[shown], low=low, high=high)
    scale = max(_WIDTH // (6 * pixels.shape[2]), 1)
    pixels = pixels.repeat(scale, 1).repeat(scale, 2)
    first = rendered[0]
    slice_ = first[:, first.shape[1] // 2, :].T
    trace = rendered.mean(axis=(2, 3))
    return [
        ("frames", tiled(pixels, [str(picked[k]) for k in shown], 6)),
        ("x-t (middle row; time rightward)", _grey(slice_, low, high)),
        ("spectrum (x frequency rightward, time frequency upward)", _spectrum(slice_)),
        ("mean luminance", _trace(trace)),
    ]


def _grey(values: npt.NDArray[Any], low: float, high: float) -> Image.Image:
    pixels = to_8bit(values[np.newaxis, np.newaxis], low=low, high=high)[0]
    return Image.fromarray(pixels).resize((_WIDTH, _STRIP), Image.Resampling.NEAREST)


def _spectrum(values: npt.NDArray[Any]) -> Image.Image:
    power = np.abs(np.fft.fftshift(np.fft.fft2(values - values.mean()))).T[::-1]
    highest = max(float(np.max(power)), 1e-12)
    log = np.log10(np.maximum(power / highest, 1e-4))
    return _grey(log, -4, 0)


def _trace(values: npt.NDArray[Any]) -> Image.Image:
    picture = Image.new("RGB", (_WIDTH, _STRIP), _DARK)
    draw = ImageDraw.Draw(picture)
    low, high = float(values.min()), float(values.max())
    span = (high - low) or 1.0
    for channel, colour in zip(values, (_PALE, *_COLOURS), strict=False):
        x = np.linspace(0, _WIDTH - 1, len(channel))
        y = (_STRIP - 3) - (channel - low) / span * (_STRIP - 6)
        draw.line(list(zip(x.tolist(), y.tolist(), strict=True)), fill=colour, width=1)
    draw.text((2, 0), f"{high:.3g}", fill=_PALE, font=ImageFont.load_default(10))
    draw.text((2, _STRIP - 14), f"{low:.3g}", fill=_PALE, font=ImageFont.load_default(10))
    return picture


def _phases(tables: list[FrameTable]) -> Image.Image:
    picture = Image.new("RGB", (_WIDTH, _STRIP // 2), _DARK)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(10)
    names = [table.phases[int(table.phase[0, 0, 0])] for table in tables]
    blank = [bool((table.source[0, :, 0] == VOID).all()) for table in tables]
    known = sorted({name for name, dark in zip(names, blank, strict=True) if not dark})
    edges = np.linspace(0, _WIDTH, len(tables) + 1).round().astype(int).tolist()
    at = 0
    for (name, dark), stretch in itertools.groupby(zip(names, blank, strict=True)):
        end = at + len(list(stretch))
        colour = (90, 90, 90) if dark else _COLOURS[known.index(name) % len(_COLOURS)]
        draw.rectangle((edges[at], 16, max(edges[end] - 1, edges[at]), _STRIP // 2), fill=colour)
        # A name that does not fit is left out; its colour tells it.
        if draw.textlength(name, font=font) < edges[end] - edges[at]:
            draw.text((edges[at] + 1, 1), name, fill=_PALE, font=font)
        at = end
    return picture


def _stacked(parts: list[tuple[str, Image.Image]]) -> Image.Image:
    font = ImageFont.load_default(12)
    width = max(picture.width for _, picture in parts) + 2 * _GAP
    height = sum(picture.height + 18 + _GAP for _, picture in parts) + _GAP
    sheet = Image.new("RGB", (width, height), (48, 48, 48))
    draw, y = ImageDraw.Draw(sheet), _GAP
    for name, picture in parts:
        draw.text((_GAP, y), name, fill=_PALE, font=font)
        sheet.paste(picture, (_GAP, y + 18))
        y += picture.height + 18 + _GAP
    return sheet
