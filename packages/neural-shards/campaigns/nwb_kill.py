"""Kill a conversion with SIGKILL at random moments, many times over; the result must not differ.

python nwb_kill.py --rounds 50 --workers 2
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
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
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as executor:
        convert_nwb_files([path], out, executor=executor, **settings)


def started(path: Path, out: Path, workers: int) -> int:
    """Run a conversion in a process group of its own; forked, so that imports cost nothing."""
    pid = os.fork()
    os.setpgid(pid, pid)  # on both sides: a kill may come before the conversion's first line
    if pid:
        return pid
    failed = True
    try:
        convert(path, out, workers)
        failed = False
    finally:
        if failed:
            traceback.print_exc()
        os._exit(failed)


def ended(pid: int, seconds: float) -> bool:
    """Kill a conversion after some time; whether it had finished before."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            if status:
                sys.exit(f"a conversion failed with {os.waitstatus_to_exitcode(status)}")
            return True
        time.sleep(0.001)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return False


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
    args = parser.parse_args()
    rng = np.random.default_rng()
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder, "a.nwb"), Path(folder, "out")
        recording(path)
        begin = time.perf_counter()
        convert(path, Path(folder, "whole"), args.workers)
        length, whole = time.perf_counter() - begin, content_of(Path(folder, "whole"))
        killed = finished = 0
        left: list[int] = []  # files that each kill left behind
        while killed < args.rounds or finished == 0:
            by_itself = ended(started(path, out, args.workers), rng.uniform(0, length))
            killed += not by_itself
            content = content_of(out) if out.exists() else {}
            # A kill can come after the last file was written, too.
            if by_itself or content == whole:
                finished += 1
                if content != whole:
                    sys.exit(f"the result differs after {killed} kills")
                shutil.rmtree(out)
            else:
                left.append(len(content))
        print(
            f"{killed} kills that left 0 to {max(left)} of {len(whole)} files, {finished} "
            f"conversions finished in between, all identical; {args.workers} worker(s)"
        )


if __name__ == "__main__":
    main()
