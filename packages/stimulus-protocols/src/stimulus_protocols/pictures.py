"""Frames as files to look at: a GIF that moves, a contact sheet that lies still."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from neuroai_core.errors import InputError, strict_arguments
from neuroai_core.files import atomic_path

if TYPE_CHECKING:
    import torch


@strict_arguments
def to_8bit(
    frames: npt.NDArray[Any] | torch.Tensor,
    *,
    low: float | None = None,
    high: float | None = None,
    gamma: float = 1.0,
) -> npt.NDArray[np.uint8]:
    """Turn frames into 8-bit RGB, all on one scale.

    Parameters
    ----------
    frames
        ``(time, channels, height, width)`` with 1 channel (grey), 2 (the
        green and the ultraviolet of the mouse, shown as green and magenta)
        or 3 (red, green, blue). A computed stimulus, ``(channels, time, ...)``,
        is ``movie.swapaxes(0, 1)``.
    low, high
        Values shown as black and white; by default the least and the
        greatest there are (0 and 255 for frames of 8 bits).
    gamma
        Of the screen: linear luminance `v` becomes ``v ** (1 / gamma)``.

    Returns
    -------
    uint8 array ``(time, height, width, 3)``.

    Examples
    --------
    >>> to_8bit(np.array([0.0, 0.5, 1.0]).reshape(3, 1, 1, 1))[:, 0, 0, 0].tolist()
    [0, 128, 255]
    """
    pixels = np.asarray(frames)
    if pixels.ndim != 4 or pixels.shape[1] not in (1, 2, 3) or pixels.size == 0:
        raise InputError(
            "frames have the wrong shape",
            expected="(time, channels, height, width) with 1, 2 or 3 channels, not empty",
            found=pixels.shape,
        )
    if pixels.dtype == np.uint8:
        low, high = 0 if low is None else low, 255 if high is None else high
    low = float(pixels.min()) if low is None else low
    high = float(pixels.max()) if high is None else high
    span = high - low
    if span < 0 or gamma <= 0 or not math.isfinite(span):
        raise InputError(
            "the scale is impossible",
            expected="finite frames, low <= high, gamma > 0",
            found=f"low={low}, high={high}, gamma={gamma}",
        )
    # Frames that are all the same are a mid grey.
    unit = (pixels.astype(np.float32) - low) / span if span else np.full(pixels.shape, 0.5)
    unit = np.clip(unit, 0, 1) ** (1 / gamma)
    last = np.moveaxis(np.rint(unit * 255 + 1e-3).astype(np.uint8), 1, -1)
    return np.ascontiguousarray(last[..., _RGB[last.shape[-1]]])


#: Which channel is shown as red, green and blue.
_RGB = {1: [0, 0, 0], 2: [1, 0, 1], 3: [0, 1, 2]}


@strict_arguments
def write_gif(
    frames: npt.NDArray[Any] | torch.Tensor,
    path: str | os.PathLike[str],
    *,
    frame_rate_hz: float = 30.0,
    scale: int = 1,
    low: float | None = None,
    high: float | None = None,
    gamma: float = 1.0,
) -> None:
    """Write frames as an endless GIF.

    Parameters
    ----------
    frames, low, high, gamma
        As in `to_8bit`.
    path
        Where to.
    frame_rate_hz
        Frames a second. GIF counts in hundredths of a second and shows
        nothing faster than 50 a second: edges are rounded to the one, and
        more than the other is an error.
    scale
        How many pixels a side each pixel becomes.

    Examples
    --------
    >>> from stimulus_protocols import generate_gratings
    >>> movie = generate_gratings(shape=(1, 15, 32, 32), orientation=45)
    >>> write_gif(movie.swapaxes(0, 1), "grating.gif")
    >>> with Image.open("grating.gif") as gif:
    ...     gif.n_frames
    15
    """
    if not 0 < frame_rate_hz <= 50:
        raise InputError(
            "a GIF cannot show this rate",
            key="frame_rate_hz",
            expected="more than 0, 50 at most",
            found=frame_rate_hz,
        )
    pictures = _enlarged(to_8bit(frames, low=low, high=high, gamma=gamma), scale)
    edges = np.rint(np.arange(len(pictures) + 1) * 100 / frame_rate_hz).astype(int) * 10
    grey = bool((pictures == pictures[..., :1]).all())
    images = [Image.fromarray(p[..., 0] if grey else p) for p in pictures]
    with atomic_path(path) as partial:
        images[0].save(
            partial,
            format="GIF",
            save_all=True,
            append_images=images[1:],
            duration=np.diff(edges).tolist(),
            loop=0,
        )


@strict_arguments
def write_contact_sheet(
    frames: npt.NDArray[Any] | torch.Tensor,
    path: str | os.PathLike[str],
    *,
    columns: int | None = None,
    captions: Sequence[str] | None = None,
    scale: int | None = None,
    low: float | None = None,
    high: float | None = None,
    gamma: float = 1.0,
) -> None:
    """Write frames side by side as one PNG.

    Parameters
    ----------
    frames, low, high, gamma
        As in `to_8bit`.
    path
        Where to.
    columns
        Frames in a row; by default as many as make the sheet about square.
    captions
        A word under each frame; by default its number.
    scale
        How many pixels a side each pixel becomes; by default as many as make
        a frame about 96 pixels wide.

    Examples
    --------
    >>> from stimulus_protocols import generate_moving_bar
    >>> movie = generate_moving_bar(shape=(1, 12, 16, 18), width=2, speed=1)
    >>> write_contact_sheet(movie.swapaxes(0, 1), "bar.png", columns=6)
    >>> with Image.open("bar.png") as sheet:
    ...     sheet.size
    (554, 194)
    """
    pictures = to_8bit(frames, low=low, high=high, gamma=gamma)
    pictures = _enlarged(pictures, scale or max(round(96 / pictures.shape[2]), 1))
    names = [str(i) for i in range(len(pictures))] if captions is None else list(captions)
    if len(names) != len(pictures):
        raise InputError(
            "there is not one caption a frame",
            key="captions",
            expected=len(pictures),
            found=len(names),
        )
    if columns is not None and columns < 1:
        raise InputError("columns is not positive", key="columns", expected="1 or more")
    sheet = tiled(pictures, names, columns or math.ceil(math.sqrt(len(pictures))))
    with atomic_path(path) as partial:
        sheet.save(partial, format="PNG")


#: Pixels between frames, and for a caption.
_GAP, _CAPTION = 2, 14
_OUTLINE = (100, 100, 100)


def tiled(pictures: npt.NDArray[np.uint8], captions: Sequence[str], columns: int) -> Image.Image:
    """Lay RGB pictures ``(n, height, width, 3)`` out in rows, with captions."""
    columns = min(columns, len(pictures))
    height, width = pictures.shape[1] + _CAPTION + _GAP, pictures.shape[2] + _GAP
    rows = math.ceil(len(pictures) / columns)
    sheet = Image.new("RGB", (columns * width + _GAP, rows * height + _GAP), (32, 32, 32))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(10)
    for number, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        x, y = number % columns * width + _GAP, number // columns * height + _GAP
        # An outline, or a dark frame would be lost on the dark sheet.
        draw.rectangle((x - 1, y - 1, x + width - _GAP, y + pictures.shape[1]), outline=_OUTLINE)
        sheet.paste(Image.fromarray(picture), (x, y))
        draw.text((x + 1, y + pictures.shape[1] + 1), caption, fill=(220, 220, 220), font=font)
    return sheet


def _enlarged(pictures: npt.NDArray[np.uint8], scale: int) -> npt.NDArray[np.uint8]:
    if scale < 1:
        raise InputError("scale is not positive", key="scale", expected="1 or more", found=scale)
    return pictures if scale == 1 else pictures.repeat(scale, 1).repeat(scale, 2)
