"""Batches from many sessions of one movie: openretina, this package, the memory's own gather.

Run with ``python bench_sessions.py [--rounds 5] [--sessions 20] [--size low|high] [--out FILE]``
in an environment that has both packages, on Linux. Each contender runs in a process of its own,
one after the other, round after round; the table gives medians over rounds. Rounds that lie in
FILE already count with the new ones.

openretina lays out the movie once for every random sequence and eye, whether a session saw it or
not: at 72 x 64 the 20 sequences of the recordings take 21 GB. ``--sequences`` says how many there
are, for all contenders; the sessions share them.

Memory is the process's, less what it had before there were data: the most from when it was given
them, and what it holds while it makes batches. Compare it to the data themselves: movies and
responses, each once, in the type they are held in.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import importlib.metadata
import json
import os
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
    "gather uint8",
)
#: The gather that moves the same bytes.
GATHER = {"ours uint8": "gather uint8"}


def data(size: tuple[int, int], sessions: int, sequences: int):
    import numpy as np

    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (2, FRAMES + TEST, *size), dtype=np.uint8)
    movie = pixels.astype(np.float32)
    movie -= 36.8
    movie /= 37.0
    order = np.stack([random.permutation(FRAMES // CLIP) for _ in range(sequences)], axis=1)
    responses = {
        f"session_{i}": (
            random.random((NEURONS, FRAMES), np.float32),
            random.random((3, NEURONS, TEST), np.float32),
            {"eye": "right" if i % 2 else "left", "scan_sequence_idx": i % sequences},
        )
        for i in range(sessions)
    }
    train, test = (np.ascontiguousarray(m) for m in np.split(movie, [FRAMES], axis=1))
    return train, test, order.astype(np.uint8), responses


def splits(module, *given):
    train, test, order, responses = data(*given)
    movies = module.MoviesTrainTestSplit(
        train=train, test=test, random_sequences=order, norm_mean=36.8, norm_std=37.0
    )
    return movies, {
        name: module.ResponsesTrainTestSplit(
            train=r, test=t.mean(0), test_by_trial=t, stim_id="natural", session_kwargs=kwargs
        )
        for name, (r, t, kwargs) in responses.items()
    }


def openretina(given, _kind):
    import openretina.data_io.base as base
    from openretina.data_io.cyclers import LongCycler
    from openretina.data_io.hoefling_2024.dataloaders import natmov_dataloaders_v2

    movies, responses = splits(base, *given)
    unique = unique_mb(movies, responses)
    reset_peak()
    start = time.perf_counter()
    loaders = natmov_dataloaders_v2(responses, movies, VALIDATION, batch_size=BATCH)
    cycler = LongCycler(loaders["train"])
    next(iter(cycler))
    return cycler, time.perf_counter() - start, unique


def ours(given, kind):
    import torch

    import retina_data
    from retina_data import LongCycler
    from retina_data.hoefling_2024.dataloaders import natmov_sessions
    from retina_data.loaders import session_loaders
    from retina_data.movies import Movie

    movies, responses = splits(retina_data, *given)
    stored = kind != "float32"
    if stored:
        dtype = {"uint8": torch.uint8, "float16": torch.float16}[kind]
        for frames in (movies.train, movies.test_movie):
            encoded = Movie(frames, 36.8, 37.0).encode(dtype)
            STORED[frames.shape[1]] = encoded
    unique = unique_mb(movies, responses, dtype.itemsize if stored else 4)
    reset_peak()
    start = time.perf_counter()
    made = natmov_sessions(responses, movies)
    if stored:
        swap(made)
    loaders = session_loaders(
        made, validation_clips=VALIDATION, batch_size=BATCH, normalize_responses=True, stored=stored
    )
    cycler = LongCycler(loaders["train"])
    next(iter(cycler))
    return cycler, time.perf_counter() - start, unique


STORED: dict = {}


def swap(sessions):
    """Let all sessions show the encoded movie."""
    for session in sessions.values():
        for stimulus in (session.stimulus, *(t.stimulus for t in session.tests.values())):
            object.__setattr__(stimulus, "movie", STORED[stimulus.movie.shape[1]])


def gather(given, kind):
    """Give the memory's own speed: random stretches into one buffer that is there already."""
    import numpy as np

    train = data(*given)[0]
    held = train if kind == "float32" else (train * 37.0 + 36.8).round().astype(np.uint8)
    c, t, h, w = held.shape
    out = np.zeros((BATCH, c, CHUNK, h, w), held.dtype)
    random = np.random.default_rng(0)

    def batches():
        for _ in range(100):
            starts = random.integers(0, t - CHUNK + 1, BATCH).tolist()
            for sample, start in zip(out, starts, strict=True):
                sample[:] = held[:, start : start + CHUNK]
            yield None, (out, None)

    class Again:
        def __iter__(self):
            return batches()

    reset_peak()
    return Again(), 0.0, held.nbytes / 2**20


def unique_mb(movies, responses, itemsize: int = 4) -> float:
    """Give the size of the data: every frame once, every response once."""
    pixels = movies.train.size + movies.test_movie.size
    values = sum(r.train.size + r.test_by_trial.size for r in responses.values())
    return (pixels * itemsize + values * 4) / 2**20


