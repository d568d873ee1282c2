"""Values beside those of scipy, pynapple and nlb_tools, one by one; any difference must be known.

python nwb_peers.py --minutes 2 --units 30

nlb_tools asks for a pandas of 2021 and runs with 2.x: ``pip install --no-deps nlb_tools``. Where
it is not installed, that is said, and the rest runs.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import h5py
import numpy as np

from neural_shards.nwb import ConversionSpec, Signals, Spikes, Windows
from neural_shards.nwb.clock import regular_clock
from neural_shards.nwb.grid import Grid
from neural_shards.nwb.plan import plan
from neural_shards.nwb.resample import resample
from neural_shards.nwb.series import Series

BIN_S = 0.01
RECORDING = Path(__file__).parents[1] / "benchmarks" / "nwb_recording.py"


def check(holds: bool, what: str) -> None:
    """Print a fact, or end with it if it does not hold."""
    if not holds:
        sys.exit(f"DIFFERENT: {what}")
    print(f"  {what}")


def decibels(x: np.ndarray, full: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(x**2) / np.mean(full**2)))


def low_passed(data: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Resample to the grid; gives values and the middles of the bins."""
    clock = regular_clock(len(data), 0.0, rate)
    grid = Grid(0, int(len(data) / rate / BIN_S), 1000 * BIN_S)
    series = Series("s", "ElectricalSeries", "V", data, None, clock)
    values, _ = resample(series, grid, 0, grid.n_bins, rule="antialias")
    return values, grid.centres()


def against_scipy() -> None:
    """Compare with a zero-phase filter of scipy, on noise and on bands of it."""
    from scipy import signal

    rate, n = 1000.0, 200_000
    noise = np.random.default_rng(0).normal(size=n)
    ours, centres = low_passed(noise, rate)
    # The middles of bins lie on samples here, so the filter's output can be picked there.
    taps = signal.firwin(2001, 45.0, window=("kaiser", 8.0), fs=rate)
    theirs = signal.fftconvolve(noise, taps, mode="same")[np.round(centres * rate).astype(int)]
    inner = slice(300, -300)
    f, cross = signal.csd(theirs[inner], ours[inner], fs=1 / BIN_S, nperseg=1024)
    _, power = signal.welch(theirs[inner], fs=1 / BIN_S, nperseg=1024)
    passed = (f > 0.5) & (f < 38)
    gain = np.abs(cross / power)[passed]
    phase = np.angle(cross)[passed]
    check(
        np.abs(gain - 1).max() < 2e-3,
        f"scipy: gain below 38 Hz is 1 +- {np.abs(gain - 1).max():.1e}",
    )
    check(
        np.abs(phase).max() < 2e-3,
        f"scipy: phase below 38 Hz is 0 +- {np.abs(phase).max():.1e} rad",
    )
    smooth = signal.fftconvolve(
        noise, signal.firwin(8001, 38.0, window=("kaiser", 12.0), fs=rate), mode="same"
    )
    kept, _ = low_passed(smooth, rate)
    error = decibels((kept - smooth[np.round(centres * rate).astype(int)])[inner], smooth)
    check(error < -60, f"scipy: noise below 38 Hz comes through, error {error:.0f} dB")
    fast = signal.fftconvolve(
        noise,
        signal.firwin(8001, 50.5, window=("kaiser", 14.0), fs=rate, pass_zero=False),
        mode="same",
    )
    leak = decibels(low_passed(fast, rate)[0][inner], fast)
    check(leak < -60, f"scipy: noise above 50.5 Hz leaves {leak:.0f} dB")


def counts_of(path: Path, **grid: float) -> np.ndarray:
    spec = ConversionSpec({"spikes": Spikes(mask="never")}, 1000 * BIN_S, Windows(1), **grid)
    return np.concatenate([sample["spikes"] for sample, _ in plan(path, spec).samples()])


