"""Which stretches of bins become samples."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.runs import Runs
from neuroai_core import InputError

Starts = npt.NDArray[np.int64]


def step_of(length: int, overlap: float) -> int:
    """Give the bins from one window's start to the next one's: at least 1.

    Examples
    --------
    >>> step_of(100, 0.5), step_of(10, 0.99), step_of(10, 0.7)
    (50, 1, 3)
    """
    if length < 1:
        raise InputError(
            "a window holds no bin", key="sequence_length", expected="1 or more", found=length
        )
    if not 0 <= overlap < 1:
        raise InputError(
            "overlap is the part of a window that the next one repeats",
            key="overlap",
            expected="0 <= overlap < 1",
            found=overlap,
        )
    return max(int(length * (1 - overlap) + 1e-9), 1)


def continuous(runs: Runs, length: int, overlap: float) -> Starts:
    """Lay windows of one length into runs of bins; none crosses from one run to the next.

    Parameters
    ----------
    runs
        Sorted rows ``[first, stop)``; rows may touch.
    length
        Bins in a window.
    overlap
        The part of a window that the next one repeats.

    Returns
    -------
    The first bin of each window, rising.

    Examples
    --------
    >>> continuous(np.array([[0, 25], [25, 40]]), length=10, overlap=0.5).tolist()
    [0, 5, 10, 15, 25, 30]
    """
    step = step_of(length, overlap)
    starts = [np.arange(first, stop - length + 1, step) for first, stop in runs]
    return np.concatenate(starts).astype(np.int64) if starts else np.zeros(0, dtype=np.int64)
