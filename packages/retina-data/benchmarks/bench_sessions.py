"""Batches from many sessions of one movie: openretina, this package, the memory's own gather.

Run with ``python bench_sessions.py [--rounds 5] [--sessions 20] [--size low|high] [--out FILE]``
in an environment that has both packages. Each contender runs in a process of its own, one after
the other, round after round; the table gives medians over rounds.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

SIZES = {"low": (18, 16), "high": (72, 64)}
FRAMES, TEST, NEURONS, BATCH, CHUNK, CLIP = 16200, 750, 60, 64, 50, 150
VALIDATION = [0, 4, 10, 11, 18, 30, 45, 62, 67, 77, 79, 80, 81, 83, 95]
CONTENDERS = (
    "openretina",
    "ours float32",
    "ours float16",
    "ours uint8",
    "gather float32",
    "gather threads",
)


def data(size: tuple[int, int], sessions: int):
    import numpy as np

    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (2, FRAMES + TEST, *size), dtype=np.uint8)
    movie = (pixels.astype(np.float32) - 36.8) / 37.0
    order = np.stack([random.permutation(FRAMES // CLIP) for _ in range(20)], axis=1)
    responses = {
        f"session_{i}": (
            random.random((NEURONS, FRAMES), np.float32),
            random.random((3, NEURONS, TEST), np.float32),
            {"eye": "right" if i % 2 else "left", "scan_sequence_idx": i % 20},
        )
        for i in range(sessions)
    }
    return movie[:, :FRAMES], movie[:, FRAMES:], order.astype(np.uint8), responses


def splits(module, size, sessions):
    train, test, order, responses = data(size, sessions)
    movies = module.MoviesTrainTestSplit(
        train=train, test=test, random_sequences=order, norm_mean=36.8, norm_std=37.0
    )
    return movies, {
        name: module.ResponsesTrainTestSplit(
            train=r, test=t.mean(0), test_by_trial=t, stim_id="natural", session_kwargs=kwargs
        )
        for name, (r, t, kwargs) in responses.items()
    }


def openretina(size, sessions, _kind):
    import openretina.data_io.base as base
    from openretina.data_io.cyclers import LongCycler
    from openretina.data_io.hoefling_2024.dataloaders import natmov_dataloaders_v2

    movies, responses = splits(base, size, sessions)
    before = used()
    start = time.perf_counter()
    loaders = natmov_dataloaders_v2(responses, movies, VALIDATION, batch_size=BATCH)
    cycler = LongCycler(loaders["train"])
    next(iter(cycler))
    return cycler, time.perf_counter() - start, before, lambda pair: pair[1]


def ours(size, sessions, kind):
    import torch

    import retina_data
    from retina_data import LongCycler
    from retina_data.hoefling_2024.dataloaders import natmov_sessions
    from retina_data.loaders import session_loaders
    from retina_data.movies import Movie

    movies, responses = splits(retina_data, size, sessions)
    stored = kind != "float32"
    if stored:
        dtype = {"uint8": torch.uint8, "float16": torch.float16}[kind]
        for frames in (movies.train, movies.test_movie):
            encoded = Movie(frames, 36.8, 37.0).encode(dtype)
            STORED[frames.shape[1]] = encoded
    before = used()
    start = time.perf_counter()
    made = natmov_sessions(responses, movies)
    if stored:
        swap(made)
    loaders = session_loaders(
        made, validation_clips=VALIDATION, batch_size=BATCH, normalize_responses=True, stored=stored
    )
    cycler = LongCycler(loaders["train"])
    next(iter(cycler))
    return cycler, time.perf_counter() - start, before, lambda pair: pair[1]


STORED: dict = {}


def swap(sessions):
    """Let all sessions show the encoded movie."""
    for session in sessions.values():
        for stimulus in (session.stimulus, *(t.stimulus for t in session.tests.values())):
            object.__setattr__(stimulus, "movie", STORED[stimulus.movie.shape[1]])


def gather(size, sessions, kind):
    """Give the memory's own speed: random stretches into a buffer that is there already."""
    import torch

    train, _, _, _ = data(size, sessions)
    frames = torch.from_numpy(train.copy())
    c, t, h, w = frames.shape
    view = torch.as_strided(frames, (t - CHUNK + 1, c, CHUNK * h * w), (h * w, t * h * w, 1))
    out = torch.empty((BATCH, c, CHUNK * h * w))

    held, filled = frames.numpy(), out.numpy().reshape(BATCH, c, CHUNK, h, w)

    def batches():
        random = torch.Generator().manual_seed(0)
        for _ in range(100):
            if kind == "float32":  # one thread
                starts = torch.randint(0, t - CHUNK + 1, (BATCH,), generator=random).tolist()
                for sample, start in zip(filled, starts, strict=True):
                    sample[:] = held[:, start : start + CHUNK]
                yield out, None
                continue
            index = torch.randint(0, t - CHUNK + 1, (BATCH,))
            yield torch.index_select(view, 0, index, out=out), None

    class Again:
        def __iter__(self):
            return batches()

    return Again(), 0.0, used(), lambda pair: pair


