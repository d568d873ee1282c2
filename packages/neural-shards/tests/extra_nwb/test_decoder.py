"""From a recording to a trained decoder: what was planted is found again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pynwb import NWBFile
from pynwb.behavior import Position, SpatialSeries

from neural_shards.nwb import convert_nwb_files

UNITS, SECONDS, BIN_S = 40, 300.0, 0.05


def planted(new_file: Callable[..., NWBFile]) -> tuple[NWBFile, np.ndarray, np.ndarray, np.ndarray]:
    """Make a recording whose rates are linear in the velocity, and give rates and tuning."""
    rng = np.random.default_rng(7)
    fine = np.arange(int(SECONDS * 1000)) / 1000
    phases = rng.uniform(0, 2 * np.pi, (2, 6))
    speeds = rng.uniform(0.3, 2.0, (2, 6))
    velocity = np.stack(
        [np.sin(speeds[d][:, None] * fine + phases[d][:, None]).mean(axis=0) for d in range(2)],
        axis=1,
    )
    base, tuning = rng.uniform(15, 25, UNITS), rng.normal(size=(2, UNITS)) * 12
    rates = np.clip(base + velocity @ tuning, 0.1, None)
    file = new_file()
    for unit in range(UNITS):
        spikes = fine[rng.random(len(fine)) < rates[:, unit] / 1000]
        file.add_unit(spike_times=spikes + rng.uniform(0, 1e-3, len(spikes)))
    series = SpatialSeries(
        name="velocity", data=velocity[::10], rate=100.0, reference_frame="screen", unit="m/s"
    )
    file.create_processing_module("behavior", "b").add(Position(spatial_series=series))
    return file, velocity, base, tuning


def test_a_decoder_reaches_what_the_tuning_allows(
    new_file: Callable[..., NWBFile],
    written: Callable[..., Path],
    tmp_path: Path,
    read_back: Callable[..., Any],
) -> None:
    file, velocity, base, tuning = planted(new_file)
    convert_nwb_files(
        [written(file)],
        tmp_path / "out",
        modalities=["spikes", "behavior"],
        bin_size_ms=1000 * BIN_S,
        sequence_length=20,
        overlap=0.0,
    )
    samples = read_back(tmp_path / "out")
    assert len(samples) == 300
    half = len(samples) // 2

    def laid_out(part: list[Any]) -> tuple[np.ndarray, np.ndarray]:
        counts = np.concatenate([s["spikes"] for s in part]).astype(float)
        ones = np.ones((len(counts), 1))
        return np.hstack([counts, ones]), np.concatenate([s["behavior"] for s in part])

    x, y = laid_out(samples[:half])
    weights = np.linalg.solve(x.T @ x + 1e-3 * np.eye(x.shape[1]), x.T @ y)
    x, y = laid_out(samples[half:])
    error = ((x @ weights - y) ** 2).mean(axis=0)
    # The best linear estimate of a signal of this covariance from Poisson counts.
    signal = np.cov(velocity.T)
    gain = tuning * BIN_S
    noise = np.diag(base * BIN_S)
    allowed = np.diag(
        signal - signal @ gain @ np.linalg.solve(gain.T @ signal @ gain + noise, gain.T @ signal)
    )
    assert (error > 0.8 * allowed).all()
    assert (error < 1.2 * allowed).all()
    explained = 1 - error / y.var(axis=0)
    assert (explained > 0.4).all()
