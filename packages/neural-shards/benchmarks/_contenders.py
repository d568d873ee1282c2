"""The same arrays written and read by each contender; run by reading.py and writing.py."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import sys
import time
from pathlib import Path

import numpy as np

SHAPES = {"spikes": (100, 96), "lfp": (64, 1000), "behavior": (100, 2)}
if os.environ.get("SMALL"):
    del SHAPES["lfp"]
BATCH = 64
SECONDS = 1.0
SHARD = 500


def arrays(n):
    rng = np.random.default_rng(0)
    return {
        name: rng.standard_normal((n, *shape), dtype=np.float32) for name, shape in SHAPES.items()
    }


def write_neural_shards(folder, data):
    from neural_shards import create_shards_from_arrays

    create_shards_from_arrays(folder, data, shard_size=SHARD)


def write_webdataset(folder, data):
    import webdataset

    folder.mkdir()
    pattern = str(folder / "shard-%06d.tar")
    with webdataset.ShardWriter(pattern, maxcount=SHARD, verbose=0) as sink:
        for i in range(len(data["spikes"])):
            members = {f"{name}.npy": array[i] for name, array in data.items()}
            sink.write({"__key__": f"sample_{i:09d}", **members})


def write_mosaicml(folder, data):
    from streaming import MDSWriter

    columns = {name: f"ndarray:float32:{','.join(map(str, s))}" for name, s in SHAPES.items()}
    size = sum(4 * int(np.prod(s)) for s in SHAPES.values()) * SHARD
    with MDSWriter(out=str(folder), columns=columns, size_limit=size) as out:
        for i in range(len(data["spikes"])):
            out.write({name: array[i] for name, array in data.items()})


def write_litdata(folder, data):
    from litdata.streaming.writer import BinaryWriter

    folder.mkdir()
    size = sum(4 * int(np.prod(s)) for s in SHAPES.values()) * SHARD
    writer = BinaryWriter(cache_dir=str(folder), chunk_bytes=size)
    for i in range(len(data["spikes"])):
        writer[i] = {name: array[i] for name, array in data.items()}
    writer.done()
    writer.merge()


def write_raw(folder, data):
    folder.mkdir()
    for name, array in data.items():
        with open(folder / f"{name}.npy", "wb") as file:
            np.save(file, array)
            file.flush()
            os.fsync(file.fileno())


def read_neural_shards(folder, workers, shuffle):
    from neural_shards import create_webdataset_dataloader

    return create_webdataset_dataloader(
        folder,
        BATCH,
        workers,
        shuffle,
        modalities=list(SHAPES),
        buffer_size=1000,
        persistent_workers=workers > 0,
    )


def read_webdataset(folder, workers, shuffle):
    import torch
    import webdataset

    urls = sorted(map(str, folder.glob("*.tar")))
    data = webdataset.WebDataset(urls, shardshuffle=len(urls) if shuffle else False)
    data = (data.shuffle(1000) if shuffle else data).decode()
    data = data.to_tuple(*(f"{name}.npy" for name in SHAPES)).batched(BATCH)
    return torch.utils.data.DataLoader(
        data, batch_size=None, num_workers=workers, persistent_workers=workers > 0
    )


def read_mosaicml(folder, workers, shuffle):
    import streaming
    import torch

    streaming.base.util.clean_stale_shared_memory()
    data = streaming.StreamingDataset(
        local=str(folder), batch_size=BATCH, shuffle=shuffle, shuffle_block_size=1000
    )
    return torch.utils.data.DataLoader(
        data, batch_size=BATCH, num_workers=workers, persistent_workers=workers > 0
    )


def read_litdata(folder, workers, shuffle):
    import litdata

    data = litdata.StreamingDataset(str(folder), shuffle=shuffle)
    return litdata.StreamingDataLoader(
        data, batch_size=BATCH, num_workers=workers, persistent_workers=workers > 0
    )


def read_memory(folder, workers, shuffle):
    """Gather the same rows from arrays in memory: the limit."""
    data = {name: np.load(folder / f"{name}.npy") for name in SHAPES}
    n = len(data["spikes"])

    class Loader:
        def __iter__(self):
            order = np.random.default_rng(0).permutation(n) if shuffle else np.arange(n)
            for start in range(0, n, BATCH):
                rows = order[start : start + BATCH]
                yield {name: array[rows] for name, array in data.items()}

    return Loader()


WRITERS = {
    "neural-shards": write_neural_shards,
    "webdataset": write_webdataset,
    "mosaicml": write_mosaicml,
    "litdata": write_litdata,
    "raw": write_raw,
}
READERS = {
    "neural-shards": read_neural_shards,
    "webdataset": read_webdataset,
    "mosaicml": read_mosaicml,
    "litdata": read_litdata,
    "memory": read_memory,
}


def first(batch):
    return batch[0] if isinstance(batch, list | tuple) else batch["spikes"]


def cpu_seconds():
    """Give the CPU time of this process and of its workers, which are still running."""
    seconds = time.process_time()
    for child in multiprocessing.active_children():
        fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def pin():
    """Put every process that is forked from here onto a core of its own, in turn.

    Where others use the machine, too, the scheduler may else leave both workers on one core.
    """
    turns = itertools.count()
    turn = 0

    def next_turn():
        nonlocal turn
        turn = next(turns)

    cores = sorted(os.sched_getaffinity(0))
    os.register_at_fork(
        before=next_turn,
        after_in_child=lambda: os.sched_setaffinity(0, {cores[turn % len(cores)]}),
    )


def time_writing(name, folder, samples):
    """Write a set, until all of it is on the disk; gives samples per second, CPU seconds, MB/s."""
    data, folder = arrays(samples), Path(folder)
    nbytes = sum(array.nbytes for array in data.values())
    os.sync()
    start, cpu = time.perf_counter(), time.process_time()
    WRITERS[name](folder, data)
    returned = time.perf_counter() - start
    for path in folder.rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
    wall = time.perf_counter() - start
    return {
        "samples_per_s": samples / wall,
        "cpu_us": 1e6 * (time.process_time() - cpu) / samples,
        "mb_per_s": nbytes / wall / 1e6,
        "returned_mb_per_s": nbytes / returned / 1e6,
    }


def time_reading(name, folder, workers, shuffle):
    """Read an epoch to warm up, then whole epochs for `SECONDS`; workers stay from one to the next.

    Gives samples per second, CPU seconds a sample, a checksum of an epoch, peak memory.
    """
    loader = READERS[name](Path(folder), workers, shuffle)
    for _ in loader:
        pass  # page cache, imports, workers' start
    start, cpu, count, total, epochs = time.perf_counter(), cpu_seconds(), 0, 0.0, 0
    while epochs == 0 or time.perf_counter() - start < SECONDS:
        for batch in loader:
            spikes = first(batch)
            count += len(spikes)
            total += float(spikes[:, 0, 0].sum())
        epochs += 1
    wall = time.perf_counter() - start
    status = Path("/proc/self/status").read_text().split()
    peak = int(status[status.index("VmHWM:") + 1]) / 1024
    return {
        "samples_per_s": count / wall,
        "cpu_us": 1e6 * (cpu_seconds() - cpu) / count,
        "samples": count // epochs,
        "checksum": round(total / epochs, 2),
        "peak_mb": peak,
    }


if __name__ == "__main__":
    import json

    what, name, folder, *more = sys.argv[1:]
    if what == "read":
        workers, order, pinned = more
        if pinned == "pinned":
            pin()
        found = time_reading(name, folder, int(workers), order == "random")
    else:
        found = time_writing(name, folder, int(more[0]))
    print(json.dumps(found))
