"""Binning and whole conversions beside pynapple, nlb_tools and a per-spike loop, in one run.

python nwb_conversion.py --minutes 120 --channels 384 --rounds 5 --json result.json

Every contender runs in its own process, A B A B ...; what they make is compared first. The
clock runs from the file to the counts or shards; imports, and in ``count`` the loading of the
spike times, come before it. Memory is the sum of the peaks (RSS) of all processes of a
contender, from its start on.

By default neural-shards stores the SHA-256 of a recording too, for which it reads all of it,
LFP included. No other contender does, so it is done without, and once more as ``with sha256``.

nlb_tools makes a table of all there is at 1 ms first, for 400 units about 170 MB a minute: 20 GB
for two hours. It runs on a shorter recording (``--slow-minutes``), and all others on that one
too.
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
from functools import partial
from pathlib import Path

import numpy as np
from nwb_memory import family, peak_kb

BIN_S, LENGTH = 0.01, 100
#: What an LFP sample of 1 stands for; pynapple does not apply it.
LFP_VOLTS = 1.95e-7
#: Windows whose LFP the script with pynapple averages at once; more are slower.
PIECE = 30
HASHED = "with sha256"


def ours_binning(path: Path, *, sha256: bool = False) -> tuple[int, np.ndarray]:
    """Count all spikes, reading included, and hold the counts as uint8."""
    from neural_shards.nwb.plan import plan
    from neural_shards.nwb.spec import ConversionSpec, Spikes, Windows

    spikes = {"spikes": Spikes(mask="never")}
    spec = ConversionSpec(spikes, 10.0, Windows(LENGTH, 0.0), start_s=0.0, sha256=sha256)
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


def ours_conversion(path: Path, out: Path, *, lfp: bool = False, sha256: bool = False) -> None:
    """Convert spikes and behaviour into shards, one process for each core."""
    from neural_shards.cli import PRELOAD
    from neural_shards.nwb import convert_nwb_files
    from neural_shards.nwb.spec import ConversionSpec, Signals, Spikes, Windows
    from neural_shards.workers import processes

    # To the mean of each bin as the script does, which pynapple has ready.
    fields = {"lfp": Signals(("LFP/lfp",), "mean")} if lfp else {}
    spec = ConversionSpec(
        {"spikes": Spikes(mask="never"), "position": Signals(("Position/xy",), "linear"), **fields},
        10.0,
        Windows(LENGTH, 0.0),
        start_s=0.0,
        sha256=sha256,
    )
    with processes(os.cpu_count() or 1, preload=PRELOAD["nwb"]) as executor:
        convert_nwb_files([path], out, spec=spec, executor=executor)


def pynapple_conversion(path: Path, out: Path, *, lfp: bool = False) -> None:
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
    windows = bins // LENGTH
    out.mkdir()
    with wds.ShardWriter(f"{out}/shard_%06d.tar", maxcount=1000, verbose=0) as sink:
        for k in range(windows):
            at = slice(k * LENGTH, (k + 1) * LENGTH)
            sample = {
                "__key__": f"sample_{k:09d}",
                "spikes.npy": counts.values[at].astype(np.uint8),
                "position.npy": position.values[at].astype(np.float32),
            }
            if lfp:
                if k % PIECE == 0:
                    means = _pynapple_lfp(data, k, min(PIECE, windows - k))
                within = slice(k % PIECE * LENGTH, (k % PIECE + 1) * LENGTH)
                sample["lfp.npy"] = means[within]
            sink.write(sample)


def _pynapple_lfp(data: dict[str, object], first: int, windows: int) -> np.ndarray:
    """Average LFP in the bins of some windows; all at once would take 27 GB of float64."""
    import pynapple as nap

    low, bins = first * LENGTH * BIN_S, windows * LENGTH
    high = low + (bins + 1) * BIN_S  # a bin more: the last one would hold its right edge too
    means = data["lfp"].get(low, high).bin_average(BIN_S, nap.IntervalSet(low, high))
    return (means.values[:bins] * LFP_VOLTS).astype(np.float32)


def written(out: Path) -> tuple[str, np.ndarray]:
    """Read back what a conversion wrote, with tarfile and NumPy alone."""
    sums, samples, head = {"spikes": 0.0, "position": 0.0, "lfp": 0.0}, 0, []
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
    total += f", {sums['lfp']:.7g} V"
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
        HASHED: partial(ours_binning, sha256=True),
        "pynapple": pynapple_binning,
        "loop": loop_binning,
        "nlb_tools": nlb_binning,
    },
    "trials": {"neural-shards": ours_trials, "nlb_tools": nlb_trials},
    "conversion": {
        "neural-shards": ours_conversion,
        HASHED: partial(ours_conversion, sha256=True),
        "pynapple": pynapple_conversion,
    },
    "recording": {
        "neural-shards": partial(ours_conversion, lfp=True),
        HASHED: partial(ours_conversion, lfp=True, sha256=True),
        "pynapple": partial(pynapple_conversion, lfp=True),
    },
}
#: What takes a table of all there is at 1 ms, and with it memory that grows with the time.
SHORT = "nlb_tools"


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
    modules[HASHED] = modules["neural-shards"]
    for module in modules[name]:
        __import__(module)
    given = LOADERS[task, name](path) if (task, name) in LOADERS else path
    writes = task in ("conversion", "recording")
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        out = [Path(folder, "out")] if writes else []
        wall, cpu = time.perf_counter(), _cpu()
        made = CONTENDERS[task][name](given, *out)
        took, used = time.perf_counter() - wall, _cpu() - cpu
        peak = peak_kb(os.getpid())  # before anything is read back
        total, head = written(out[0]) if out else made
    result = {
        "wall_s": took,
        "cpu_s": used,
        "own_peak_kb": peak,
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
    """Run one contender in a process of its own, and watch the memory of all it starts."""
    command = [sys.executable, __file__, "--one", task, name, str(path)]
    peaks: dict[int, int] = {}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err)
        while process.poll() is None:
            for pid in family(process.pid):
                peaks[pid] = max(peak_kb(pid), peaks.get(pid, 0))
            time.sleep(0.05)
        out.seek(0)
        err.seek(0)
        if process.returncode != 0:
            sys.exit(f"{name} failed:\n{err.read()[-2000:]}")
        made: dict[str, object] = json.loads(out.read().splitlines()[-1])
    peaks[process.pid] = int(str(made.pop("own_peak_kb")))
    made["peak_mb"] = sum(peaks.values()) / 1000
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
    """Run contenders in turn; what they make is compared before any time counts."""
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
    return [_row(task, name, took[name], took["neural-shards"]) for name in names]


def _row(
    task: str, name: str, took: list[dict[str, object]], ours: list[dict[str, object]]
) -> dict[str, object]:
    """Say what the rounds of a contender took, and how many times what ours did."""
    row: dict[str, object] = {"task": task, "name": name, "rounds": len(took)}
    for key in ("wall_s", "cpu_s", "peak_mb"):
        values = [float(str(r[key])) for r in took]
        row[key] = round(statistics.median(values), 3)
        row[f"{key}_range"] = [round(min(values), 3), round(max(values), 3)]
    for key in ("wall", "cpu"):
        pairs = zip(took, ours, strict=True)
        ratios = [float(str(a[f"{key}_s"])) / float(str(b[f"{key}_s"])) for a, b in pairs]
        row[f"{key}_ratio"] = round(statistics.median(ratios), 2)
        row[f"{key}_ratio_by_round"] = [round(r, 2) for r in ratios]
    print(
        f"  {task:10} {name:14} {row['wall_s']:>8} s wall {row['wall_s_range']}  "
        f"{row['cpu_s']:>8} s CPU {row['cpu_s_range']}  {row['peak_mb']:>8} MB;  "
        f"times ours: wall {row['wall_ratio']} {row['wall_ratio_by_round']}, "
        f"CPU {row['cpu_ratio']} {row['cpu_ratio_by_round']}",
        flush=True,
    )
    return row


def _recording(path: Path, minutes: float, units: int, channels: int = 0) -> Path:
    # In a process of its own, whose memory ends with it.
    writer = Path(__file__).with_name("nwb_recording.py")
    sizes = [f"--minutes={minutes}", f"--units={units}", f"--channels={channels}"]
    subprocess.run([sys.executable, writer, path, *sizes], check=True)
    return path


def _said(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.0f} MB, {_end(path) / 60:g} minutes:"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--units", type=int, default=400)
    parser.add_argument("--channels", type=int, default=0, help="of LFP; 'recording' wants some")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--slow-minutes", type=float, default=10, help="for nlb_tools, and all beside it; 0: none"
    )
    parser.add_argument("--recording", type=Path, help="one that nwb_recording.py wrote")
    parser.add_argument(
        "--tasks",
        nargs="*",
        default=["binning", "count", "conversion", "trials"],
        choices=list(CONTENDERS),
    )
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        one(args.one[0], args.one[1], Path(args.one[2]))
        return
    print(f"{versions()}, {os.cpu_count()} cores")
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory(dir=args.recording and args.recording.parent) as folder:
        path = args.recording or _recording(
            Path(folder, "long.nwb"), args.minutes, args.units, args.channels
        )
        print(_said(path))
        for task in args.tasks:
            names = [name for name in CONTENDERS[task] if name != SHORT]
            if len(names) > 1:
                rows += compare(task, names, path, args.rounds)
        with_short = [task for task in args.tasks if SHORT in CONTENDERS[task]]
        if with_short and args.slow_minutes and SHORT.replace("_", "-") in versions():
            path = _recording(Path(folder, "short.nwb"), args.slow_minutes, args.units)
            print(f"{_said(path)} all that {SHORT} has the memory for")
            for task in with_short:
                short = compare(task, list(CONTENDERS[task]), path, args.rounds)
                rows += [{**row, "minutes": args.slow_minutes} for row in short]
    if args.json:
        args.json.write_text(json.dumps({"versions": versions(), "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
