"""A recording as a lab would have it: units tuned to a moving hand, written by pynwb."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pynwb import NWBHDF5IO, NWBFile
from pynwb.behavior import Position, SpatialSeries

from neuroai_core import generator

DURATION_S = 120.0
POSITION_HZ = 60.0
UNITS = 24


def write_recording(path: Path, seed: int = 0) -> Path:
    """Write two minutes of 24 direction-tuned units and the position of a hand, with trials."""
    rng = generator(seed, "recording")
    times = np.arange(0, DURATION_S, 1 / POSITION_HZ)
    position = np.stack([smooth_walk(rng, times.size) for _ in "xy"], axis=1)
    velocity = np.gradient(position, 1 / POSITION_HZ, axis=0)
    file = NWBFile(
        session_description="reaching, simulated with planted direction tuning",
        identifier=f"demo-{seed}",
        session_start_time=datetime(2026, 1, 1, tzinfo=UTC),
    )
    series = SpatialSeries(
        name="hand",
        data=position,
        rate=POSITION_HZ,
        starting_time=0.0,
        unit="meters",
        reference_frame="centre of the screen, x rightward, y up",
    )
    behaviour = file.create_processing_module("behavior", "where the hand is")
    behaviour.add(Position(spatial_series=series))
    for unit in range(UNITS):
        file.add_unit(spike_times=spikes(rng, times, velocity, preferred=2 * np.pi * unit / UNITS))
    for start in np.arange(1.0, DURATION_S - 2.0, 2.5):
        file.add_trial(start_time=float(start), stop_time=float(start) + 2.0)
    with NWBHDF5IO(path, "w") as io:
        io.write(file)
    return path


def smooth_walk(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw one coordinate: noise smoothed over half a second, in metres."""
    kernel = np.hanning(int(POSITION_HZ))
    walk = np.convolve(rng.standard_normal(n + kernel.size - 1), kernel / kernel.sum(), "valid")
    return 0.1 * walk / walk.std()


def spikes(
    rng: np.random.Generator, times: np.ndarray, velocity: np.ndarray, preferred: float
) -> np.ndarray:
    """Draw the spike times of a unit that fires most for one direction of movement."""
    along = velocity @ np.array([np.cos(preferred), np.sin(preferred)])
    rate = 20.0 * np.exp(along / velocity.std() - 0.5)
    counts = rng.poisson(rate / POSITION_HZ)
    return np.sort(np.repeat(times, counts) + rng.uniform(0, 1 / POSITION_HZ, counts.sum()))
