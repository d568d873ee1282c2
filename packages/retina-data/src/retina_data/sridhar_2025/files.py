"""The files of Sridhar et al. 2025: responses, arrays, and where they lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import NotFoundError, problems
from retina_data import hdf5
from retina_data.repository import unpacked, unpickled
from retina_data.sridhar_2025.constants import TEST_TRIALS_01

Arrays = dict[str, npt.NDArray[Any]]


def find(root: Path, pattern: str) -> Path | None:
    """Find a file or folder, inside the archives too where it is not beside them."""
    for place in (root, *(unpacked(a) for a in sorted(root.glob("*.zip")))):
        if found := next(iter(sorted(place.rglob(pattern))), None):
            return found
    return None


def need(root: Path, pattern: str) -> Path:
    """Find a file or folder, or raise `NotFoundError`."""
    found = find(root, pattern)
    if found is None:
        raise NotFoundError("a file of the data set is not there", path=root, key=pattern)
    return found


def responses(name: str, path: Path) -> Arrays:
    """Read ``train_responses`` and ``test_responses``, ``(neurons, time, trials)``."""
    keys = ("train_responses", "test_responses")
    with hdf5.opened(unpickled(path)) as content:
        arrays = {k: np.asarray(content[k], np.float32) for k in keys if k in content}
        seeds = "seeds" in content
    found = [f"{key}: missing" for key in keys if key not in arrays] + [
        f"{key}: shape {array.shape}, not (neurons, time, trials)"
        for key, array in arrays.items()
        if array.ndim != 3
    ]
    if not found and len({len(array) for array in arrays.values()}) > 1:
        found = [f"{key}: {len(array)} neurons" for key, array in arrays.items()]
    if found:
        raise problems(f"session {name!r} does not fit together", found, path=path)
    if name == "01" and seeds:
        arrays["test_responses"] = arrays["test_responses"][:, :, :TEST_TRIALS_01]
    return arrays


def save(target: Path, array: npt.NDArray[Any]) -> None:
    """Write an array under exactly this name."""
    with open(target, "wb") as file:
        np.save(file, array)
