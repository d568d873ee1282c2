"""Training crops a second: jpeg-crops beside what people use, on the same files.

Every contender decodes, cuts a random resized crop, mirrors half of them and delivers
batches of 64, uint8 unless it says float32. Each runs in a process of its own, in turn,
round after round; the table has medians, and CPU time and memory of all its processes::

    python benchmarks/crops.py --size 224 --workers 2 --rounds 5
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import _contenders
import psutil
from _data import arguments, photographs, versions

from jpeg_crops import engine_info


def measure(name: str, options) -> dict[str, float]:
    """Time one epoch after a warm-up epoch, in this process."""
    epoch = _contenders.ALL[name](options)
    epoch()
    before, start = cpu_seconds(), time.perf_counter()
    images = epoch()
    wall, cpu = time.perf_counter() - start, cpu_seconds() - before
    memory = sum(p.memory_info().rss for p in processes())
    return {"rate": images / wall, "cpu_ms": 1e3 * cpu / images, "memory_mb": memory / 2**20}


def processes() -> list[psutil.Process]:
    this = psutil.Process()
    return [this, *this.children(recursive=True)]


def cpu_seconds() -> float:
    return sum(sum(p.cpu_times()[:2]) for p in processes())


def in_its_own_process(name: str, options) -> dict[str, float] | None:
    command = [sys.executable, __file__, *sys.argv[1:], "--only", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{name}: left out ({(done.stderr.strip().splitlines() or ['?'])[-1]})")
        return None
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=960, help="an epoch, the files repeated")
    parser.add_argument("--contenders", nargs="*", default=list(_contenders.ALL))
    parser.add_argument("--only", choices=list(_contenders.ALL), help="(one, in this process)")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    options.files = _contenders.repeated(photographs(options), options.images)
    if options.only:
        print(json.dumps(measure(options.only, options)))
        return
    results: dict[str, list[dict[str, float]]] = {name: [] for name in options.contenders}
    for _ in range(options.rounds):
        for name in list(results):
            found = in_its_own_process(name, options)
            if found is None:
                del results[name]
            else:
                results[name].append(found)
                print(f"{name}: {found['rate']:.0f}/s, {found['cpu_ms']:.2f} CPU ms", flush=True)
    report(results, options)


def report(results: dict[str, list[dict[str, float]]], options) -> None:
    known = versions("torch", "torchvision", "ffcv", "opencv-python-headless", "Pillow", "numpy")
    known |= versions("nvidia-dali-cuda120", "jpeg-crops")
    size = sum(f.stat().st_size for f in options.files) / len(options.files)
    about = f"{len(options.files)} images of {size / 1e3:.0f} KB, crops of {options.size} px"
    print(f"{about}, {options.workers} workers or threads, {options.rounds} rounds")
    print(", ".join(f"{k} {v}" for k, v in known.items()), engine_info().libjpeg)
    print("| contender | images/s | least-most | CPU ms/image | memory MB |")
    print("| --- | --- | --- | --- | --- |")
    for name, rounds in results.items():
        rates = [r["rate"] for r in rounds]
        middle = {k: statistics.median(r[k] for r in rounds) for k in rounds[0]}
        spread = f"{min(rates):.0f}-{max(rates):.0f}"
        print(
            f"| {name} | {middle['rate']:.0f} | {spread} "
            f"| {middle['cpu_ms']:.2f} | {middle['memory_mb']:.0f} |"
        )
    target = options.work / f"crops-{options.size}-{options.workers}.json"
    target.write_text(json.dumps({"versions": known, "about": about, "results": results}))
    print(f"-> {Path(target)}")


if __name__ == "__main__":
    main()
