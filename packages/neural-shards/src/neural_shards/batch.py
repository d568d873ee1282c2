"""Samples gathered into a batch: arrays straight from the map, the rest value by value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.index import Column
from neural_shards.names import METADATA
from neural_shards.samples import Samples
from neural_shards.shard import OpenShard
from neural_shards.stack import ABSENT, PLAIN, Allocate, Array, Policy, add, has_companion, stack
from neuroai_core.errors import DataError, NeuroAIError, NotFoundError, check_known


@dataclass
class _Group:
    """The samples of a batch that lie in one shard: their rows there, their places here."""

    shard: OpenShard
    rows: list[int]
    places: list[int]


def gather(
    samples: Samples,
    indices: npt.ArrayLike,
    modalities: Sequence[str] | None = None,
    *,
    policy: Policy = PLAIN,
    allocate: Allocate = np.empty,
) -> dict[str, Any]:
    """Read samples by number into one batch.

    Parameters
    ----------
    samples
        What to read from.
    indices
        Samples by number, shape ``(batch,)``.
    modalities
        Which to read; None reads all and the metadata.
    policy
        What to do where samples differ.
    allocate
        Makes the arrays, from shape and type.

    Returns
    -------
    By modality: arrays of shape ``(batch, ...)``; lists where there is no
    array. ``"metadata"`` is a list of dicts.
    """
    number, row = samples.locate(indices)
    groups = []
    for n in np.unique(number):
        places = np.flatnonzero(number == n)
        groups.append(_Group(samples.open(int(n)), row[places].tolist(), places.tolist()))
    size, batch = len(row), dict[str, Any]()
    known = samples.modalities if policy != PLAIN else {}
    for name in _names(groups, samples, modalities, policy):
        columns = [[c for c in group.shard.index.columns if c.modality == name] for group in groups]
        whole = None
        if not has_companion(known.get(name), policy):
            whole = _gather_plain(groups, columns, size, allocate)
        if whole is None:
            values = _values(groups, columns, size)
            where = partial(_where, groups)
            add(batch, stack(name, values, policy, known.get(name), allocate, where))
        else:
            add(batch, {name: whole})
    return batch


def _names(
    groups: Sequence[_Group], samples: Samples, modalities: Sequence[str] | None, policy: Policy
) -> list[str]:
    there = {c.modality: None for group in groups for c in group.shard.index.columns}
    if modalities is None:
        # What no sample of this batch has is lacking all the same.
        return list({**there, **dict.fromkeys(samples.modalities)})
    if not set(modalities) <= set(there):
        check_known("modality", modalities, [*samples.modalities, METADATA], key="modalities")
    return list(modalities)


def _gather_plain(
    groups: Sequence[_Group], columns: Sequence[Sequence[Column]], size: int, allocate: Allocate
) -> Array | None:
    """Copy a modality whose arrays are all of one shape and type; None if they are not."""
    if not columns or any(len(found) != 1 for found in columns):
        return None
    first = columns[0][0]
    shape, dtype = first.common_shape, first.dtype
    if shape is None or dtype is None or 0 in shape:
        return None
    if any((found[0].common_shape, found[0].dtype) != (shape, dtype) for found in columns):
        return None
    stored = np.dtype(dtype)
    out = allocate((size, *shape), stored.newbyteorder("="))
    target = out if stored.isnative else np.empty(out.shape, stored)
    raw = target.reshape(size, -1).view(np.uint8)
    for group, (column,) in zip(groups, columns, strict=True):
        group.shard.gather(column, group.rows, raw, group.places)
    if target is not out:
        out[...] = target
    return out


def _values(groups: Sequence[_Group], columns: Sequence[Sequence[Column]], size: int) -> list[Any]:
    values: list[Any] = [None] * size
    for group, found in zip(groups, columns, strict=True):
        for row, place in zip(group.rows, group.places, strict=True):
            for column in found:
                if column.offset[row]:
                    values[place] = group.shard.value(column, row)
                    break
            else:
                values[place] = ABSENT
    return values


def _where(groups: Iterable[_Group], place: int) -> dict[str, Any]:
    for group in groups:
        if place in group.places:
            row = group.rows[group.places.index(place)]
            return {"path": group.shard.path, "key": group.shard.key(row), "index": row}
    return {}


def readable(
    samples: Samples, indices: npt.ArrayLike, modalities: Sequence[str] | None
) -> tuple[npt.NDArray[np.bool_], list[NeuroAIError]]:
    """Try samples one by one: which can be read, and what is wrong with the others."""
    at = np.asarray(indices, dtype=np.int64)
    good, errors = np.ones(at.shape, dtype=bool), list[NeuroAIError]()
    for place, index in enumerate(at.tolist()):
        try:
            samples.sample(index, modalities)
        except (DataError, NotFoundError) as error:
            good[place] = False
            errors.append(error)
    return good, errors
