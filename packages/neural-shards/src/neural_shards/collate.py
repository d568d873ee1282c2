"""Samples of a loader put together into a batch of tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neural_shards.names import METADATA
from neural_shards.stack import ABSENT, Missing, Policy, Ragged, add, stack
from neuroai_core.errors import InputError, strict_arguments
from neuroai_core.extras import require


@strict_arguments
def collate_webdataset(
    batch: Sequence[Mapping[str, Any]], ragged: Ragged = "list", missing: Missing = "error"
) -> dict[str, Any]:
    """Put samples together: the ``collate_fn`` of a torch `DataLoader` over a `WebDatasetLoader`.

    Parameters
    ----------
    batch
        Samples, as a loader gives them.
    ragged
        Arrays of different shapes: ``"list"``, ``"pad"`` (with a mask), ``"chain"``
        (with offsets) or ``"error"``; see `Policy`.
    missing
        A modality that some samples lack: ``"error"`` or ``"mask"``.

    Returns
    -------
    By modality a tensor ``(batch, ...)``, or a list where there is none;
    ``"metadata"`` is a list of dicts.

    Raises
    ------
    DataError
        As `ragged` and `missing` say; a batch never gets shorter.
    """
    if not batch:
        raise InputError("there is nothing to collate", key="batch")
    policy, together = Policy(ragged, missing), dict[str, Any]()
    for name in {name: None for sample in batch for name in sample}:
        values = [_as_numpy(sample.get(name, ABSENT)) for sample in batch]
        add(together, stack(name, values, policy, None, np.empty, lambda at: {"index": at}))
    return as_tensors(together)


def as_tensors(batch: Mapping[str, Any]) -> dict[str, Any]:
    """Make tensors of the arrays of a batch, also of those in a list; they share the memory."""
    torch = require("torch", package="neural-shards", extra="torch")

    def tensor(value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
            return torch.from_numpy(value)
        return value

    return {
        name: [tensor(v) for v in value]
        if isinstance(value, list) and name != METADATA
        else tensor(value)
        for name, value in batch.items()
    }


def _as_numpy(value: Any) -> Any:
    return value.numpy() if hasattr(value, "numpy") and hasattr(value, "requires_grad") else value
