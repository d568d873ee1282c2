"""Recordings to shards, in parallel over files and over time."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np

from neural_shards.__about__ import __version__
from neural_shards.nwb.plan import Plan, Sample, plan
from neural_shards.nwb.recording import Source, is_open, name_of
from neural_shards.nwb.report import check_any_window
from neural_shards.nwb.settings import spec_for
from neural_shards.nwb.spec import ConversionSpec
from neural_shards.nwb.specfile import plain_of
from neural_shards.parallel import Report, write_shards
from neuroai_core import InputError
from neuroai_core.errors import strict_arguments


class Recordings:
    """The windows of several recordings, by number: what `write_shards` cuts into shards.

    Parameters
    ----------
    plans
        One a recording, in the order of the samples.
    """

    def __init__(self, plans: Sequence[Plan]) -> None:
        self.plans = tuple(plans)
        self._ends = np.cumsum([len(p) for p in self.plans], dtype=np.int64)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def samples(self, start: int, stop: int) -> Iterator[Sample]:
        """Read the windows from `start` up to `stop`."""
        for planned, end in zip(self.plans, self._ends.tolist(), strict=True):
            first = end - len(planned)
            if first < stop and start < end:
                yield from planned.samples(max(start - first, 0), min(stop, end) - first)

    def identity(self) -> str | None:
        """Say what the samples are a function of; None with a recording in memory."""
        prints = [p.fingerprint for p in self.plans]
        if None in prints:
            return None
        specs = [plain_of(p.spec) for p in self.plans]
        return json.dumps([__version__, prints, specs], sort_keys=True)

    def metadata(self) -> dict[str, Any]:
        """Give what is stored once for the whole set: each recording's tables and grid."""
        return {"sessions": [dict(p.session) for p in self.plans]}


@strict_arguments
def convert_nwb_files(
    paths: Iterable[Source],
    output_dir: str | os.PathLike[str],
    *,
    spec: ConversionSpec | None = None,
    modalities: Sequence[str] | None = None,
    bin_size_ms: float = 10.0,
    sequence_length: int = 100,
    overlap: float = 0.5,
    shard_size: int = 1000,
    compression: str = "none",
    overwrite: bool = False,
    executor: Executor | None = None,
    report: Report | None = None,
) -> dict[str, Any]:
    """Convert recordings into one set of shards, in parallel over files and over time.

    The bytes are the same for every executor, and the same that
    `NWBToWebDatasetConverter` writes. A conversion that was killed is run again: it
    writes what is missing.

    Parameters
    ----------
    paths
        Paths (HDF5 or Zarr), addresses, or open ``pynwb.NWBFile``; these are not sent to
        other processes.
    spec, modalities, bin_size_ms, sequence_length, overlap
        As of `NWBToWebDatasetConverter`; without `modalities` it is what all recordings
        have of the usual ones.
    output_dir, shard_size, compression, overwrite, executor, report
        As of `write_shards`.

    Returns
    -------
    What the manifest of the set says; under ``metadata.sessions`` what each recording was
    made into, and how many bins and windows were left out why.

    Raises
    ------
    NotFoundError, DataError
        If a recording or what is to be taken of it is not there or damaged, or no window
        comes out of any.
    """
    sources = _listed(paths)
    if executor is not None and not isinstance(executor, ThreadPoolExecutor):
        _reject_open(sources)
    wanted = spec_for(
        sources,
        spec,
        modalities=modalities,
        bin_size_ms=bin_size_ms,
        sequence_length=sequence_length,
        overlap=overlap,
    )
    recordings = Recordings(_plans(sources, wanted, executor))
    check_any_window([p.session for p in recordings.plans])
    return write_shards(
        recordings,
        output_dir,
        shard_size=shard_size,
        compression=compression,
        metadata=recordings.metadata(),
        overwrite=overwrite,
        executor=executor,
        report=report,
    )


@strict_arguments
def preview_nwb_files(
    paths: Iterable[Source],
    *,
    spec: ConversionSpec | None = None,
    modalities: Sequence[str] | None = None,
    bin_size_ms: float = 10.0,
    sequence_length: int = 100,
    overlap: float = 0.5,
    shard_size: int = 1000,
    executor: Executor | None = None,
) -> dict[str, Any]:
    """Say what a conversion would take and how many windows there would be; write nothing.

    Parameters
    ----------
    paths, spec, modalities, bin_size_ms, sequence_length, overlap, shard_size, executor
        As of `convert_nwb_files`.

    Returns
    -------
    ``samples`` and ``shards`` of the set, and of each of the ``recordings`` what was found,
    taken and not taken, its grid, and why bins and windows were left out. Nothing is hashed.
    """
    sources = _listed(paths)
    wanted = spec_for(
        sources,
        spec,
        modalities=modalities,
        bin_size_ms=bin_size_ms,
        sequence_length=sequence_length,
        overlap=overlap,
    )
    plans = _plans(sources, replace(wanted, sha256=False), executor)
    samples = sum(len(p) for p in plans)
    return {
        "samples": samples,
        "shards": -(-samples // shard_size),
        "recordings": [dict(p.report) for p in plans],
    }


def _listed(paths: Iterable[Source]) -> list[Source]:
    sources = list(paths)
    if not sources:
        raise InputError("there is no recording to convert", key="paths")
    return sources


def _plans(
    sources: Sequence[Source], spec: ConversionSpec, executor: Executor | None
) -> list[Plan]:
    if executor is None or len(sources) == 1:  # one is done here, while the workers start
        return [plan(source, spec) for source in sources]
    futures = [executor.submit(plan, source, spec) for source in sources]
    try:
        return [future.result() for future in futures]
    finally:
        for future in futures:
            future.cancel()


def _reject_open(sources: Sequence[Source]) -> None:
    for source in sources:
        if is_open(source):
            raise InputError(
                "an open recording cannot be sent to other processes",
                key="executor",
                path=name_of(source),
                hint="give its path, or a ThreadPoolExecutor, or no executor",
            )