def against_pynapple(path: Path, end: float) -> None:
    """Compare counts and interpolated positions."""
    import pynapple as nap

    data = nap.load_file(str(path))
    whole = nap.IntervalSet(0, end)
    theirs = data["units"].count(BIN_S, whole)
    ours = counts_of(path, start_s=0.0, stop_s=end)
    check(ours.shape == theirs.shape, f"pynapple: counts {theirs.shape}")
    check(
        np.array_equal(ours, theirs.values), f"pynapple: all {ours.sum()} spikes in the same bins"
    )
    spec = ConversionSpec(
        {"xy": Signals(("Position/xy",), "linear", dtype="float64")},
        1000 * BIN_S,
        Windows(1),
        start_s=0.0,
        stop_s=end,
    )
    ours = np.concatenate([sample["xy"] for sample, _ in plan(path, spec).samples()])
    xy = data["xy"].interpolate(theirs, ep=whole).values
    missing = len(xy) - len(ours)
    check(missing == 1, "pynapple: one bin more, past the last position, which it repeats")
    error = np.abs(ours - xy[: len(ours)]).max()
    check(error < 1e-9, f"pynapple: {ours.size} positions the same, {error:.0e} at most")
    edges = np.arange(1, 4000) / 100  # each on an edge, as a float is
    group = nap.TsGroup({0: nap.Ts(edges)}).count(BIN_S, nap.IntervalSet(0, 40)).values[:, 0]
    late = int((group[1:] != 1).sum())
    print(f"  pynapple: {late} of 3,999 spikes on edges of bins fall beside the bin they begin")
    trains = np.zeros(4000, dtype=int)
    np.add.at(trains, Grid(0, 4000, 10.0).index(edges), 1)
    check(trains.tolist() == [0] + [1] * 3999, "neural-shards: none does")


def against_nlb_tools(path: Path) -> None:
    """Compare aligned trials: for cues on edges of bins, and for cues between them."""
    from nlb_tools.nwb_interface import NWBDataset

    dataset = NWBDataset(str(path), split_heldout=False)
    dataset.resample(round(1000 * BIN_S))
    trials = dataset.make_trial_data(align_field="go_cue_time", align_range=(-200, 500))
    theirs = trials["spikes"].to_numpy().astype(float)
    windows = Windows(table="trials", align="go_cue_time", range_s=(-0.2, 0.5))
    spec = ConversionSpec({"spikes": Spikes(mask="never")}, 1000 * BIN_S, windows, start_s=0.0)
    samples = [sample["spikes"] for sample, _ in plan(path, spec).samples()]
    ours = np.concatenate(samples)
    check(ours.shape == theirs.shape, f"nlb_tools: {len(samples)} trials, {theirs.shape}")
    check(np.array_equal(ours, theirs), "nlb_tools: cues on edges: every count the same")
    # Cues between edges: ours begins with the bin that holds the cue, theirs one later.
    shifted = path.with_name("shifted.nwb")
    shifted.write_bytes(path.read_bytes())
    with h5py.File(shifted, "r+") as file:
        file["intervals/trials/go_cue_time"][:] += 0.004
    dataset = NWBDataset(str(shifted), split_heldout=False)
    dataset.resample(round(1000 * BIN_S))
    trials = dataset.make_trial_data(align_field="go_cue_time", align_range=(-200, 500))
    theirs = trials["spikes"].to_numpy().astype(float).reshape(len(samples), -1, ours.shape[1])
    ours3 = np.stack([sample["spikes"] for sample, _ in plan(shifted, spec).samples()])
    same = np.array_equal(ours3[:, 1:], theirs[:, :-1])
    check(same, "nlb_tools: cues 4 ms past an edge: the same counts, one bin later")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--units", type=int, default=30)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    against_scipy()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.nwb")
        sizes = [f"--minutes={args.minutes}", f"--units={args.units}", "--channels=0"]
        subprocess.run([sys.executable, RECORDING, path, *sizes], check=True)
        against_pynapple(path, args.minutes * 60)
        if importlib.util.find_spec("nlb_tools"):
            against_nlb_tools(path)
        else:
            print("  nlb_tools is not installed: not compared")


if __name__ == "__main__":
    main()
