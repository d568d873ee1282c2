"""Recordings to shards: the simple face and the full one."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import numpy as np

from neural_shards.__about__ import __version__
from neural_shards.nwb.find import series_in, usual
from neural_shards.nwb.plan import Plan, Sample, plan
from neural_shards.nwb.recording import Source, is_open, name_of, opened
from neural_shards.nwb.spec import ConversionSpec, Windows, modality
from neural_shards.nwb.specfile import plain_of
from neural_shards.parallel import Report, write_shards
from neural_shards.writer import WebDatasetWriter
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


class NWBToWebDatasetConverter:
    """Convert NWB recordings one by one into WebDataset shards of windows.

    Parameters
    ----------
    output_dir
        Folder of the set; empty, or with what an unfinished conversion left.
    shard_size
        Samples in a shard.
    modalities
        What to take: ``"spikes"``, ``"lfp"``, ``"behavior"``, ``"eeg"``, ``"ophys"``,
        ``"fmri"``, ``"video"``, ``"stimulus"``, ``"trials"``, or the name of a series.
        The default is what the first recording has of the usual ones.
    bin_size_ms
        Width of a bin in milliseconds.
    sequence_length
        Bins in a sample.
    overlap
        The part of a window that the next one repeats, ``0 <= overlap < 1``.
    spec
        All of it in full, instead of the four above; see `ConversionSpec` and `read_spec`.
    compression, overwrite
        As of `WebDatasetWriter`.
    """

    @strict_arguments
    def __init__(
        self,
        output_dir: str | os.PathLike[str],
        shard_size: int = 1000,
        modalities: Sequence[str] | None = None,
        bin_size_ms: float = 10.0,
        sequence_length: int = 100,
        overlap: float = 0.5,
        *,
        spec: ConversionSpec | None = None,
        compression: str = "none",
        overwrite: bool = False,
    ) -> None:
        self._spec_for = functools.partial(
            _spec, spec, modalities, bin_size_ms, sequence_length, overlap
        )
        known = self._spec_for(("spikes",))  # a wrong setting is found before anything is written
        self._spec = known if modalities is not None or spec is not None else None
        self._writer = WebDatasetWriter(
            output_dir, shard_size, compression, metadata={"sessions": []}, overwrite=overwrite
        )

    def convert_nwb_file(self, path: Source) -> int:
        """Convert one recording.

        Parameters
        ----------
        path
            A path (HDF5 or Zarr), an address, or an open ``pynwb.NWBFile``.

        Returns
        -------
        The number of samples that it gave.

        Raises
        ------
        NotFoundError, DataError
            If the recording or what is to be taken of it is not there, or is damaged.
        """
        if self._spec is None:
            self._spec = self._spec_for(_common([path]))
        planned = plan(path, self._spec)
        for sample, metadata in planned.samples():
            self._writer.write_sample(sample, metadata)
        self._writer.metadata["sessions"].append(dict(planned.session))
        return len(planned)

    def convert_nwb_files(self, paths: Iterable[Source]) -> int:
        """Convert recordings one after the other; gives the number of samples.

        The function `convert_nwb_files` does it with many processes, and goes on where it
        was stopped.
        """
        return sum(self.convert_nwb_file(path) for path in paths)

    def finalize(self) -> dict[str, Any]:
        """Close the last shard, write the manifest, and give what it says."""
        return self._writer.finalize()


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
    What the manifest of the set says.
    """
    sources = list(paths)
    if executor is not None and not isinstance(executor, ThreadPoolExecutor):
        _reject_open(sources)
    make = functools.partial(_spec, spec, modalities, bin_size_ms, sequence_length, overlap)
    recordings = Recordings(_plans(sources, make, executor))
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
    taken and not taken, its grid, and why bins and windows were left out.
    """
    make = functools.partial(_spec, spec, modalities, bin_size_ms, sequence_length, overlap)
    plans = _plans(list(paths), make, executor)
    samples = sum(len(p) for p in plans)
    return {
        "samples": samples,
        "shards": -(-samples // shard_size),
        "recordings": [dict(p.report) for p in plans],
    }


def _spec(
    spec: ConversionSpec | None,
    modalities: Sequence[str] | None,
    bin_size_ms: float,
    sequence_length: int,
    overlap: float,
    there: Sequence[str],
) -> ConversionSpec:
    """Make the full specification of the simple one; `there` stands for unnamed modalities."""
    if spec is not None:
        if modalities is not None:
            raise InputError("modalities are named twice", key="modalities, spec")
        return spec
    if isinstance(modalities, str):
        raise InputError("modalities are a list of names", key="modalities", found=repr(modalities))
    names = {name: modality(name) for name in (there if modalities is None else modalities)}
    return ConversionSpec(names, bin_size_ms, Windows(sequence_length, overlap))


def _plans(
    sources: Sequence[Source],
    make: functools.partial[ConversionSpec],
    executor: Executor | None,
) -> list[Plan]:
    if not sources:
        raise InputError("there is no recording to convert", key="paths")
    named = make.args[0] is not None or make.args[1] is not None
    spec = make(("spikes",) if named else _common(sources))
    if executor is None:
        return [plan(source, spec) for source in sources]
    futures = [executor.submit(plan, source, spec) for source in sources]
    try:
        return [future.result() for future in futures]
    finally:
        for future in futures:
            future.cancel()


def _common(sources: Sequence[Source]) -> tuple[str, ...]:
    """Give the usual modalities that all recordings have."""
    common: tuple[str, ...] | None = None
    paths: list[str] = []
    for source in sources:
        with opened(source) as recording:
            found, paths = usual(recording.file), list(series_in(recording.file))
        common = found if common is None else tuple(name for name in common if name in found)
    if not common:
        raise InputError(
            "there is nothing that is usually taken and that all recordings have",
            key="modalities",
            path=", ".join(name_of(source) for source in sources[:3]),
            found="series " + ", ".join(paths) if paths else "no series at all",
            hint="name the modalities or series to take",
        )
    return common


def _reject_open(sources: Sequence[Source]) -> None:
    for source in sources:
        if is_open(source):
            raise InputError(
                "an open recording cannot be sent to other processes",
                key="executor",
                path=name_of(source),
                hint="give its path, or a ThreadPoolExecutor, or no executor",
            )
