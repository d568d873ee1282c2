"""Time to render a stimulus, against frame-by-frame NumPy, dense torch, stimupy and MotionClouds.

The floor is filling fresh memory of the same size. Every contender of every
round runs in a process of its own, one after the other; medians of the rounds.
What takes seconds (MotionClouds and stimupy at the large size) is timed once a
round, the rest several times.

    python bench_stimuli.py [--rounds 5] [--out stimuli.json]
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
import warnings
from importlib.metadata import PackageNotFoundError, version

import numpy as np

SIZES = {"small": (2, 30, 16, 18), "large": (1, 300, 256, 256)}
SF, TF, RATE, DIRECTION = 0.05, 2.0371, 30.0, 30.0


def size(shape):
    c, t, h, w = shape
    return {"channels": c, "frames": t, "height": h, "width": w, "frame_rate_hz": RATE}


def ours(kind, shape):
    from stimulus_protocols.stimuli import Grating, MotionCloud, MovingBar, WhiteNoise

    common = size(shape)
    made = {
        "grating": lambda: Grating(
            **common,
            spatial_frequency_cpp=SF,
            temporal_frequency_hz=TF,
            direction_deg=DIRECTION,
        ),
        "bar": lambda: MovingBar(**common, width_px=4, speed_px_s=30, direction_deg=DIRECTION),
        "binary noise": lambda: WhiteNoise(**common, distribution="binary"),
        "motion cloud": lambda: MotionCloud(**common, spatial_frequency_cpp=0.125),
    }[kind]()
    return made.render


def grids(shape):
    _, t, h, w = shape
    x, y = np.arange(w) - (w - 1) / 2, (h - 1) / 2 - np.arange(h)
    angle = np.deg2rad(DIRECTION)
    return np.arange(t) / RATE, x * np.cos(angle) + y[:, None] * np.sin(angle)


def numpy_frames(kind, shape):
    def grating():
        time_s, u = grids(shape)
        out = np.empty(shape, np.float32)
        for k, t in enumerate(time_s):
            out[:, k] = 0.5 + 0.5 * np.cos(2 * np.pi * (SF * u - TF * t))
        return out

    def bar():
        time_s, u = grids(shape)
        out = np.empty(shape, np.float32)
        reach = (shape[2] + shape[3]) / 2
        for k, t in enumerate(time_s):
            out[:, k] = 0.5 + 0.5 * (abs(u - (30 * t - reach)) <= 2)
        return out

    def noise():
        draw = np.random.Generator(np.random.PCG64(0))
        out = np.empty(shape, np.float32)
        for k in range(shape[1]):
            out[:, k] = draw.integers(0, 2, (shape[0], *shape[2:]))
        return out

    return {"grating": grating, "bar": bar, "binary noise": noise}.get(kind)


def torch_dense(kind, shape):
    import torch

    def grating():
        time_s, u = (torch.from_numpy(part).float() for part in grids(shape))
        phase = SF * u[None] - TF * time_s[:, None, None]
        movie = 0.5 + 0.5 * torch.cos(2 * torch.pi * phase)
        return movie.expand(shape).clone() if shape[0] > 1 else movie[None]

    def noise():
        random = torch.Generator().manual_seed(0)
        return torch.randint(0, 2, shape, generator=random).float()

    return {"grating": grating, "binary noise": noise}.get(kind)


def stimupy_frames(kind, shape):
    if kind != "grating":
        return None
    from stimupy.stimuli.waves import sine_linear

    # Its centre is the pixel right of and below the middle.
    angle = np.deg2rad(DIRECTION)
    off_centre = 360 * SF * (np.cos(angle) - np.sin(angle)) / 2

    def grating():
        out = np.empty(shape, np.float32)
        for k in range(shape[1]):
            out[:, k] = sine_linear(
                shape=shape[2:],
                ppd=1,
                frequency=SF,
                rotation=DIRECTION,
                phase_shift=90 + off_centre - 360 * TF * k / RATE,
                intensities=(0, 1),
                origin="center",
            )["img"]
        return out

    return grating


def motion_clouds(kind, shape):
    if kind != "motion cloud":
        return None
    import MotionClouds

    def cloud():
        fx, fy, ft = MotionClouds.get_grids(shape[3], shape[2], shape[1])
        return MotionClouds.random_cloud(
            MotionClouds.envelope_gabor(fx, fy, ft, sf_0=0.125), seed=0
        )

    return cloud


def fill(kind, shape):
    return lambda: np.full(shape, 0.5, np.float32)


CONTENDERS = {
    "fill": fill,
    "stimulus-protocols": ours,
    "NumPy frame by frame": numpy_frames,
    "torch dense": torch_dense,
    "stimupy frame by frame": stimupy_frames,
    "MotionClouds": motion_clouds,
}
KINDS = ("grating", "bar", "binary noise", "motion cloud")


def one(contender):
    """Time a contender in this process: after a warm-up, the median of some, of all it makes."""
    warnings.simplefilter("ignore")
    rows = []
    for size_name, shape in SIZES.items():
        for kind in KINDS:
            render = CONTENDERS[contender](kind, shape)
            if render is not None:
                if kind == "motion cloud" and contender == "stimulus-protocols":
                    render = without_memory(render)
                rows.append({"size": size_name, "stimulus": kind, **timed(render)})
    return rows


def without_memory(render):
    """Forget the last cloud first, or only the first would be computed."""
    from stimulus_protocols.stimuli import textures

    def forgetting():
        textures._block.cache_clear()
        return render()

    return forgetting


def timed(render):
    wall, cpu = [], []
    begin = time.perf_counter()
    render()
    warm_up = time.perf_counter() - begin
    budget = time.perf_counter() + 0.2
    while not wall or (time.perf_counter() < budget and len(wall) < 500 and warm_up < 1):
        before, busy = time.perf_counter(), time.process_time()
        render()
        wall.append(time.perf_counter() - before)
        cpu.append(time.process_time() - busy)
    return {"ms": 1e3 * statistics.median(wall), "cpu_ms": 1e3 * statistics.median(cpu)}


def agreement():
    """How far the gratings of all contenders are apart at most."""
    warnings.simplefilter("ignore")
    shape = SIZES["small"]
    mine = ours("grating", shape)()
    found = {}
    for name, contender in CONTENDERS.items():
        made = None if name in ("fill", "stimulus-protocols") else contender("grating", shape)
        if made is not None:
            found[name] = float(abs(np.asarray(made()) - mine).max())
    return found


def versions():
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in ("stimulus-protocols", "numpy", "torch", "stimupy", "MotionClouds"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def available(contender):
    needs = {"stimupy frame by frame": "stimupy", "MotionClouds": "MotionClouds"}.get(contender)
    return needs is None or versions()[needs] != "not installed"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", default="stimuli.json")
    parser.add_argument("--one")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(one(arguments.one)))
        return
    times: dict[tuple[str, str, str], list[dict[str, float]]] = {}
    for _ in range(arguments.rounds):
        for contender in filter(available, CONTENDERS):
            command = [sys.executable, __file__, "--one", contender]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            for row in json.loads(done.stdout.splitlines()[-1]):
                key = row["size"], row["stimulus"], contender
                times.setdefault(key, []).append(row)
    rows = []
    for (size_name, kind, contender), found in sorted(times.items()):
        floor = times[size_name, kind, "fill"]
        ratios = [a["ms"] / b["ms"] for a, b in zip(found, floor, strict=True)]
        ms = [row["ms"] for row in found]
        rows.append(
            {
                "size": size_name,
                "shape": SIZES[size_name],
                "stimulus": kind,
                "contender": contender,
                "median_ms": statistics.median(ms),
                "min_ms": min(ms),
                "max_ms": max(ms),
                "cpu_ms": statistics.median(row["cpu_ms"] for row in found),
                "times_the_fill": statistics.median(ratios),
            }
        )
        print(
            f"{size_name:6} {kind:13} {contender:23} {rows[-1]['median_ms']:10.3f} ms "
            f"({min(ms):.3f} to {max(ms):.3f}), CPU {rows[-1]['cpu_ms']:.3f} ms, "
            f"{rows[-1]['times_the_fill']:6.1f} times the fill"
        )
    report = {"versions": versions(), "largest_difference_of_gratings": agreement(), "rows": rows}
    print(json.dumps({k: report[k] for k in report if k != "rows"}, indent=2))
    with open(arguments.out, "w") as file:
        json.dump(report, file, indent=2)


if __name__ == "__main__":
    main()
