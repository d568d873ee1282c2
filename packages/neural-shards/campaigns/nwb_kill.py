"""Kill a conversion with SIGKILL at random moments, many times over; the result must not differ.

python nwb_kill.py --rounds 50 --workers 2
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from pynwb import NWBHDF5IO, NWBFile, TimeSeries

from neural_shards.nwb import convert_nwb_files


def convert(path: Path, out: Path, workers: int) -> None:
    """Run one conversion in this process and its workers."""
    settings = {"shard_size": 20, "sequence_length": 50}
    if workers == 1:
        convert_nwb_files([path], out, **settings)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as executor:
        convert_nwb_files([path], out, executor=executor, **settings)


def recording(path: Path) -> None:
    """Write a recording that takes a few seconds to convert."""
    rng = np.random.default_rng(0)
    file = NWBFile("a campaign", "kill", datetime(2024, 1, 1, tzinfo=UTC))
    for _ in range(100):
        file.add_unit(spike_times=np.sort(rng.uniform(0, 600, 6000)))
    module = file.create_processing_module("behavior", "b")
    data = rng.normal(size=(600 * 500, 8))
    module.add(TimeSeries(name="emg", data=data, unit="V", rate=500.0))
    with NWBHDF5IO(str(path), "w") as io:
        io.write(file)


def content_of(folder: Path) -> dict[str, str]:
    """Give the checksum of every file."""
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--convert", nargs=2, type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.convert:
        convert(*args.convert, args.workers)
        return
    rng = np.random.default_rng()
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder, "a.nwb"), Path(folder, "out")
        recording(path)
        command = [sys.executable, __file__, "--workers", str(args.workers), "--convert", path]
        begin = time.perf_counter()
        subprocess.run([*command, Path(folder, "whole")], check=True)
        length, whole = time.perf_counter() - begin, content_of(Path(folder, "whole"))
        killed = finished = 0
        while killed < args.rounds:
            process = subprocess.Popen([*command, out], start_new_session=True)
            try:
                process.wait(rng.uniform(0, length))
                if process.returncode != 0:
                    sys.exit(f"a conversion failed with {process.returncode}")
                finished += 1
                if content_of(out) != whole:
                    sys.exit(f"the result differs after {killed} kills")
                for file in out.iterdir():
                    file.unlink()
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                killed += 1
        subprocess.run([*command, out], check=True)
        if content_of(out) != whole:
            sys.exit(f"the result differs after {killed} kills")
        print(f"{killed} kills, {finished + 1} conversions finished in between, all identical")


if __name__ == "__main__":
    main()
