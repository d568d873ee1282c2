"""Samples, one at a time, into shards."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from neural_shards import folder, names
from neural_shards.index import ShardIndex
from neural_shards.manifest import Manifest, Shard, combine, describe
from neural_shards.shard_file import ShardFile
from neuroai_core.errors import InputError, check_known, strict_arguments


class WebDatasetWriter:
    """Write multi-modal samples into WebDataset shards.

    Every shard appears whole or not at all, the manifest last. A writer that
    was killed is simply run again on the same folder: the same samples give
    the same bytes.

    Parameters
    ----------
    output_dir
        Folder of the set. It must be empty, or hold what an unfinished
        writer left.
    shard_size
        Samples in a shard; 500 to 2000 suit most sets.
    compression
        ``"none"``: read fastest, memory mapped. ``"gz"``, ``"bz2"``,
        ``"xz"``: the whole tar. ``"zstd"``: each array for itself, which
        keeps random access (needs the extra ``zstd``).
    metadata
        About the whole set, kept in its manifest; may be changed until
        `finalize`.
    overwrite
        Clear a shard set that is in the folder.
    pickled
        Store arrays as ``.pyd`` pickles instead of ``.npy``, for readers that
        know nothing else. Reading them back is unsafe and slow.

    Examples
    --------
    >>> import numpy as np
    >>> with WebDatasetWriter("shards", shard_size=2) as writer:
    ...     for trial in range(3):
    ...         sample = {"spikes": np.zeros((100, 96)), "choice": "left"}
    ...         writer.write_sample(sample, metadata={"trial": trial})
    >>> writer.summary["total_shards"], writer.summary["modalities"]["choice"]
    (2, {'kind': 'json'})
    """

    @strict_arguments
    def __init__(
        self,
        output_dir: str | os.PathLike[str],
        shard_size: int = 1000,
        compression: str = "none",
        *,
        metadata: Mapping[str, Any] | None = None,
        overwrite: bool = False,
        pickled: bool = False,
    ) -> None:
        check_options(shard_size, compression)
        self.output_dir = Path(output_dir)
        self.shard_size = shard_size
        self.compression = compression
        self.metadata: dict[str, Any] = dict(metadata or {})
        self.summary: dict[str, Any] | None = None
        self._pickled = pickled
        self._shards: list[Shard] = []
        self._modalities: dict[str, dict[str, Any]] | None = None
        self._ids: set[str] = set()
        self._written = 0
        self._file: ShardFile | None = None
        folder.begin(self.output_dir, overwrite=overwrite)

    def write_sample(
        self,
        sample: Mapping[str, Any],
        metadata: Mapping[str, Any] | None = None,
        *,
        sample_id: str | None = None,
    ) -> None:
        """Add a sample.

        Parameters
        ----------
        sample
            By modality: arrays and tensors, bytes; numbers, text, booleans,
            None and lists and dicts of them.
        metadata
            About this sample, plain values as in JSON.
        sample_id
            A name of its own, unique in its shard; by default
            ``sample_000000001`` and so on.

        Raises
        ------
        InputError
            If a name or a value cannot be stored. Nothing of the sample was
            written then, and the next one may be.
        """
        if self.summary is not None:
            raise InputError("this writer has been finalized")
        own_id = names.sample_id(self._written + 1) if sample_id is None else sample_id
        if own_id in self._ids:
            raise InputError(
                "two samples of a shard have the same id", key="sample_id", found=own_id
            )
        if self._file is None:
            name = names.shard_name(len(self._shards), self.compression)
            self._file = ShardFile(self.output_dir / name, self.compression, pickled=self._pickled)
        self._file.write(own_id, sample, metadata or {})
        self._ids.add(own_id)
        self._written += 1
        if len(self._file) >= self.shard_size:
            self._close_shard(self._file)

    def finalize(self) -> dict[str, Any]:
        """Close the last shard and write the manifest.

        Returns
        -------
        What the manifest says: ``total_samples``, ``total_shards``,
        ``shard_size``, ``compression``, ``modalities``, ``metadata``,
        ``shards``.
        """
        if self.summary is None:
            if self._file is not None and len(self._file) == 0:
                self.abort()
            elif self._file is not None:
                self._close_shard(self._file)
            parts = (self._modalities or {}, self.shard_size, self.compression, self.metadata)
            self.summary = Manifest(tuple(self._shards), *parts).write(self.output_dir)
            folder.finish(self.output_dir)
        return self.summary

    def abort(self) -> None:
        """Give up the shard under way; the finished ones stay, without a manifest."""
        if self._file is not None:
            self._file.abort(InterruptedError("given up"))
            self._file = None

    def _close_shard(self, file: ShardFile) -> None:
        self._file = None
        shard, index = file.close()
        self._add(shard, index)
        self._ids.clear()

    def _add(self, shard: Shard, index: ShardIndex) -> None:
        self._shards.append(shard)
        self._modalities = combine(self._modalities, describe(index))

    def __enter__(self) -> WebDatasetWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.finalize()
        else:
            self.abort()


def check_options(shard_size: int, compression: str) -> None:
    """Raise `InputError` if shards cannot be written like this."""
    check_known("compression", [compression], names.COMPRESSIONS, key="compression")
    if shard_size < 1:
        raise InputError(
            "a shard holds at least one sample", key="shard_size", expected=">= 1", found=shard_size
        )
