"""Reading to a batch: against webdataset, MosaicML Streaming, LitData, and memory itself.

Every figure is of one process of its own, after one epoch to warm up; contenders take turns in
every round. With --sets the sets that are written are kept, for another run to read. With --pin
every worker of every contender has a core of its own, which a busy machine may else deny it.
Usage: python benchmarks/reading.py [--samples 2000] [--rounds 5] [--workers 0 1 2] [--sets DIR]
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import _contenders as contenders

HERE = Path(__file__).parent
PACKAGES = ("neural-shards", "webdataset", "mosaicml-streaming", "litdata", "torch", "numpy")


def measure(*arguments):
    command = [sys.executable, str(HERE / "_contenders.py"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise RuntimeError(f"{arguments}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def circumstances():
    """Say what ran on what."""
    versions = {p: importlib.metadata.version(p) for p in PACKAGES}
    machine = {"cores": os.cpu_count(), "machine": platform.processor() or platform.machine()}
    shapes = {name: list(shape) for name, shape in contenders.SHAPES.items()}
    return {"versions": versions, "arrays": shapes, **machine}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--small", action="store_true", help="without lfp: 39 KB a sample")
    parser.add_argument("--orders", nargs="+", default=["sequential", "random"])
    parser.add_argument("--pin", action="store_true")
    parser.add_argument("--sets", type=Path)
    parser.add_argument("--json", type=Path, default=HERE / "reading.json")
    arguments = parser.parse_args()
    if arguments.small:
        os.environ["SMALL"] = "1"
        importlib.reload(contenders)
    root = arguments.sets or Path(tempfile.mkdtemp(prefix="reading"))
    if not (root / "raw").exists():
        root.mkdir(parents=True, exist_ok=True)
        data = contenders.arrays(arguments.samples)
        for name, write in contenders.WRITERS.items():
            write(root / name, data)
        del data
    results = {}
    for workers in arguments.workers:
        for order in arguments.orders:
            names = [n for n in contenders.READERS if n != "memory" or workers == 0]
            rounds = {name: [] for name in names}
            for _ in range(arguments.rounds):
                for name in names:
                    folder = root / ("raw" if name == "memory" else name)
                    pinned = "pinned" if arguments.pin else "free"
                    rounds[name].append(measure("read", name, folder, workers, order, pinned))
            results[f"{order}, {workers} workers"] = rounds
            report(order, workers, rounds)
    about = {**circumstances(), "samples": arguments.samples, "pinned": arguments.pin}
    arguments.json.write_text(json.dumps({"about": about, "results": results}, indent=1))
    print(about)
    if arguments.sets is None:
        shutil.rmtree(root)


def report(order, workers, rounds):
    print(
        f"\n{order}, {workers} workers: samples/s (spread), us of CPU a sample, MB peak, ours / it"
    )
    sums = {name: {r["checksum"] for r in found} for name, found in rounds.items()}
    agree = max(abs(a - b) for s in sums.values() for t in sums.values() for a in s for b in t)
    ours = [r["samples_per_s"] for r in rounds["neural-shards"]]
    for name, found in rounds.items():
        speeds = [r["samples_per_s"] for r in found]
        ratios = [a / b for a, b in zip(ours, speeds, strict=True)]
        print(
            f"  {name:14} {statistics.median(speeds):9.0f} ({min(speeds):.0f} to {max(speeds):.0f})"
            f" {statistics.median(r['cpu_us'] for r in found):7.0f}"
            f" {max(r['peak_mb'] for r in found):6.0f}"
            f" {statistics.median(ratios):6.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        )
    print(f"  checksums agree to {agree:g}", flush=True)


if __name__ == "__main__":
    main()
