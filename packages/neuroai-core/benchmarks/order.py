"""What an order costs, beside numpy.random.Generator.permutation.

NumPy has no random access and no inverse, so beside it stands the whole
permutation only, and what it holds in memory. Rounds are interleaved; median
and spread of each, in CPU time (one thread, so a busy machine disturbs it
less) and in wall time. Prints a table, and writes order.json to the folder of
the first argument (default: here).
"""

from __future__ import annotations

import json
import platform
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np

from neuroai_core import EpochOrder, Permutation, Stripes, __version__
from neuroai_core.rng import generator, uniform

ROUNDS = 9
MILLION = 10**6


def seconds(function: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Time one call, in CPU and wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(repeats):
        function()
    return (time.process_time() - cpu) / repeats, (time.perf_counter() - wall) / repeats


def peak_bytes(function: Callable[[], object]) -> int:
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def contenders() -> dict[str, tuple[Callable[[], object], int]]:
    """Name, what is timed, and how often in a round."""
    everything = np.arange(MILLION)
    plain = EpochOrder(10**10, seed=1)
    one_size = EpochOrder(10**10, seed=1, blocks=1000)
    listed = EpochOrder(10**7, seed=1, blocks=[1000] * 10**4, window=10_000)
    small = EpochOrder(3000, seed=1)
    stripes = Stripes(10**10, batch_size=256, world_size=8, tail="spread")
    batch = {b: np.arange(b) + 2500 for b in (32, 256)}
    timed: dict[str, tuple[Callable[[], object], int]] = {
        "numpy: permutation of 1e6": (lambda: np.random.default_rng(1).permutation(MILLION), 1),
        "Permutation of 1e6, all elements": (lambda: Permutation(MILLION, 1)(everything), 1),
        "open Permutation of 1e10": (lambda: Permutation(10**10, 1), 200),
        "open EpochOrder of 1e10": (lambda: EpochOrder(10**10, seed=1), 200),
        "Stripes.positions, 256": (lambda: stripes.positions(12345), 500),
        "generator of a key": (lambda: generator(1, "crop", 3), 500),
        "uniform, 256 indices by 4": (lambda: uniform(1, index=batch[256], n=4), 100),
    }
    kinds = {"3000": small, "1e10": plain, "1e10 in blocks": one_size, "1e7, list, window": listed}
    for kind, order in kinds.items():
        for b, at in batch.items():
            timed[f"indices, {b} of {kind}"] = (lambda o=order, at=at: o.indices(0, at)), 200
    return timed


def main(folder: Path) -> None:
    timed = contenders()
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in timed}
    for function, _ in timed.values():
        function()  # warm
    for _ in range(ROUNDS):
        for name, (function, repeats) in timed.items():
            taken[name].append(seconds(function, repeats))
    print(
        f"neuroai-core {__version__}, numpy {np.__version__}, Python {platform.python_version()},"
        f" {platform.machine()}, 1 thread, {ROUNDS} interleaved rounds"
    )
    rows = {}
    for name, values in taken.items():
        cpu, wall = ([v * 1e6 for v in column] for column in zip(*values, strict=True))
        rows[name] = {
            "cpu_us": statistics.median(cpu),
            "least_cpu_us": min(cpu),
            "most_cpu_us": max(cpu),
            "wall_us": statistics.median(wall),
            "peak_bytes": peak_bytes(timed[name][0]),
        }
        print(
            f"{name:34} CPU {rows[name]['cpu_us']:9.1f} us ({min(cpu):.1f} to {max(cpu):.1f}), "
            f"wall {rows[name]['wall_us']:9.1f}, {rows[name]['peak_bytes'] / 1024:7.0f} KiB at most"
        )
    text = json.dumps({"numpy": np.__version__, "version": __version__, "rows": rows}, indent=1)
    (folder / "order.json").write_text(text + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