def memory_mb(what: str) -> float:
    """Give ``VmRSS``, what the process holds now, or ``VmHWM``, the most since `reset_peak`."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(x.split()[1]) / 1024 for x in lines if x.startswith(what))


def reset_peak() -> None:
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")


def epoch_plan_ms(sessions: int = 100) -> float:
    """Time the plan of an epoch of many sessions: every chunk's first frame, in order."""
    import numpy as np

    from retina_data.orders import ChunkOrder

    stretches = np.array([[i * 1080, i * 1080 + 950] for i in range(15)])
    orders = [ChunkOrder(stretches, chunk_size=CHUNK, name=f"session_{i}") for i in range(sessions)]
    for order in orders:
        order.starts(0)
    start = time.perf_counter()
    for order in orders:
        order.starts(1)
    return 1000 * (time.perf_counter() - start)


def contend(name: str, given: tuple[tuple[int, int], int, int], seconds: float) -> None:
    import torch

    who, _, kind = name.partition(" ")
    package = {"openretina": "openretina.data_io", "ours": "retina_data"}.get(who)
    if package:
        importlib.import_module(package + ".hoefling_2024.dataloaders")
    bare = memory_mb("VmRSS")
    make = {"openretina": openretina, "ours": ours, "gather": gather}[who]
    cycler, ready, unique = make(given, kind)
    for pair, _ in zip(cycler, range(5), strict=False):
        shape = tuple(pair[1][0].shape)
    count, cpu, start = 0, time.process_time(), time.perf_counter()
    while time.perf_counter() - start < seconds:
        for _pair in cycler:
            count += 1
            if time.perf_counter() - start > seconds:
                break
    wall = time.perf_counter() - start
    cpu = time.process_time() - cpu
    if who == "ours":
        plan = statistics.median(epoch_plan_ms() for _ in range(5))
    result = {
        "batches/s": count / wall,
        "CPU ms/batch": 1000 * cpu / count,
        "ready s": ready,
        "peak MB": memory_mb("VmHWM") - bare,
        "held MB": memory_mb("VmRSS") - bare,
        "unique MB": unique,
        "shape": shape,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    } | ({"plan ms": plan} if who == "ours" else {})
    sys.stdout.write("RESULT " + json.dumps(result) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--sequences", type=int, default=20)
    parser.add_argument("--size", choices=SIZES, default="low")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("--contender", default=None, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.contender:
        contend(a.contender, (SIZES[a.size], a.sessions, a.sequences), a.seconds)
        return
    versions = {p: importlib.metadata.version(p) for p in ("openretina", "retina-data", "torch")}
    setting = {"versions": versions, "size": SIZES[a.size], "sessions": a.sessions,
               "sequences": a.sequences}  # fmt: skip
    rounds: dict[str, list[dict]] = {name: [] for name in CONTENDERS}
    if a.out and a.out.exists():
        before = json.loads(a.out.read_text())
        if before["setting"] != json.loads(json.dumps(setting)):
            parser.error(f"the rounds in {a.out} are of {before['setting']}")
        rounds = before["rounds"]
    for _ in range(a.rounds):
        for name in CONTENDERS:
            command = [sys.executable, __file__, "--contender", name, "--size", a.size,
                       "--sessions", str(a.sessions), "--sequences", str(a.sequences),
                       "--seconds", str(a.seconds)]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"{name} ended with {done.returncode}\n{done.stderr[-2000:]}")
            line = next(x for x in done.stdout.splitlines() if x.startswith("RESULT "))
            rounds[name].append(json.loads(line.removeprefix("RESULT ")))
        if a.out:
            a.out.write_text(json.dumps({"setting": setting, "rounds": rounds}, indent=1))
    report(setting, rounds)


def report(setting: dict, rounds: dict[str, list[dict]]) -> None:
    """Print medians, and every ratio to openretina and to the gather, round by round."""
    print(f"{setting}, {os.cpu_count()} cores, 2 x {FRAMES} frames")
    print(f"batch {BATCH} x {CHUNK} frames, medians of {len(rounds['openretina'])} rounds")
    for name, results in rounds.items():
        keys = ("batches/s", "CPU ms/batch", "ready s", "peak MB", "held MB", "unique MB")
        median = {key: statistics.median(r[key] for r in results) for key in keys}
        print(f"{name:15}" + "  ".join(f"{key} {value:.4g}" for key, value in median.items()))
        for peer in ("openretina", GATHER.get(name, "gather float32")):
            print(f"{'':15}to {peer}: {ratios(results, rounds[peer], 'batches/s')} batches/s, "
                  f"{ratios(rounds[peer], results, 'CPU ms/batch')} a CPU second")  # fmt: skip
        if "plan ms" in results[0]:
            plan = statistics.median(r["plan ms"] for r in results)
            print(f"{'':15}epoch plan of 100 sessions {plan:.3g} ms")


def ratios(ours: list[dict], theirs: list[dict], key: str) -> str:
    each = [a[key] / b[key] for a, b in zip(ours, theirs, strict=True)]
    return f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})"


if __name__ == "__main__":
    main()
