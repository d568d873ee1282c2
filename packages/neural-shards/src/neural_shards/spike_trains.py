"""Spike trains as samples: times that differ in number, and counts made of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.values import Array
from neuroai_core.errors import DataError, InputError, strict_arguments


@strict_arguments
def flatten_spike_trains(trains: Sequence[npt.ArrayLike], name: str = "spike") -> dict[str, Array]:
    """Make two modalities of the spike trains of some units: times in order, and whose each is.

    Parameters
    ----------
    trains
        Spike times of each unit in seconds, in any order; a silent unit has none.
    name
        What the modalities' names begin with.

    Returns
    -------
    ``<name>_times``, float64 in rising order, and ``<name>_units``, int32, both
    of shape ``(spikes,)``: two modalities of a sample for `WebDatasetWriter`.

    Examples
    --------
    >>> flatten_spike_trains([[0.3, 0.1], [], [0.2]])
    {'spike_times': array([0.1, 0.2, 0.3]), 'spike_units': array([0, 2, 0], dtype=int32)}
    """
    arrays = [np.asarray(train, dtype=np.float64) for train in trains]
    for unit, array in enumerate(arrays):
        if array.ndim != 1 or np.isnan(array).any():
            raise InputError(
                "this is no spike train",
                key="trains",
                index=unit,
                expected="times in seconds, one axis",
                found=f"shape {array.shape}" if array.ndim != 1 else "NaN",
            )
    times = np.concatenate([np.zeros(0), *arrays])
    units = np.repeat(np.arange(len(arrays), dtype=np.int32), [len(a) for a in arrays])
    order = np.argsort(times, kind="stable")
    return {f"{name}_times": times[order], f"{name}_units": units[order]}


@strict_arguments
def bin_spikes(
    batch: Mapping[str, Any],
    *,
    n_units: int,
    n_bins: int,
    bin_s: float,
    t_start: npt.ArrayLike = 0.0,
    name: str = "spike",
) -> Array:
    """Count the spikes of a batch of flat spike trains.

    Parameters
    ----------
    batch
        From a loader or `collate_webdataset`, with ``<name>_times`` and
        ``<name>_units``, chained, padded or as lists, of arrays or tensors.
    n_units, n_bins
        How many units and bins there are.
    bin_s
        Width of a bin in seconds. Bins are half open: a spike at a border
        belongs to the later one. Borders are the floats nearest to
        ``t_start + k * bin_s``, both taken as the decimals they are written
        as: 0.3 s lies on the third border of bins of 0.1 s.
    t_start
        Left edge of the first bin in seconds, one for all samples or one
        each. Spikes before it and after the last bin are not counted.
    name
        What the modalities' names begin with.

    Returns
    -------
    Counts, int32 of shape ``(batch, n_bins, n_units)``.

    Raises
    ------
    DataError
        If times and units do not belong together, or a unit is not below `n_units`.

    Examples
    --------
    >>> times, units = np.array([0.01, 0.02, 0.29, 0.05]), np.array([0, 1, 1, 0])
    >>> offsets = np.array([0, 3, 4])
    >>> batch = {"spike_times": times, "spike_times_offsets": offsets}
    >>> batch |= {"spike_units": units, "spike_units_offsets": offsets}
    >>> bin_spikes(batch, n_units=2, n_bins=3, bin_s=0.1)[0]
    array([[1, 1],
           [0, 0],
           [0, 1]], dtype=int32)
    """
    times, lengths = _flat(batch, f"{name}_times")
    units, same = _flat(batch, f"{name}_units")
    if lengths.tolist() != same.tolist():
        raise DataError(
            "spike times and units do not belong together",
            key=f"{name}_units",
            expected=lengths.tolist(),
            found=same.tolist(),
        )
    if units.size and (units.min() < 0 or units.max() >= n_units):
        raise DataError(
            "a spike is of a unit that there is not",
            key=f"{name}_units",
            expected=f"0 to {n_units - 1}",
            found=f"{units.min()} to {units.max()}",
        )
    sample = np.repeat(np.arange(len(lengths)), lengths)
    starts = np.broadcast_to(np.asarray(t_start, dtype=np.float64), lengths.shape)
    seconds, bins = times.astype(np.float64), np.zeros(len(times), dtype=np.int64)
    for start in np.unique(starts).tolist():
        its = (starts == start)[sample]
        bins[its] = np.searchsorted(_borders(start, bin_s, n_bins), seconds[its], "right") - 1
    inside = (bins >= 0) & (bins < n_bins)
    place = (sample * n_bins + np.where(inside, bins, 0)) * n_units + units
    counts = np.bincount(place[inside], minlength=len(lengths) * n_bins * n_units)
    return counts.astype(np.int32).reshape(len(lengths), n_bins, n_units)


def _borders(start: float, width: float, n: int) -> npt.NDArray[np.float64]:
    """Give the borders of `n` bins, each the float nearest to its exact decimal."""
    if not (math.isfinite(start) and math.isfinite(width) and width > 0):
        raise InputError(
            "these are no bins",
            key="bin_s, t_start",
            expected="a width above 0 and a start, in seconds",
            found=f"{width}, {start}",
        )
    first, step = Fraction(repr(start)), Fraction(repr(float(width)))
    bottom = math.lcm(first.denominator, step.denominator)
    at, by = int(first * bottom), int(step * bottom)
    return np.array([(at + k * by) / bottom for k in range(n + 1)])


def _flat(batch: Mapping[str, Any], name: str) -> tuple[Array, npt.NDArray[np.int64]]:
    """Give the values of all samples one behind the other, and how many each has."""
    if name not in batch:
        raise InputError("a batch lacks a modality", expected=name, found=", ".join(batch))
    values = batch[name]
    if isinstance(values, list):
        arrays = [np.asarray(value) for value in values]
        return np.concatenate(arrays), np.array([len(a) for a in arrays], dtype=np.int64)
    array = np.asarray(values)
    if f"{name}_offsets" in batch:
        return array, np.diff(np.asarray(batch[f"{name}_offsets"]))
    if f"{name}_mask" in batch:
        mask = np.asarray(batch[f"{name}_mask"])
        return array[mask], mask.sum(axis=1)
    return array.reshape(-1), np.full(len(array), array.shape[1], dtype=np.int64)
