"""One picture that says what a movie is: frames, x-t slice, spectrum, luminance, timeline."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageDraw, ImageFont

from neuroai_core.errors import InputError, strict_arguments
from neuroai_core.files import atomic_path
from stimulus_protocols.movie import movie, stimuli_of
from stimulus_protocols.panels import (
    Panel,
    sheet_of_frames,
    slice_over_time,
    spectrum,
    stacked,
    strip,
    trace,
)
from stimulus_protocols.pictures import to_8bit
from stimulus_protocols.presentation import Presentation
from stimulus_protocols.stimuli import Stimulus
from stimulus_protocols.table import FrameTable
from stimulus_protocols.timeline import Timeline, check_steps

Steps = npt.NDArray[np.int64]


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
    spectrum of space and time along x; the mean luminance over time; for a
    timeline, a strip of what is shown when at which contrast. Of a random
    timeline it shows one trial. Letters stand in for images of a data set;
    they have no spectrum or luminance to show.

    Parameters
    ----------
    shown
        What to preview.
    start, stop
        Its frames; of more than `most`, evenly spaced ones are rendered, so a
        preview of ten million frames costs what one of 600 does.
    frames
        How many frames the first part shows.

    Raises
    ------
    InputError
        If the frames are not within what is shown, or there is none.

    Examples
    --------
    >>> from stimulus_protocols.stimuli import Grating
    >>> write_preview(Grating(frames=30, height=16, width=18, spatial_frequency_cpp=0.1,
    ...                       temporal_frequency_hz=2), "grating.png")
    """
    if isinstance(shown, Timeline) and shown.is_random:
        shown = shown.resolve(0, 0)
        stop = None if stop is None else min(stop, len(shown))
    start, stop = check_steps(start, stop, len(shown))
    if start == stop:
        raise InputError("there is no frame to preview", found=f"start={start}, stop={stop}")
    steps = np.unique(np.linspace(start, stop - 1, most).round().astype(np.int64))
    if isinstance(shown, Stimulus):
        panels = _of_movie(_rendered(shown, steps), steps, frames, shown.frame_rate_hz)
    else:
        panels = _of_timeline(shown, steps, frames)
    with atomic_path(path) as partial:
        stacked(panels).save(partial, format="PNG")


def _of_timeline(timeline: Timeline, steps: Steps, frames: int) -> list[Panel]:
    tables = [timeline.table(int(step), int(step) + 1) for step in steps]
    stimulus = next(stimuli_of(timeline), None)
    rate = None if stimulus is None else stimulus.frame_rate_hz
    panels: list[Panel] = []
    if timeline.items:
        size = (1, 48, 64) if stimulus is None else (stimulus.channels, *stimulus.shape[2:])
        rendered = _with_stand_ins(tables, timeline.items, size)
        panels = _frames_and_row(rendered, steps, frames, rate)
    elif stimulus is not None:
        panels = _of_movie(_rendered(timeline, steps), steps, frames, rate)
    return [*panels, strip(tables, steps, f"what is shown, {_extent(steps, rate)}")]


def _of_movie(
    rendered: npt.NDArray[np.float32], steps: Steps, frames: int, rate: float | None
) -> list[Panel]:
    panels = _frames_and_row(rendered, steps, frames, rate)
    if 1 < len(steps) == steps[-1] - steps[0] + 1:  # of some frames, the spectrum is another
        panels.append(spectrum(_middle_row(rendered), rate))
    of = f" of {len(rendered)} channels" if len(rendered) > 1 else ""
    title = f"mean luminance{of}, {_extent(steps, rate)}"
    return [*panels, trace(rendered.mean(axis=(2, 3)), title)]


def _frames_and_row(
    rendered: npt.NDArray[np.float32], steps: Steps, frames: int, rate: float | None
) -> list[Panel]:
    # As files show it: black is 0 and white 1 where no value lies beyond.
    low = min(round(float(rendered.min()), 4), 0.0) + 0.0  # never -0
    high = max(round(float(rendered.max()), 4), 1.0)
    picked = np.unique(np.linspace(0, len(steps) - 1, frames).round().astype(int))
    pixels = to_8bit(rendered[:3].swapaxes(0, 1)[picked], low=low, high=high)
    names = [f"{steps[k]:,}" for k in picked]
    return [
        sheet_of_frames(pixels, names, f"frames, black {low:.3g}, white {high:.3g}"),
        slice_over_time(
            _middle_row(rendered), low, high, f"middle row over time, {_extent(steps, rate)}"
        ),
    ]


def _middle_row(rendered: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Give the middle row of the first channel, ``(x, time)``."""
    return rendered[0, :, rendered.shape[2] // 2].T


def _extent(steps: Steps, rate: float | None) -> str:
    if rate is None:
        return f"steps {steps[0]:,} to {steps[-1]:,}"
    return f"{steps[0] / rate:.4g} to {(steps[-1] + 1) / rate:.4g} s"


def _rendered(shown: Stimulus | Timeline, steps: Steps) -> npt.NDArray[np.float32]:
    first, last = int(steps[0]), int(steps[-1])
    if len(steps) == last - first + 1:
        return movie(shown, first, last + 1)
    return np.concatenate([movie(shown, int(k), int(k) + 1) for k in steps], axis=1)


def _with_stand_ins(
    tables: list[FrameTable], items: int, size: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    images = torch.from_numpy(np.stack([_stand_in(item, size) for item in range(items)]))
    trial: dict[str, Any] = {"items": torch.arange(items)[None], "void_value": 0.5}
    labels = torch.arange(items)
    frames = [Presentation(images, labels, table, **trial).frame(0)[0] for table in tables]
    return torch.stack(frames, dim=1).numpy()


def _stand_in(item: int, size: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Draw a letter on stripes, ``(channels, height, width)``: its images differ at a glance."""
    channels, height, width = size
    y, x = np.mgrid[:height, :width]
    angle = np.pi * (0.15 + 0.4 * item)
    stripes = 0.5 + 0.2 * np.cos(0.6 * (x * np.cos(angle) + y * np.sin(angle)))
    letter = Image.fromarray((255 * stripes).astype(np.uint8))
    ImageDraw.Draw(letter).text(
        (width / 2, height / 2),
        chr(ord("A") + item % 26),
        fill=255,
        font=ImageFont.load_default(0.8 * min(height, width)),
        anchor="mm",
        stroke_width=1,
        stroke_fill=0,
    )
    picture = np.asarray(letter).astype(np.float32) / np.float32(255)
    return np.broadcast_to(picture, (channels, height, width)).copy()
