"""Ten million samples in ten thousand shards: time to open, to resume at 99 %, memory.

The shards are hard links to one; the set is as large as any to the reader, and small on the disk.
Usage: python campaigns/scale.py [--shards 10000]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from neural_shards import ShardSet, create_shards_from_arrays, create_webdataset_dataloader
from neural_shards.index import ENDING
from neural_shards.manifest import Manifest


def anonymous_mb():
    """Give the memory of this process alone; mapped shards belong to the page cache."""
    status = Path("/proc/self/status").read_text().split()
    return int(status[status.index("RssAnon:") + 1]) / 1024


def link(folder, shards):
    """Make a set of so many shards out of its first."""
    first = "shard_000000.tar"
    for number in range(1, shards):
        for ending in ("", ENDING):
            os.link(folder / (first + ending), folder / f"shard_{number:06d}.tar{ending}")
    path = folder / "dataset_metadata.json"
    manifest = Manifest.from_bytes(path.read_bytes(), path)
    one = manifest.shards[0]
    every = tuple(replace(one, name=f"shard_{n:06d}.tar") for n in range(shards))
    replace(manifest, shards=every).write(folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--shards", type=int, default=10_000)
    arguments = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="scale"))
    for shards in (10, arguments.shards):
        folder = root / str(shards)
        create_shards_from_arrays(folder, {"x": np.zeros((1000, 8), np.float32)}, shard_size=1000)
        link(folder, shards)
        start, cpu = time.perf_counter(), time.process_time()
        opened = ShardSet(folder)
        open_s, open_cpu_s = time.perf_counter() - start, time.process_time() - cpu
        loader = create_webdataset_dataloader(opened, 64, 0, True, pin_memory=False)
        state = loader.state_dict()
        state["progress"]["delivered"] = len(opened) * 99 // 100
        loader.load_state_dict(state)
        start, cpu = time.perf_counter(), time.process_time()
        iterator = iter(loader)
        next(iterator)
        resume_ms = 1000 * (time.perf_counter() - start)
        resume_cpu_ms = 1000 * (time.process_time() - cpu)
        for _ in range(2000):
            if next(iterator, None) is None:
                break
        del iterator
        result = {"open_s": open_s, "open_cpu_s": open_cpu_s, "resume_ms": resume_ms}
        result |= {"resume_cpu_ms": resume_cpu_ms, "anonymous_mb": anonymous_mb()}
        print(f"{len(opened)} samples in {shards} shards:", json.dumps(result))
    shutil.rmtree(root)


if __name__ == "__main__":
    main()
