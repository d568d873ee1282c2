"""The white noise: images as they were shown, cropped, in one array."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import DataError, problems
from retina_data import arrays
from retina_data.movies import Stimulus
from retina_data.recordings import normalized
from retina_data.repository import converted
from retina_data.sridhar_2025 import files
from retina_data.sridhar_2025.constants import CROP, NOISE, SIZE, WINDOW


def shown(name: str, root: Path, data: files.Arrays) -> tuple[Stimulus, Stimulus]:
    """Give what was shown in training and test of a session."""
    count = data["train_responses"].shape[2]
    train_folder = files.need(root, f"non_repeating_stimuli_{NOISE[name]}")
    test_file = files.need(root, f"repeating_stimuli_{NOISE[name]}/all_images.npy")
    trials = {
        int(m[1]): p for p in train_folder.iterdir() if (m := re.match(r"trial_(\d+)", p.name))
    }
    missing = [f"trial_{i:03d}/all_images.npy: missing" for i in range(count) if i not in trials]
    if missing:
        raise problems(f"session {name!r} does not fit together", missing, path=train_folder)

    def pack(_: Path, target: Path) -> None:
        files.save(
            target, np.concatenate([_noise(trials[i] / "all_images.npy") for i in range(count)])
        )

    packed = np.load(converted(train_folder, f"noise-v1-{count}.npy", pack), mmap_mode="c")
    test = _noise(test_file)[: data["test_responses"].shape[1]]
    movie, tests = normalized(packed[np.newaxis], {"test": test[np.newaxis]}, path=train_folder)
    return Stimulus.whole(movie), Stimulus.whole(tests["test"])


def _noise(path: Path) -> npt.NDArray[Any]:
    """Read images ``(height, width, time)`` and give ``(time, height, width)``, cropped."""
    images = arrays.load(path)
    if images.ndim != 3 or images.shape[:2] != WINDOW:
        raise DataError(
            "noise has the wrong shape", path=path, expected=(*WINDOW, "time"), found=images.shape
        )
    rows, columns = (slice(c, c + n) for c, n in zip(CROP, SIZE, strict=True))
    return np.ascontiguousarray(images[rows, columns].transpose(2, 0, 1))
