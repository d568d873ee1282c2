"""A source of known length into shards, by any number of processes, threads or machines."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, as_completed
from pathlib import Path
from typing import Any, Protocol

from neural_shards import folder, names
from neural_shards.index import ENDING, ShardIndex
from neural_shards.manifest import Manifest, Shard, combine, describe
from neural_shards.shard_file import ShardFile
from neural_shards.writer import check_options
from neuroai_core.errors import DataError, InputError, NeuroAIError
from neuroai_core.files import checksum
from neuroai_core.rng import digest as digest_of

#: A sample by modality, and what is said about it.
Sample = tuple[Mapping[str, Any], Mapping[str, Any]]
#: Called with the samples that are written and all there are.
Report = Callable[[int, int], None]


class Source(Protocol):
    """What can be cut into shards anywhere: its samples are known by number.

    With an executor of processes it is pickled for every shard, so it should
    hold paths and open them in `samples`, not hold the data.
    """

    def __len__(self) -> int:
        """Count the samples."""
        ...

    def samples(self, start: int, stop: int) -> Iterable[Sample]:
        """Give the samples from `start` up to `stop`, in order.

        A sample is named by its number, or by the ``"sample_id"`` in its
        metadata, which is unique in its shard.
        """
        ...

    def identity(self) -> str | None:
        """Say in a text what the samples are a function of, such as paths, sizes and times.

        A killed run goes on where it stopped if that is the same as before.
        None: that is not known, and a killed run starts anew.
        """
        ...


def write_shards(
    source: Source,
    output_dir: str | os.PathLike[str],
    *,
    shard_size: int = 1000,
    compression: str = "none",
    metadata: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    executor: Executor | None = None,
    report: Report | None = None,
) -> dict[str, Any]:
    """Write a source of known length as a set of shards.

    The bytes are the same for every executor and number of workers. A run
    that was killed is run again: it writes what is missing.

    Parameters
    ----------
    source
        Gives the samples by number.
    output_dir, shard_size, compression, metadata, overwrite
        As of `WebDatasetWriter`.
    executor
        Any `concurrent.futures.Executor`: of processes, threads, or what
        Dask, MPI and Slurm offer. Each task writes one shard; the folder must
        be the same on all machines. None: one after the other, here.
    report
        Called as shards are finished.

    Returns
    -------
    What the manifest says, as `WebDatasetWriter.finalize`.

    Raises
    ------
    DataError, InputError
        The first one that a shard ends with; none is lost, no manifest is
        written, and what was not begun is not begun any more.
    """
    check_options(shard_size, compression)
    path, n = Path(output_dir), len(source)
    identity = source.identity()
    plan = None
    if identity is not None:
        plan = digest_of(identity, n, shard_size, compression).hex()
    goes_on = folder.begin(path, overwrite=overwrite, plan=plan)
    tasks = [
        (source, path / names.shard_name(number, compression), start, min(start + shard_size, n))
        for number, start in enumerate(range(0, n, shard_size))
    ]
    done = _run(executor, [(*task, compression, goes_on) for task in tasks], report, n)
    shards = [done[number] for number in range(len(tasks))]
    modalities: dict[str, dict[str, Any]] | None = None
    for _, described in shards:
        modalities = combine(modalities, described)
    manifest = Manifest(
        tuple(s for s, _ in shards), modalities or {}, shard_size, compression, metadata or {}
    )
    summary = manifest.write(path)
    folder.finish(path)
    return summary


_Written = tuple[Shard, dict[str, dict[str, Any]]]
_Task = tuple[Source, Path, int, int, str, bool]


def _run(
    executor: Executor | None, tasks: list[_Task], report: Report | None, total: int
) -> dict[int, _Written]:
    done: dict[int, _Written] = {}
    written = 0
    for number, result in _results(executor, tasks):
        done[number] = result
        written += result[0].samples
        if report is not None:
            report(written, total)
    return done


def _results(executor: Executor | None, tasks: list[_Task]) -> Iterator[tuple[int, _Written]]:
    if executor is None:
        for number, task in enumerate(tasks):
            yield number, _write_shard(*task)
        return
    futures: dict[Future[_Written], int] = {
        executor.submit(_write_shard, *task): number for number, task in enumerate(tasks)
    }
    try:
        # Other libraries' futures are not always hashable by what as_completed
        # gives back, so each is looked up as it is.
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        for future in futures:
            future.cancel()


def _write_shard(
    source: Source, path: Path, start: int, stop: int, compression: str, keep: bool
) -> _Written:
    """Write one shard; a finished one of the same plan is kept. Runs in any process."""
    kept = _finished(path, stop - start) if keep else None
    if kept is not None:
        return kept
    shard = ShardFile(path, compression)
    try:
        ids = set[object]()
        for number, (sample, metadata) in enumerate(source.samples(start, stop), start):
            about = dict(metadata)
            own_id = about.pop("sample_id", names.sample_id(number + 1))
            if own_id in ids:
                raise InputError(
                    "two samples of a shard have the same id", key="sample_id", found=own_id
                )
            shard.write(own_id, sample, about)
            ids.add(own_id)
        if len(shard) != stop - start:
            raise DataError(
                "a source gave the wrong number of samples",
                path=path,
                expected=f"{stop - start} from {start}",
                found=len(shard),
            )
    except NeuroAIError as error:
        error.path = path if error.path is None else error.path
        shard.abort(error)
        raise
    except BaseException as error:
        shard.abort(error)
        raise
    written, index = shard.close()
    return written, describe(index)


def _finished(path: Path, samples: int) -> _Written | None:
    """Look up a shard that an earlier run finished; None if it did not."""
    beside = path.with_name(path.name + ENDING)
    if not (path.is_file() and beside.is_file()):
        return None
    try:
        index = ShardIndex.from_bytes(beside.read_bytes(), beside)
    except DataError:
        return None
    if len(index) != samples:
        return None
    size = path.stat().st_size
    shard = Shard(path.name, samples, size, checksum(path), index.digest)
    return shard, describe(index)
