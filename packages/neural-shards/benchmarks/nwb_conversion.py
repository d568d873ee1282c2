"""Binning and whole conversions beside pynapple, nlb_tools and a per-spike loop, in one run.

python nwb_conversion.py --minutes 120 --rounds 5 --json result.json

Every contender runs in its own process, A B A B ...; what they make is compared first.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import io
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

BIN_S, LENGTH = 0.01, 100


def ours_binning(path: Path) -> tuple[int, np.ndarray]:
    """Count all spikes, reading included, and hold the counts as uint8."""
    from neural_shards.nwb.plan import plan
    from neural_shards.nwb.spec import ConversionSpec, Spikes, Windows

    spikes = {"spikes": Spikes(mask="never")}
    spec = ConversionSpec(spikes, 10.0, Windows(LENGTH, 0.0), start_s=0.0)
    planned = plan(path, spec)
    counts = np.concatenate([sample["spikes"] for sample, _ in planned.samples()])
    return int(counts.sum()), counts[:1000]


def ours_load(path: Path) -> tuple[object, float]:
    """Read all spike times into memory."""
    import h5py

    from neural_shards.nwb.spikes import SpikeTrains

    with h5py.File(path) as file:
        ends = file["units/spike_times_index"][:].astype(np.int64)
        return SpikeTrains(file["units/spike_times"][:], ends), _end(path)


def ours_count(loaded: tuple[object, float]) -> tuple[int, np.ndarray]:
    """Count spikes that are in memory, in stretches as a conversion does."""
    from neural_shards.nwb.grid import Grid

    trains, end = loaded
    scan, grid = trains.scan(1000 * BIN_S), Grid(0, round(end / BIN_S), 1000 * BIN_S)
    counts = np.empty((grid.n_bins, len(trains.ends)), dtype=np.uint8)
    for first in range(0, grid.n_bins, 50_000):
        stop = min(first + 50_000, grid.n_bins)
        counts[first:stop] = trains.count(scan, grid, first, stop)
    return int(counts.sum()), counts[:1000]


def pynapple_load(path: Path) -> tuple[object, float]:
    """Load the units as pynapple's group."""
    import pynapple as nap

    return nap.load_file(str(path))["units"], _end(path)


def pynapple_count(loaded: tuple[object, float]) -> tuple[int, np.ndarray]:
    """Count spikes that are in memory."""
    import pynapple as nap

    units, end = loaded
    counts = units.count(BIN_S, nap.IntervalSet(0, end)).values
    return int(counts.sum()), counts[:1000]


def pynapple_binning(path: Path) -> tuple[int, np.ndarray]:
    """Load the units and count them."""
    import pynapple as nap

    units = nap.load_file(str(path))["units"]
    counts = units.count(BIN_S, nap.IntervalSet(0, _end(path))).values
    return int(counts.sum()), counts[:1000]


def loop_binning(path: Path) -> tuple[int, np.ndarray]:
    """Walk over every spike, as a first version does."""
    import h5py

    end = _end(path)
    with h5py.File(path) as file:
        ends = file["units/spike_times_index"][:]
        times = np.split(file["units/spike_times"][:], ends[:-1])
    counts = np.zeros((round(end / BIN_S), len(times)), dtype=np.float32)
    for unit, train in enumerate(times):
        for spike in train:
            counts[int(spike / BIN_S), unit] += 1
    return int(counts.sum()), counts[:1000]


def nlb_binning(path: Path) -> tuple[int, np.ndarray]:
    """Load with nlb_tools (1 ms bins of all that is there) and resample to the grid."""
    from nlb_tools.nwb_interface import NWBDataset

    dataset = NWBDataset(str(path), split_heldout=False)
    dataset.resample(round(1000 * BIN_S))
    counts = dataset.data["spikes"].to_numpy().astype(float)  # of float16
    return int(np.nansum(counts)), counts[:1000]


def ours_conversion(path: Path, out: Path) -> None:
    """Convert spikes and behaviour into shards, one process for each core."""
    from neural_shards.cli import PRELOAD
    from neural_shards.nwb import convert_nwb_files
    from neural_shards.nwb.spec import ConversionSpec, Signals, Spikes, Windows
    from neural_shards.workers import processes

    spec = ConversionSpec(
        {"spikes": Spikes(mask="never"), "position": Signals(("Position/xy",), "linear")},
        10.0,
        Windows(LENGTH, 0.0),
        start_s=0.0,
    )
    with processes(os.cpu_count() or 1, preload=PRELOAD["nwb"]) as executor:
        convert_nwb_files([path], out, spec=spec, executor=executor)


