"""Arrays whose first axis counts the samples, as shards."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

from neural_shards.names import check_modalities
from neural_shards.parallel import Report, Sample, write_shards
from neuroai_core.errors import InputError, strict_arguments


class ArraySource:
    """Samples that are rows of arrays in memory (or mapped into it).

    Parameters
    ----------
    arrays
        By modality, the first axis counts the samples.
    sample_metadata
        One mapping a sample, if there is something to say about each.
    """

    def __init__(
        self,
        arrays: Mapping[str, Any],
        sample_metadata: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        check_modalities(arrays)
        lengths = {name: _length(name, array) for name, array in arrays.items()}
        if sample_metadata is not None:
            lengths["sample_metadata"] = len(sample_metadata)
        if len(set(lengths.values())) != 1:
            raise InputError(
                "the arrays have different numbers of samples",
                key="data_dict",
                expected="one array at least, and the same length of all first axes",
                found=", ".join(f"{name}: {n}" for name, n in lengths.items()) or "no array",
            )
        self._arrays = dict(arrays)
        self._metadata = sample_metadata
        self._n = next(iter(lengths.values()))

    def __len__(self) -> int:
        return self._n

    def samples(self, start: int, stop: int) -> Iterator[Sample]:
        """Give the rows from `start` up to `stop`."""
        for row in range(start, stop):
            metadata = {} if self._metadata is None else self._metadata[row]
            # The ellipsis keeps a single number an array, with its type.
            yield {name: array[row, ...] for name, array in self._arrays.items()}, metadata

    def identity(self) -> None:
        """Nothing says cheaply whether arrays in memory are those of an earlier run."""
        return


@strict_arguments
def create_shards_from_arrays(
    output_dir: str | os.PathLike[str],
    data_dict: Mapping[str, Any],
    shard_size: int = 1000,
    compression: str = "none",
    *,
    metadata: Mapping[str, Any] | None = None,
    sample_metadata: Sequence[Mapping[str, Any]] | None = None,
    overwrite: bool = False,
    executor: Executor | None = None,
    report: Report | None = None,
) -> dict[str, Any]:
    """Write arrays as a set of shards, a sample a row of their first axis.

    Parameters
    ----------
    output_dir
        Folder of the set; it must be empty.
    data_dict
        Arrays (NumPy, memory mapped, torch) by modality. Modality names are
        lower-case letters, digits, ``_`` and ``-``.
    shard_size, compression, overwrite
        As of `WebDatasetWriter`.
    metadata
        About the whole set, kept in its manifest.
    sample_metadata
        About each sample, one mapping a row.
    executor, report
        As of `write_shards`; with arrays in memory, threads suit best.

    Returns
    -------
    What the manifest says, as `WebDatasetWriter.finalize`.

    Examples
    --------
    >>> import numpy as np
    >>> data = {"spikes": np.zeros((2500, 10, 4)), "behavior": np.zeros((2500, 10, 2))}
    >>> summary = create_shards_from_arrays("shards", data, shard_size=1000)
    >>> summary["total_samples"], summary["total_shards"]
    (2500, 3)
    """
    return write_shards(
        ArraySource(data_dict, sample_metadata),
        output_dir,
        shard_size=shard_size,
        compression=compression,
        metadata=metadata,
        overwrite=overwrite,
        executor=executor,
        report=report,
    )


def _length(name: str, array: Any) -> int:
    shape = getattr(array, "shape", None)
    if not shape:
        raise InputError(
            "this is no array of samples",
            key=name,
            expected="an array whose first axis counts the samples",
            found=f"{type(array).__name__}" + ("" if shape is None else " of no axes"),
        )
    return int(shape[0])