def used() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def contend(name: str, size: str, sessions: int, seconds: float) -> None:
    import torch

    who, _, kind = name.partition(" ")
    make = {"openretina": openretina, "ours": ours, "gather": gather}[who]
    cycler, ready, before, point = make(SIZES[size], sessions, kind)
    for pair, _ in zip(cycler, range(5), strict=False):
        shape = tuple(point(pair)[0].shape)
    count, cpu, start = 0, time.process_time(), time.perf_counter()
    while time.perf_counter() - start < seconds:
        for pair in cycler:
            point(pair)[0]
            count += 1
            if time.perf_counter() - start > seconds:
                break
    wall = time.perf_counter() - start
    cpu = time.process_time() - cpu
    result = {
        "batches/s": count / wall,
        "CPU ms/batch": 1000 * cpu / count,
        "ready s": ready,
        "memory MB": used() - before,
        "shape": shape,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }
    sys.stdout.write("RESULT " + json.dumps(result) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--size", choices=SIZES, default="low")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("--contender", default=None, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.contender:
        contend(a.contender, a.size, a.sessions, a.seconds)
        return
    rounds: dict[str, list[dict]] = {name: [] for name in CONTENDERS}
    for _ in range(a.rounds):
        for name in CONTENDERS:
            command = [sys.executable, __file__, "--contender", name, "--size", a.size,
                       "--sessions", str(a.sessions), "--seconds", str(a.seconds)]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            line = next(x for x in done.stdout.splitlines() if x.startswith("RESULT "))
            rounds[name].append(json.loads(line.removeprefix("RESULT ")))
    versions = {p: importlib.metadata.version(p) for p in ("openretina", "retina-data", "torch")}
    print(f"{versions}, {os.cpu_count()} cores, {a.sessions} sessions of 2 x {FRAMES} frames")
    print(f"{SIZES[a.size]} pixels, batch {BATCH} x {CHUNK} frames, medians of {a.rounds} rounds")
    base = rounds["openretina"]
    for name, results in rounds.items():
        rates = [r["batches/s"] for r in results]
        ratio = [r / b["batches/s"] for r, b in zip(rates, base, strict=True)]
        median = {
            key: statistics.median(r[key] for r in results)
            for key in ("batches/s", "CPU ms/batch", "ready s", "memory MB")
        }
        shown = "  ".join(f"{key} {value:.4g}" for key, value in median.items())
        spread = f"{statistics.median(ratio):.2f} ({min(ratio):.2f} to {max(ratio):.2f})"
        print(f"{name:16}{shown}  ratio {spread}")
    if a.out:
        a.out.write_text(json.dumps({"versions": versions, "rounds": rounds}, indent=1))


if __name__ == "__main__":
    main()
