"""What was on the screen: images, gratings and checkers, seen from the top row down.

Rows of images and checkers are counted from the top of the screen. Gratings
count theirs from the bottom, and are turned here, so a receptive field has one
place in all stimuli. (The paper's own code, gollischlab's subunit_grid_model,
turns the images instead.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from retina_data.karamanlis_2024.constants import SCREEN, SIZE
from retina_data.movies import Movie

Floats = npt.NDArray[np.floating]


def gratings(
    table: Floats,
    x: Floats | None = None,
    y: Floats | None = None,
    *,
    margins: tuple[int, int] = (0, 0),
) -> npt.NDArray[np.float32]:
    """Draw sinusoidal gratings on the screen, made smaller by averaging.

    Parameters
    ----------
    table
        ``(gratings, 3)``: cycles a screen pixel, orientation and phase in rad.
    x, y
        Screen pixels that show them, as the gratings count them; by default
        all. The rest of the screen is 0.
    margins
        Pixels of the screen left of the first of `x`, and below the first of `y`.

    Returns
    -------
    float32 array of shape ``(gratings, height, width)`` of contrasts from -1 to 1:
    the mean over screen pixels of ``sin(2 pi f (x cos + y sin) + phase)``.
    """
    x = np.arange(SCREEN[1]) + 0.5 if x is None else x
    y = np.arange(SCREEN[0]) + 0.5 if y is None else y
    cycles, orientation, phase = table.T[:, :, np.newaxis]
    # sin(a + b), so the means over rectangles are products of means over rows and columns.
    a = 2 * np.pi * cycles * np.cos(orientation) * x
    b = 2 * np.pi * cycles * np.sin(orientation) * y + phase
    columns = [_means(f(a), margins[0], SCREEN[1], SIZE[1]) for f in (np.sin, np.cos)]
    rows = [_means(f(b), margins[1], SCREEN[0], SIZE[0])[:, ::-1] for f in (np.cos, np.sin)]
    frames = sum(r[:, :, np.newaxis] * c[:, np.newaxis] for r, c in zip(rows, columns, strict=True))
    return np.asarray(frames, np.float32)


def _means(values: Floats, margin: int, pixels: int, bins: int) -> Floats:
    """Place ``(gratings, some pixels)`` on a side of the screen and average into bins."""
    side = np.zeros((len(values), pixels))
    side[:, margin : margin + values.shape[1]] = values[:, : pixels - margin]
    return np.asarray(side.reshape(len(values), bins, -1).mean(axis=2))


def centred(images: npt.NDArray[np.uint8], background: float) -> npt.NDArray[np.float32]:
    """Place images ``(images, height, width)`` in the middle of the screen and make it smaller.

    Parameters
    ----------
    images
        Grey values from 0 to 255; what is beyond the screen is cut.
    background
        Grey value of the rest of the screen.

    Returns
    -------
    float32 array of shape ``(images, 60, 80)`` of contrasts from -1 to 1.
    """
    over = [max(0, have - room) for have, room in zip(images.shape[1:], SCREEN, strict=True)]
    images = images[:, over[0] // 2 :, over[1] // 2 :][:, : SCREEN[0], : SCREEN[1]]
    top, left = ((room - have) // 2 for have, room in zip(images.shape[1:], SCREEN, strict=True))
    steps = SCREEN[0] // SIZE[0], SCREEN[1] // SIZE[1]
    frames = np.empty((len(images), *SIZE), np.float32)
    for frame, image in zip(frames, images, strict=True):
        screen = np.full(SCREEN, background, np.float32)
        screen[top : top + image.shape[0], left : left + image.shape[1]] = image
        frame[:] = screen.reshape(SIZE[0], steps[0], SIZE[1], steps[1]).mean(axis=(1, 3))
    return np.asarray(2 * frames / 255 - 1, np.float32)


def normalized(frames: Floats, shown: npt.NDArray[np.integer]) -> tuple[Floats, float, float]:
    """Normalise frames by the mean and deviation of what was shown in training.

    Parameters
    ----------
    frames
        ``(frames, height, width)``.
    shown
        Which of them was shown at each time.

    Returns
    -------
    The frames as float32, the mean, and the standard deviation.
    """
    counts = np.bincount(shown, minlength=len(frames))[: len(frames)]
    weights = counts / counts.sum()
    mean = float(frames.mean(axis=(1, 2), dtype=np.float64) @ weights)
    square = float((frames.astype(np.float64) ** 2).mean(axis=(1, 2)) @ weights)
    sd = float(np.sqrt(max(square - mean**2, 0))) or 1.0
    return np.asarray((frames - mean) / sd, np.float32), mean, sd


def movie(frames: Floats, mean: float, sd: float) -> Movie:
    """Hold normalised frames ``(frames, height, width)`` as a movie of one channel."""
    held: Any = torch.from_numpy(np.ascontiguousarray(frames[np.newaxis]))
    return Movie(held, mean, sd)
