"""Images seen through eye movements: an image shifted by the fixation, frame by frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def unique_frames(fixations: Ints) -> tuple[Ints, npt.NDArray[np.int32]]:
    """Find the different fixations among those of each frame.

    Parameters
    ----------
    fixations
        ``(time, 3)``: image from 1, x, y.

    Returns
    -------
    The different ones, ``(unique, 3)``, in the order they first came, so that
    a stretch of new frames stays a stretch; and which of them each frame is.
    """
    different, first, which = np.unique(fixations, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order))
    return different[order], place[which.reshape(-1)]


def show(
    images: npt.NDArray[Any], fixations: Ints, *, size: tuple[int, int], screen: tuple[int, int]
) -> npt.NDArray[np.float32]:
    """Draw frames: each an image shifted by a fixation on a screen, made smaller by averaging.

    The image's pixel at the fixation stands in the middle of the screen. Where
    the image does not reach, the screen is 0.

    Parameters
    ----------
    images
        ``(images, height, width)``.
    fixations
        ``(frames, 3)``: image from 1, x, y in pixels.
    size
        Height and width of a frame; they divide those of the screen.
    screen
        Height and width of the screen in pixels.

    Returns
    -------
    float32 array of shape ``(frames, height, width)``: means over screen pixels.
    """
    steps = screen[0] // size[0], screen[1] // size[1]
    frames = np.empty((len(fixations), *size), np.float32)
    for image in np.unique(fixations[:, 0]):
        # Means over rectangles are differences of the sums of all that lies before.
        sums = np.cumsum(np.cumsum(images[image - 1], 0, np.float64), 1)
        table = np.pad(sums, ((1, 0), (1, 0)))
        for at in np.flatnonzero(fixations[:, 0] == image):
            _, x, y = fixations[at]
            rows = np.arange(size[0] + 1) * steps[0] + y - screen[0] // 2
            columns = np.arange(size[1] + 1) * steps[1] + x - screen[1] // 2
            rows = np.clip(rows, 0, table.shape[0] - 1)
            columns = np.clip(columns, 0, table.shape[1] - 1)
            corners = table[rows[:, np.newaxis], columns]
            frames[at] = np.diff(np.diff(corners, axis=0), axis=1) / (steps[0] * steps[1])
    return frames
