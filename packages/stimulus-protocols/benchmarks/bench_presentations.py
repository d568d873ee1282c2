"""Cost of presenting a batch for 10 to 1,000 steps, lazy and dense.

Dense frames are compared with copying the same memory, and with filling a
tensor step by step, blank and image, as DynVision's loaders do (written anew
here). Contenders take turns in one process, after a warm-up.

    python bench_presentations.py [--rounds 7] [--out presentations.json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import tracemalloc

import torch

from stimulus_protocols import Presentation, blank, image

SHAPE = (32, 3, 64, 64)
STEPS = (10, 100, 1000)


def batch():
    random = torch.Generator().manual_seed(0)
    return torch.randn(SHAPE, generator=random), torch.arange(SHAPE[0])


def table(steps):
    return (
        blank(steps // 5) >> image(steps // 2) >> blank(steps - steps // 5 - steps // 2)
    ).table()


def stepping(steps):
    """A model that steps: it looks at every frame, and holds none."""
    images, labels = batch()
    compiled = table(steps)

    def run():
        last, new = None, 0
        for frame in Presentation(images, labels, compiled).frames():
            new += frame is not last
            last = frame
        assert new == 3

    return run


def making(steps):
    images, labels = batch()
    compiled = table(steps)
    return lambda: Presentation(images, labels, compiled)


def dense(steps):
    images, labels = batch()
    compiled = table(steps)
    out = torch.empty(SHAPE[0], steps, *SHAPE[1:])
    return lambda: Presentation(images, labels, compiled).materialise(out)


def copying(steps):
    source, out = torch.ones(SHAPE[0], steps, *SHAPE[1:]), torch.empty(SHAPE[0], steps, *SHAPE[1:])
    return lambda: out.copy_(source)


def dense_new(steps):
    images, labels = batch()
    compiled = table(steps)
    return lambda: Presentation(images, labels, compiled).materialise()


def step_by_step(steps):
    """The whole sequence repeated, then one frame after the other overwritten or copied."""
    images, labels = batch()
    begin, end = steps // 5, steps // 5 + steps // 2

    def run():
        data = images.unsqueeze(1).repeat(1, steps, 1, 1, 1)
        out = torch.zeros_like(data)
        names = torch.full((SHAPE[0], steps), -1)
        for step in range(steps):
            if begin <= step < end:
                out[:, step] = data[:, step]
                names[:, step] = labels
            else:
                out[:, step].fill_(0)
        return out, names

    return run


def timed(run):
    before = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - before)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", default="presentations.json")
    arguments = parser.parse_args()
    contenders = {
        "lazy, made": making,
        "lazy, stepped": stepping,
        "dense, reused memory": dense,
        "copy of that memory": copying,
        "dense, new memory": dense_new,
        "step by step": step_by_step,
    }
    rows = []
    for steps in STEPS:
        # Dense, 1,000 steps would be 1.6 GB for each contender; only lazy goes on.
        kept = [n for n in contenders if steps <= 100 or n.startswith("lazy")]
        runs = {name: contenders[name](steps) for name in kept}
        for run in runs.values():
            run()
        found = {name: [] for name in runs}
        for _ in range(arguments.rounds):
            for name, run in runs.items():
                found[name].append(timed(run))
        tracemalloc.start()
        runs["lazy, stepped"]()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        for name, ms in found.items():
            rows.append(
                {"steps": steps, "contender": name, "median_ms": statistics.median(ms),
                 "min_ms": min(ms), "max_ms": max(ms)}
            )  # fmt: skip
            print(
                f"{steps:5} steps  {name:22} {statistics.median(ms):10.3f} ms "
                f"({min(ms):.3f} to {max(ms):.3f})"
            )

        def ratio(a, b, found=found):
            return statistics.median(x / y for x, y in zip(found[a], found[b], strict=True))

        summary = {"steps": steps, "python bytes of lazy": peak}
        if steps <= 100:
            summary["dense over copy"] = ratio("dense, reused memory", "copy of that memory")
            summary["step by step over dense"] = ratio("step by step", "dense, new memory")
            summary["step by step over lazy"] = ratio("step by step", "lazy, stepped")
        rows.append(summary)
        print("           ", {k: round(v, 2) for k, v in summary.items()})
    with open(arguments.out, "w") as file:
        json.dump({"torch": torch.__version__, "shape": SHAPE, "rows": rows}, file, indent=2)


if __name__ == "__main__":
    main()
