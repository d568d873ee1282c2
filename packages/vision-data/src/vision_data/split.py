"""A data set in two: training and validation."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from torch.utils.data import Subset

from neuroai_core.errors import InputError, strict_arguments
from neuroai_core.rng import generator
from vision_data.folder import ImageFolder

Transform: TypeAlias = Callable[[Any], Any]
Indices = npt.NDArray[np.int64]


@strict_arguments
def split_folder(
    folder: str | os.PathLike[str],
    val_ratio: float,
    *,
    train_transform: Transform | None = None,
    test_transform: Transform | None = None,
    target_transform: Transform | None = None,
    seed: int = 0,
    stratified: bool = False,
) -> tuple[Subset[Any], Subset[Any]]:
    """Split a folder of images into a data set to train on and one to validate on.

    Parameters
    ----------
    folder
        A folder of class folders, see `ImageFolder`.
    val_ratio, seed, stratified
        As for `split_indices`.
    train_transform
        For the images to train on.
    test_transform
        For those to validate on: they never see the training's augmentation.
    target_transform
        For the labels of both.

    Returns
    -------
    train, val
        Data sets for `get_data_loader`; no image is in both.
    """
    train = ImageFolder(folder, train_transform, target_transform)
    val = ImageFolder(folder, test_transform, target_transform, table=train.table)
    places = split_indices(train.targets, val_ratio, seed=seed, stratified=stratified)
    return Subset(train, places[0].tolist()), Subset(val, places[1].tolist())


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
