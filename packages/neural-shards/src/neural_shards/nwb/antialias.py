"""A zero-phase low-pass at the grid's rate, evaluated at the middles of bins only.

A Kaiser-windowed sinc: flat to 0.8 of the grid's Nyquist frequency, 70 dB down from the
Nyquist frequency on (Kaiser & Schafer 1980, https://doi.org/10.1109/TASSP.1980.1163349).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.grid import Grid

ATTENUATION_DB = 70.0
#: Width of the transition from pass to stop band, as a part of the grid's rate.
TRANSITION = 0.1
#: How far the kernel reaches to either side, in bins.
REACH = (ATTENUATION_DB - 7.95) / (2.285 * 2 * np.pi * TRANSITION) / 2
#: Bins that are made together. Blocks stand at fixed places of the grid, so a bin comes out
#: the same to the last bit whichever stretch of bins is asked for.
BLOCK = 32
#: Points of the kernel's table in one bin; between them it is linear, 1e-7 off at most.
FINE = 2048


@lru_cache(maxsize=1)
def _table() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    x = np.arange(int(np.ceil(REACH * FINE)) + 2) / FINE
    beta = 0.1102 * (ATTENUATION_DB - 8.7)
    inside = np.sqrt(np.clip(1 - (x / REACH) ** 2, 0, None))
    window = np.where(x <= REACH, np.i0(beta * inside) / np.i0(beta), 0.0)
    cutoff = 1.0 - TRANSITION  # twice the middle of the transition, in cycles a bin
    return x, cutoff * np.sinc(cutoff * x) * window


def kernel(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Give the kernel at distances in bins; its integral is about 1."""
    where, values = _table()
    made: npt.NDArray[np.float64] = np.interp(np.abs(x), where, values, right=0.0)
    return made


def low_passed(
    times: npt.NDArray[np.float64],
    values: npt.NDArray[Any],
    grid: Grid,
    first: int,
    stop: int,
    width_s: float,
) -> npt.NDArray[Any]:
    """Low-pass samples and give the result at the middles of bins ``first .. stop - 1``.

    Parameters
    ----------
    times
        Of the samples in seconds, rising, without a gap. Beyond its ends the signal is
        taken to go on turned about its end point, which keeps straight lines straight.
    values
        Numbers, ``(samples, channels)``.
    width_s
        The scale of the kernel: the bin, or the step between samples where that is longer.

    Returns
    -------
    ``(stop - first, channels)``, float32 for numbers of 16 bits and float32, else float64.
    """
    dtype = np.float32 if values.dtype.itemsize <= 2 or values.dtype == np.float32 else np.float64
    made = np.empty((stop - first, values.shape[1]), dtype=dtype)
    times, values = _extended(times, values.astype(dtype), REACH * width_s)
    weights = _spacing(times)
    for block in range(first // BLOCK, (stop - 1) // BLOCK + 1):
        a, b = block * BLOCK, (block + 1) * BLOCK
        centres = grid.centres(a, b)
        i, j = np.searchsorted(times, [centres[0] - REACH * width_s, centres[-1] + REACH * width_s])
        matrix = kernel((centres[:, None] - times[i:j]) / width_s) * weights[i:j]
        total = matrix.sum(axis=1, keepdims=True)
        matrix /= np.where(np.abs(total) < 1e-12, 1.0, total)
        out = matrix.astype(dtype) @ values[i:j]
        c, d = max(a, first), min(b, stop)
        made[c - first : d - first] = out[c - a : d - a]
    return made


def _extended(
    times: npt.NDArray[np.float64], values: npt.NDArray[Any], reach_s: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[Any]]:
    """Turn the signal about its first and last point, for as far as the kernel reaches."""
    left = int(np.searchsorted(times, times[0] + reach_s, side="right"))
    right = int(np.searchsorted(times, times[-1] - reach_s))
    head, tail = slice(left - 1, 0, -1), slice(len(times) - 2, max(right - 1, 0) or None, -1)
    if right <= 0:
        tail = slice(len(times) - 2, None, -1)
    return (
        np.concatenate([2 * times[0] - times[head], times, 2 * times[-1] - times[tail]]),
        np.concatenate([2 * values[0] - values[head], values, 2 * values[-1] - values[tail]]),
    )


def _spacing(times: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Give the time for which each sample stands."""
    if len(times) < 2:
        return np.ones(len(times))
    steps = np.diff(times)
    return np.asarray((np.append(steps[0], steps) + np.append(steps, steps[-1])) / 2)
