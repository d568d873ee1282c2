"""Convert a long recording of units, LFP and behaviour; the most memory that it ever takes.

python nwb_memory.py --minutes 120 --units 400 --channels 384 --workers 2

The kernel notes the most resident memory (RSS) of each process; these peaks are added up, so
the sum is what the processes together never went beyond, pages that they share counted once
for each. Four times a second their proportional memory (PSS), which counts shared pages once,
is added up as well.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MODALITIES = ("spikes", "lfp", "behavior")


def convert(path: Path, out: Path, workers: int) -> None:
    """Run one conversion with the defaults: 10 ms bins, 1 s windows, half of it overlap."""
    from neural_shards import cli

    sys.argv = ["neural-shards", "convert", "-i", str(path), "-o", str(out), "-w", str(workers)]
    sys.argv += ["--shard-size", "500", "--modalities", *MODALITIES]
    cli.main()


def family(pid: int) -> list[int]:
    """Give a process and all that descend from it."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in children.read_text().split()]
    return found


def peak_kb(pid: int) -> int:
    """Give the peak of the RSS of a process in kB; 0 if it has ended."""
    return _stated(pid, "status", "VmHWM")


def memory_of(pid: int) -> tuple[int, int]:
    """Give the peak of the RSS and the present PSS of a process in kB; 0 if it has ended."""
    return peak_kb(pid), _stated(pid, "smaps_rollup", "Pss")


def _stated(pid: int, name: str, key: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/{name}").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(key + ":")), 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--units", type=int, default=400)
    parser.add_argument("--channels", type=int, default=384)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--recording", type=Path, help="one that nwb_recording.py wrote")
    parser.add_argument("--convert", nargs=2, type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.convert:
        convert(*args.convert, args.workers)
        return
    with tempfile.TemporaryDirectory(dir=args.recording and args.recording.parent) as folder:
        path = args.recording or Path(folder, "long.nwb")
        if args.recording is None:
            writer = Path(__file__).with_name("nwb_recording.py")
            sizes = [f"--{k}={getattr(args, k)}" for k in ("minutes", "units", "channels")]
            subprocess.run([sys.executable, writer, path, *sizes], check=True)
        begin, peaks, most = time.perf_counter(), dict[int, int](), 0
        command = [sys.executable, __file__, f"--workers={args.workers}", "--convert", path]
        process = subprocess.Popen([*command, Path(folder, "out")])
        while process.poll() is None:
            now = {pid: memory_of(pid) for pid in family(process.pid)}
            peaks |= {pid: max(rss, peaks.get(pid, 0)) for pid, (rss, _) in now.items()}
            most = max(most, sum(pss for _, pss in now.values()))
            time.sleep(0.25)
        if process.returncode:
            sys.exit(f"the conversion failed with {process.returncode}")
        took = time.perf_counter() - begin
        written = sum(file.stat().st_size for file in Path(folder, "out").iterdir())
        manifest = json.loads(Path(folder, "out", "dataset_metadata.json").read_text())
        print(
            f"{path.stat().st_size / 1e9:.1f} GB to {written / 1e9:.1f} GB, "
            f"{manifest['total_samples']} windows, {args.workers} workers, {took:.0f} s; "
            f"{sum(peaks.values()) / 1e3:.0f} MB as the sum of the peaks of {len(peaks)} processes "
            f"(at most {max(peaks.values()) / 1e3:.0f} MB), {most / 1e3:.0f} MB PSS"
        )


if __name__ == "__main__":
    main()
