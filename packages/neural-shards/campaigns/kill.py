"""Kill a writer, a parallel conversion and a checkpointing loader at random moments.

After each kill every finished shard must be whole and equal to the undisturbed one, the half set
refused, and the rerun byte-identical; a checkpoint must always be readable and never behind by more
than one interval. Runs are forked from this process, which has imported everything.
Usage: python campaigns/kill.py [--kills 200] [--seed 0]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from neural_shards import (
    ResumableWebDatasetLoader,
    ShardSet,
    WebDatasetLoader,
    WebDatasetWriter,
    write_shards,
)
from neural_shards.array_files import ArrayFileSource
from neuroai_core.errors import NeuroAIError

N = 600


def write_samples(folder, inputs):
    rows = np.load(inputs / "x.npy")
    with WebDatasetWriter(folder, shard_size=20) as writer:
        for i, row in enumerate(rows):
            writer.write_sample({"x": row, "n": i})


def convert(folder, inputs):
    with ProcessPoolExecutor(2) as executor:
        write_shards(ArrayFileSource([inputs]), folder, shard_size=20, executor=executor)


def in_child(function, *arguments):
    """Run a function in a process of its own session; give its id."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        with contextlib.redirect_stdout(None):
            code = 1
            try:
                function(*arguments)
                code = 0
            finally:
                os._exit(code)
    return pid


def kill_after(pid, seconds):
    """Kill a process and its children after a while; say whether it was still running."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return False
        time.sleep(0.0005)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return True


def usual_duration(function, *arguments):
    """Run a function three times in a child as those that are killed do; give the seconds."""
    seconds = []
    for number in range(3):
        start = time.monotonic()
        os.waitpid(in_child(function, arguments[0] / str(number), *arguments[1:]), 0)
        seconds.append(time.monotonic() - start)
    return statistics.median(seconds)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def kill_writers(name, function, inputs, root, kills, draw):
    start, whole = time.monotonic(), root / f"whole-{name}"
    function(whole, inputs)
    duration = usual_duration(function, root / f"timed-{name}", inputs)
    expected, killed, finished, runs = contents(whole), 0, 0, 0
    while killed < kills:
        folder = root / f"killed-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        runs += 1
        if not kill_after(in_child(function, folder, inputs), draw.random() * duration):
            continue
        killed += 1
        there = contents(folder) if folder.exists() else {}
        for shard in (n for n in there if not n.startswith(".")):
            assert there[shard] == expected[shard], f"{shard} is not whole"
            finished += shard.endswith(".tar")
        if there and "dataset_metadata.json" not in there:
            try:
                ShardSet(folder)
                raise AssertionError("half a set was opened")
            except NeuroAIError:
                pass
        if "dataset_metadata.json" not in there or ".unfinished.json" in there:
            function(folder, inputs)
        left = {n: c for n, c in contents(folder).items() if n != ".unfinished.json"}
        assert left == expected, "the rerun differs"
    print(
        f"{name}: {killed} kills in {runs} runs, {finished} finished shards whole,"
        f" every rerun identical ({time.monotonic() - start:.0f} s)",
        flush=True,
    )


def read_and_note(folder, path, log):
    loader = ResumableWebDatasetLoader(folder, path, 1, seed=7)
    with open(log, "ab", buffering=0) as out:
        out.writelines(int(sample["n"]).to_bytes(4, "little") for sample in loader)


def kill_readers(folder, root, kills, draw):
    start, loader = time.monotonic(), WebDatasetLoader(folder, seed=7)
    whole = [int(sample["n"]) for _ in range(2) for sample in loader]
    killed = repeats = 0
    while killed < kills:
        path, log = root / "checkpoint.json", root / "log"
        path.unlink(missing_ok=True)
        log.write_bytes(b"")
        # A run that is killed after its last checkpoint goes on with the second epoch.
        while log.stat().st_size < 4 * N:
            killed += kill_after(in_child(read_and_note, folder, path, log), draw.random() * 0.25)
            if path.exists():
                ResumableWebDatasetLoader(folder, path, seed=7)  # always readable
        at = 0
        for n in np.frombuffer(log.read_bytes(), dtype="<u4").tolist():
            if n == whole[at]:
                at += 1
            else:  # what was under way at a kill comes once more, and nothing is left out
                assert [n] == whole[at - 1 : at], "a sample was lost"
                repeats += 1
    print(
        f"checkpoints: {killed} kills, nothing lost, {repeats} samples came twice"
        f" ({time.monotonic() - start:.0f} s)"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    root = Path(tempfile.mkdtemp(prefix="kill"))
    inputs = root / "in"
    for folder in (inputs, root / "timed-writer", root / "timed-conversion"):
        folder.mkdir()
    np.save(inputs / "x.npy", np.random.default_rng(0).normal(size=(N, 500)))
    kill_writers("writer", write_samples, inputs, root, arguments.kills, draw)
    kill_writers("conversion", convert, inputs, root, arguments.kills, draw)
    kill_readers(root / "whole-writer", root, arguments.kills, draw)
    shutil.rmtree(root)


if __name__ == "__main__":
    main()
