"""A data set in two: training and validation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import InputError
from neuroai_core.rng import generator

Indices = npt.NDArray[np.int64]


def split_indices(
    labels: Sequence[int] | npt.NDArray[np.integer],
    val_ratio: float,
    *,
    seed: int = 0,
    stratified: bool = False,
) -> tuple[Indices, Indices]:
    """Draw which samples are for validation.

    Parameters
    ----------
    labels
        The label of each sample.
    val_ratio
        The part for validation, from 0 to below 1; rounded to whole samples.
    seed
        Of the draw.
    stratified
        Draw the same part of every class.

    Returns
    -------
    train, val
        Indices, ascending; each sample is in one of them.

    Examples
    --------
    >>> train, val = split_indices([0] * 8 + [1] * 4, 0.25, stratified=True)
    >>> len(train), [int(i) // 8 for i in val]
    (9, [0, 0, 1])
    """
    if not 0 <= val_ratio < 1:
        raise InputError(
            "val_ratio is out of range", key="val_ratio", expected="0 to below 1", found=val_ratio
        )
    groups = np.asarray(labels) if stratified else np.zeros(len(labels), dtype=np.int64)
    held = np.zeros(len(labels), dtype=bool)
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        count = int(np.floor(val_ratio * len(members) + 0.5))
        drawn = generator(seed, "split", int(group)).permutation(len(members))[:count]
        held[members[drawn]] = True
    return np.flatnonzero(~held), np.flatnonzero(held)
