"""Training crops a second: jpeg-crops beside what people use, on the same files.

Every contender decodes, cuts a random resized crop, mirrors half of them and delivers
batches of 64, uint8 unless it says float32. Each runs in a process of its own, in turn,
round after round, one epoch to warm up and one that is measured for each size::

    python benchmarks/crops.py --sizes 112 160 224 288 --workers 2 --rounds 5

What is measured is added to ``crops.jsonl`` in the folder ``--work``, so a benchmark may
be made in several runs; the table has medians of all that is there (``--rounds 0``: only
the table). CPU time is that of all processes of a contender, memory their peak in the
first epoch, with what they share counted once.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path

import _contenders
import psutil
from _data import arguments, photographs, versions

from jpeg_crops import engine_info

Figures = dict[str, float]


def measure(name: str, options: argparse.Namespace) -> Figures:
    """Time one epoch after a warm-up epoch, in this process."""
    epoch = _contenders.ALL[name](options)
    memory = peak_memory_mb(epoch)
    before, start = cpu_seconds(), time.perf_counter()
    images = epoch()
    wall, cpu = time.perf_counter() - start, cpu_seconds() - before
    return {"rate": images / wall, "cpu_ms": 1e3 * cpu / images, "memory_mb": memory}


def peak_memory_mb(epoch) -> float:
    """Look at the memory now and then while an epoch runs (which takes a little time)."""
    done, seen = threading.Event(), []

    def look() -> None:
        while not done.wait(0.2):
            seen.append(memory_mb())

    looking = threading.Thread(target=look)
    looking.start()
    epoch()
    seen.append(memory_mb())
    done.set()
    looking.join()
    return max(seen)


def memory_mb() -> float:
    return sum(process.memory_full_info().pss for process in processes()) / 2**20


def processes() -> list[psutil.Process]:
    this = psutil.Process()
    return [this, *this.children(recursive=True)]


def cpu_seconds() -> float:
    return sum(sum(p.cpu_times()[:2]) for p in processes())


def in_its_own_process(name: str) -> list[dict] | None:
    command = [sys.executable, __file__, *sys.argv[1:], "--only", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{name}: left out ({(done.stderr.strip().splitlines() or ['?'])[-1]})")
        return None
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[224], help="of crops, in pixels")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=960, help="an epoch, the files repeated")
    parser.add_argument("--contenders", nargs="+", default=list(_contenders.ALL))
    parser.add_argument("--only", choices=list(_contenders.ALL), help="(one, in this process)")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    found = photographs(options)
    options.files = _contenders.repeated(found, options.images)
    options.about = f"{len(found)} files of {found[0].parents[1]}"
    if options.only:
        for size in options.sizes:
            options.size = size
            print(json.dumps({"size": size, **measure(options.only, options)}), flush=True)
        return
    results = options.work / "crops.jsonl"
    names = list(options.contenders)
    for _ in range(options.rounds):
        for name in list(names):
            made = in_its_own_process(name)
            if made is None:
                names.remove(name)
                continue
            settings = {"files": options.about, "workers": options.workers, "contender": name}
            with results.open("a") as lines:
                lines.writelines(json.dumps({**settings, **one}) + "\n" for one in made)
            print(name, *(f"{m['size']}: {m['rate']:.0f}/s" for m in made), sep="  ", flush=True)
    report(results, options)


def report(results: Path, options: argparse.Namespace) -> None:
    known = versions("torch", "torchvision", "timm", "ffcv", "opencv-python-headless", "Pillow")
    known |= versions("numpy", "nvidia-dali-cuda120", "jpeg-crops")
    print(", ".join(f"{k} {v}" for k, v in known.items()), engine_info().libjpeg)
    size = sum(f.stat().st_size for f in options.files) / len(options.files)
    print(f"{options.about}, {size / 1e3:.0f} KB, an epoch of {len(options.files)}")
    measured: dict[tuple[int, int], dict[str, list[Figures]]] = defaultdict(dict)
    for line in results.read_text().splitlines():
        one = json.loads(line)
        if one["files"] == options.about:
            table = measured[one["workers"], one["size"]]
            table.setdefault(one["contender"], []).append(one)
    for (workers, pixels), table in sorted(measured.items()):
        print(f"\n{workers} workers or threads, crops of {pixels} px")
        print("| contender | rounds | images/s | least-most | CPU ms/image | memory MB |")
        print("| --- | --- | --- | --- | --- | --- |")
        for name in sorted(table, key=list(_contenders.ALL).index):
            rounds = table[name]
            rates = [r["rate"] for r in rounds]
            rate, cpu, memory = (
                statistics.median(r[k] for r in rounds) for k in ("rate", "cpu_ms", "memory_mb")
            )
            spread = f"{min(rates):.0f}-{max(rates):.0f}"
            print(f"| {name} | {len(rounds)} | {rate:.0f} | {spread} | {cpu:.2f} | {memory:.0f} |")


if __name__ == "__main__":
    main()