def pynapple_conversion(path: Path, out: Path) -> None:
    """The same windows by a script: pynapple's count and interpolate, webdataset's writer.

    A window whose last bin lies more than half a step past the last position is left out,
    as neural-shards does; pynapple's interpolate would repeat that position.
    """
    import pynapple as nap
    import webdataset as wds

    data = nap.load_file(str(path))
    whole = nap.IntervalSet(0, _end(path))
    counts = data["units"].count(BIN_S, whole)
    position = data["xy"].interpolate(counts, ep=whole)
    bins = int((counts.t < data["xy"].t[-1] + 0.5 / 60).sum())
    out.mkdir()
    with wds.ShardWriter(f"{out}/shard_%06d.tar", maxcount=1000, verbose=0) as sink:
        for k in range(bins // LENGTH):
            at = slice(k * LENGTH, (k + 1) * LENGTH)
            sink.write(
                {
                    "__key__": f"sample_{k:09d}",
                    "spikes.npy": counts.values[at].astype(np.uint8),
                    "position.npy": position.values[at].astype(np.float32),
                }
            )


def written(out: Path) -> tuple[str, np.ndarray]:
    """Read back what a conversion wrote, with tarfile and NumPy alone."""
    sums, samples, head = {"spikes": 0.0, "position": 0.0}, 0, []
    for shard in sorted(out.glob("*.tar")):
        with tarfile.open(shard) as tar:
            for member in tar:
                name = member.name.split(".")[1]
                if name in sums:
                    values = np.load(io.BytesIO(tar.extractfile(member).read()))
                    sums[name] += float(np.abs(values.astype(float)).sum())
                    samples += name == "spikes"
                    if name == "spikes" and len(head) < 10:
                        head.append(values)
    total = f"{samples} windows, {sums['spikes']:.0f} spikes, {sums['position']:.0f} m"
    return total, np.concatenate(head)


def ours_trials(path: Path) -> tuple[int, np.ndarray]:
    """Align trials to the go cue."""
    from neural_shards.nwb.plan import plan
    from neural_shards.nwb.spec import ConversionSpec, Spikes, Windows

    windows = Windows(table="trials", align="go_cue_time", range_s=(-0.2, 0.5))
    spec = ConversionSpec({"spikes": Spikes(mask="never")}, 10.0, windows, start_s=0.0)
    counts = np.concatenate([sample["spikes"] for sample, _ in plan(path, spec).samples()])
    return int(counts.sum()), counts[:1000]


def nlb_trials(path: Path) -> tuple[int, np.ndarray]:
    """Align trials to the go cue with nlb_tools.

    It takes the first bin that begins at or after the event, neural-shards the bin that
    holds it; the events of this recording lie on edges, where both are the same.
    """
    from nlb_tools.nwb_interface import NWBDataset

    dataset = NWBDataset(str(path), split_heldout=False)
    dataset.resample(round(1000 * BIN_S))
    trials = dataset.make_trial_data(align_field="go_cue_time", align_range=(-200, 500))
    counts = trials["spikes"].to_numpy().astype(float)
    return int(np.nansum(counts)), counts[:1000]


#: What is done before the clock runs; other contenders begin with the file.
LOADERS = {("count", "neural-shards"): ours_load, ("count", "pynapple"): pynapple_load}
CONTENDERS: dict[str, dict[str, Callable[..., object]]] = {
    "count": {"neural-shards": ours_count, "pynapple": pynapple_count},
    "binning": {
        "neural-shards": ours_binning,
        "pynapple": pynapple_binning,
        "loop": loop_binning,
        "nlb_tools": nlb_binning,
    },
    "trials": {"neural-shards": ours_trials, "nlb_tools": nlb_trials},
    "conversion": {"neural-shards": ours_conversion, "pynapple": pynapple_conversion},
}


def _end(path: Path) -> float:
    import h5py

    with h5py.File(path) as file:
        return len(file["processing/behavior/Position/xy/data"]) / 60.0


def one(task: str, name: str, path: Path) -> None:
    """Run one contender and print what it took; imports are not counted."""
    warnings.simplefilter("ignore")
    modules = {
        "neural-shards": ["pynwb", "neural_shards.nwb"],
        "pynapple": ["pynapple", "webdataset"],
        "loop": ["h5py"],
        "nlb_tools": ["nlb_tools.nwb_interface"],
    }
    for module in modules[name]:
        __import__(module)
    given = LOADERS[task, name](path) if (task, name) in LOADERS else path
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        out = [Path(folder, "out")] if task == "conversion" else []
        wall, cpu = time.perf_counter(), _cpu()
        made = CONTENDERS[task][name](given, *out)
        took, used = time.perf_counter() - wall, _cpu() - cpu
        total, head = written(out[0]) if out else made
    result = {
        "wall_s": took,
        "cpu_s": used,
        "peak_mb": max(
            resource.getrusage(who).ru_maxrss
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        / 1024,
        "total": total,
        "head": np.asarray(head, dtype=float).ravel()[:400_000].astype(int).tolist(),
    }
    print(json.dumps(result))


def _cpu() -> float:
    """Give CPU seconds of this process and of all that it has started."""
    used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    total = sum(u.ru_utime + u.ru_stime for u in used)
    for task in Path("/proc/self/task").iterdir():  # a server of workers lives on
        with contextlib.suppress(FileNotFoundError):  # a thread that has ended
            for child in (task / "children").read_text().split():
                ticks = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11:15]
                total += sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    return total


def run(task: str, name: str, path: Path) -> dict[str, object]:
    command = [sys.executable, __file__, "--one", task, name, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{name} failed:\n{done.stderr[-2000:]}")
    made: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return made


def versions() -> dict[str, str]:
    names = ("neural-shards", "numpy", "pynwb", "pynapple", "nlb-tools", "pandas", "webdataset")
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def compare(task: str, names: list[str], path: Path, rounds: int) -> list[dict[str, object]]:
    """Run contenders in turn; their results must agree before any time counts."""
    warm = {name: run(task, name, path) for name in names}
    heads = {name: (r.pop("total"), r.pop("head")) for name, r in warm.items()}
    ours = heads["neural-shards"]
    for name, theirs in heads.items():
        same = "the same values" if theirs == ours else f"OTHER values ({theirs[0]}, {ours[0]})"
        print(f"  {task}: {name}: {same}")
    took: dict[str, list[dict[str, object]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            took[name].append(run(task, name, path))
    rows = []
    for name in names:
        row: dict[str, object] = {"task": task, "name": name, "rounds": rounds}
        for key in ("wall_s", "cpu_s", "peak_mb"):
            values = [float(str(r[key])) for r in took[name]]
            row[key] = round(statistics.median(values), 3)
            row[f"{key}_range"] = [round(min(values), 3), round(max(values), 3)]
        ratios = [
            float(str(a["wall_s"])) / float(str(b["wall_s"]))
            for a, b in zip(took[name], took["neural-shards"], strict=True)
        ]
        row["wall_ratio_by_round"] = [round(r, 2) for r in ratios]
        cpu = [
            float(str(a["cpu_s"])) / float(str(b["cpu_s"]))
            for a, b in zip(took[name], took["neural-shards"], strict=True)
        ]
        row["cpu_ratio_by_round"] = [round(r, 2) for r in cpu]
        rows.append(row)
        print(
            f"  {task:10} {name:14} {row['wall_s']:>8} s wall {row['wall_s_range']}  "
            f"{row['cpu_s']:>8} s CPU  {row['peak_mb']:>8} MB  "
            f"wall ratios {row['wall_ratio_by_round']} CPU ratios {row['cpu_ratio_by_round']}",
            flush=True,
        )
    return rows


def _recording(path: Path, minutes: float, units: int) -> Path:
    # In a process of its own: the peak memory of this one is inherited.
    writer = Path(__file__).with_name("nwb_recording.py")
    sizes = ["--minutes", str(minutes), "--units", str(units), "--channels", "0"]
    subprocess.run([sys.executable, writer, path, *sizes], check=True)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--units", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--slow-minutes", type=float, default=2, help="for the slow contenders; 0: none"
    )
    parser.add_argument("--recording", type=Path, help="one that nwb_recording.py wrote")
    parser.add_argument("--tasks", nargs="*", default=["count", "binning", "conversion"])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        one(args.one[0], args.one[1], Path(args.one[2]))
        return
    print(f"{versions()}, {os.cpu_count()} cores")
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory(dir=args.recording and args.recording.parent) as folder:
        path = args.recording or _recording(Path(folder, "long.nwb"), args.minutes, args.units)
        print(f"{path.stat().st_size / 1e6:.0f} MB, {_end(path) / 60:g} minutes:")
        for task in args.tasks:
            rows += compare(task, ["neural-shards", "pynapple"], path, args.rounds)
        if args.slow_minutes:
            path = _recording(Path(folder, "short.nwb"), args.slow_minutes, args.units)
            print(f"{args.slow_minutes:g} minutes, {args.units} units:")
            nlb = ["nlb_tools"] if "nlb-tools" in versions() else []
            slow = compare(
                "binning", ["neural-shards", "pynapple", "loop", *nlb], path, args.rounds
            )
            if nlb:
                slow += compare("trials", ["neural-shards", *nlb], path, args.rounds)
            rows += [{**row, "minutes": args.slow_minutes} for row in slow]
    if args.json:
        args.json.write_text(json.dumps({"versions": versions(), "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
