"""The natural movie: windows around fixations, cut from frames that are held once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from neuroai_core.errors import DataError
from retina_data import arrays
from retina_data.crops import Crops
from retina_data.movies import Movie
from retina_data.repository import converted
from retina_data.sridhar_2025 import files
from retina_data.sridhar_2025.constants import CROP, FIXATIONS, PADDING, SIZE, SOURCE, WINDOW


def shown(name: str, root: Path, data: files.Arrays) -> tuple[Crops, Crops]:
    """Give what was shown in training and test of a session."""
    listed = files.need(root, FIXATIONS[name])
    fixations = _fixations(listed)
    time = data["test_responses"].shape[1]
    needed = time + data["train_responses"].shape[1] * data["train_responses"].shape[2]
    if len(fixations) < needed:
        raise DataError(
            "there are fewer fixations than frames",
            path=listed,
            expected=f"{needed} lines",
            found=len(fixations),
        )
    source = files.need(root, "*_img_*.npy").parent
    frames = np.load(converted(source, "frames-v1.npy", _pack_frames), mmap_mode="c")
    sample = frames[:, :: max(1, frames.shape[1] // 500)].astype(np.float64)
    movie = Movie(torch.from_numpy(frames), float(sample.mean()), float(sample.std()) or 1.0, True)
    if fixations[:, 0].max() >= frames.shape[1]:
        raise DataError(
            "a fixation is on a frame that is not there",
            path=listed,
            expected=f"0 to {frames.shape[1] - 1}",
            found=int(fixations[:, 0].max()),
        )
    return crops(movie, fixations[time:needed]), crops(movie, fixations[:time])


def crops(movie: Movie, fixations: npt.NDArray[np.int64]) -> Crops:
    """Cut the window around each (x, y), less what is cropped."""
    return Crops(
        movie,
        fixations[:, 0].astype(np.int32),
        corners=fixations[:, [2, 1]] + PADDING - np.array(WINDOW) // 2 + np.array(CROP),
        upside_down=fixations[:, 3] == 0,
        size=SIZE,
    )


def _fixations(path: Path) -> npt.NDArray[np.int64]:
    """Read ``(frames, 4)``: source frame, x, y, and 0 where it was shown upside down."""
    rows = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        parts = line.split()
        try:
            rows.append([int(float(parts[i])) for i in (0, 3, 4)] + [int(parts[-1][0])])
        except (ValueError, IndexError):
            raise DataError(
                "a line is no fixation", path=path, index=number, found=line[:80]
            ) from None
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


def _pack_frames(source: Path, target: Path) -> None:
    """Put the source frames, one file of ``(width, height)`` each, into one array."""
    sources = sorted(source.glob("*_img_*.npy"))
    packed = np.empty((1, len(sources), *SOURCE), np.uint8)
    for i, file in enumerate(sources):
        frame = arrays.load(file)
        if frame.shape != SOURCE[::-1]:
            raise DataError(
                "a frame has the wrong shape", path=file, expected=SOURCE[::-1], found=frame.shape
            )
        packed[0, i] = frame.T
    files.save(target, packed)
