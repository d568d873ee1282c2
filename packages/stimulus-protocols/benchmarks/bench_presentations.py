"""Cost of presenting a batch for 10 to 1,000 steps, lazy and dense, beside DynVision's ways.

Written anew here: DynVision's loaders concatenate expanded blanks and images
(its releases up to 2025), or fill a tensor that every batch shares with the
blank and then with the image (later ones; who wants to keep a batch clones
it). The floor of dense frames is a copy into memory of the same kind. Every
contender of every round runs in a process of its own, one after the other;
medians of the rounds.

    python bench_presentations.py [--rounds 5] [--out presentations.json]
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import time

import torch

from stimulus_protocols import Presentation, __version__, blank, image
from stimulus_protocols.memory import Recycled

SHAPE = (32, 3, 64, 64)
STEPS = (10, 100, 1000)
#: More dense steps would be 1.6 GB: only the lazy ones go on.
MOST_DENSE = 100


def batch():
    random = torch.Generator().manual_seed(0)
    return torch.randn(SHAPE, generator=random), torch.arange(SHAPE[0])


def durations(steps):
    return steps // 5, steps // 2, steps - steps // 5 - steps // 2


def table(steps):
    intro, stimulus, outro = durations(steps)
    return (blank(intro) >> image(stimulus) >> blank(outro)).table()


def stepped(steps):
    """A model that steps: it looks at every frame, and holds none."""
    images, labels = batch()
    compiled = table(steps)

    def run():
        last, new = None, 0
        for frame in Presentation(images, labels, compiled).frames():
            new += frame is not last
            last = frame
        return new

    return run


def dense(steps):
    images, labels = batch()
    compiled = table(steps)

    def run():
        shown = Presentation(images, labels, compiled)
        return shown.materialise(), shown.labels

    return run


def loaded(steps):
    """As the loader gives batches: memory comes back when the last batch is dropped."""
    images, labels = batch()
    compiled, memory = table(steps), Recycled()

    def run():
        shown = Presentation(images, labels, compiled)
        out = memory.give(shown.shape, images.dtype)
        return shown.materialise(out), shown.labels

    return run


def dense_reused(steps):
    images, labels = batch()
    compiled, out = table(steps), torch.empty(SHAPE[0], steps, *SHAPE[1:])

    def run():
        shown = Presentation(images, labels, compiled)
        return shown.materialise(out), shown.labels

    return run


def copied(steps):
    source, out = torch.ones(SHAPE[0], steps, *SHAPE[1:]), torch.empty(SHAPE[0], steps, *SHAPE[1:])
    return lambda: out.copy_(source)


def cloned(steps):
    source = torch.ones(SHAPE[0], steps, *SHAPE[1:])
    return source.clone


def concatenated(steps):
    images, labels = batch()
    intro, stimulus, outro = durations(steps)

    def run():
        data, names = images.unsqueeze(1), labels.unsqueeze(1)
        void, none = torch.zeros_like(data), torch.full_like(names, -1)

        def held(part, n):
            return part.expand(-1, n, *part.shape[2:])

        return (
            torch.cat([held(void, intro), held(data, stimulus), held(void, outro)], dim=1),
            torch.cat([held(none, intro), held(names, stimulus), held(none, outro)], dim=1),
        )

    return run


def one_buffer(steps, clone=False):
    images, labels = batch()
    intro, stimulus, _ = durations(steps)
    out = torch.empty(SHAPE[0], steps, *SHAPE[1:])
    names = torch.empty(SHAPE[0], steps, dtype=torch.int64)

    def run():
        out.fill_(0)
        names.fill_(-1)
        out[:, intro : intro + stimulus] = images.unsqueeze(1)
        names[:, intro : intro + stimulus] = labels.unsqueeze(1)
        return (out.clone(), names.clone()) if clone else (out, names)

    return run


CONTENDERS = {
    "lazy, stepped": stepped,
    "dense": dense,
    "dense, of the loader": loaded,
    "dense, memory given": dense_reused,
    "copy, memory given": copied,
    "clone": cloned,
    "DynVision, concatenated": concatenated,
    "DynVision, one buffer": one_buffer,
    "DynVision, one buffer, cloned": lambda steps: one_buffer(steps, clone=True),
}
#: What is divided by what.
RATIOS = (
    ("dense, memory given", "copy, memory given"),
    ("dense", "copy, memory given"),
    ("dense, of the loader", "copy, memory given"),
    ("DynVision, concatenated", "dense, of the loader"),
    ("DynVision, one buffer, cloned", "dense, of the loader"),
    ("DynVision, one buffer", "dense, memory given"),
    ("DynVision, concatenated", "lazy, stepped"),
    ("DynVision, one buffer", "lazy, stepped"),
)


def one(contender):
    """Time a contender in this process: after a warm-up, the median of some at every length."""
    rows = []
    for steps in STEPS:
        if steps > MOST_DENSE and not contender.startswith("lazy"):
            continue
        run = CONTENDERS[contender](steps)
        run()
        before = peak_mb()
        wall, cpu = [], []
        budget = time.perf_counter() + 0.3
        while len(wall) < 5 or (time.perf_counter() < budget and len(wall) < 200):
            begin, busy = time.perf_counter(), time.process_time()
            run()  # what it gives is dropped, as a training loop does
            wall.append(time.perf_counter() - begin)
            cpu.append(time.process_time() - busy)
        rows.append(
            {
                "steps": steps,
                "ms": 1e3 * statistics.median(wall),
                "cpu_ms": 1e3 * statistics.median(cpu),
                "more_mb": peak_mb() - before,
            }
        )
    return rows


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def agreement():
    """Whether all dense contenders make the same frames and labels."""
    ours = dense(20)()
    peers = [concatenated(20)(), one_buffer(20)(), one_buffer(20, clone=True)()]
    return all(torch.equal(a, b) for peer in peers for a, b in zip(ours, peer, strict=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", default="presentations.json")
    parser.add_argument("--one")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(one(arguments.one)))
        return
    found: dict[tuple[int, str], list[dict[str, float]]] = {}
    for _ in range(arguments.rounds):
        for contender in CONTENDERS:
            command = [sys.executable, __file__, "--one", contender]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            for row in json.loads(done.stdout.splitlines()[-1]):
                found.setdefault((row["steps"], contender), []).append(row)
    rows = []
    for (steps, contender), measured in sorted(found.items(), key=lambda item: item[0][0]):
        ms = [row["ms"] for row in measured]
        medians = {key: statistics.median(row[key] for row in measured) for key in measured[0]}
        rows.append({"contender": contender, **medians, "min_ms": min(ms), "max_ms": max(ms)})
        print(
            f"{steps:5} steps  {contender:30} {medians['ms']:9.3f} ms ({min(ms):.3f} to "
            f"{max(ms):.3f}), CPU {medians['cpu_ms']:9.3f} ms, {medians['more_mb']:.1f} MB more"
        )
    ratios = []
    for steps in STEPS:
        for above, below in RATIOS:
            pairs = zip(found.get((steps, above), []), found.get((steps, below), []), strict=False)
            each = [a["ms"] / b["ms"] for a, b in pairs]
            if each:
                ratios.append({"steps": steps, "of": above, "over": below, "rounds": each})
                print(
                    f"{steps:5} steps  {above} / {below}: {statistics.median(each):.2f} "
                    f"({min(each):.2f} to {max(each):.2f})"
                )
    report = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "stimulus-protocols": __version__,
        "shape": SHAPE,
        "contenders_make_the_same": agreement(),
        "rows": rows,
        "ratios": ratios,
    }
    print({key: report[key] for key in list(report)[:6]})
    with open(arguments.out, "w") as file:
        json.dump(report, file, indent=2)


if __name__ == "__main__":
    main()
