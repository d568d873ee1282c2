"""Write a synthetic recording as pynwb writes it: units, LFP, behaviour; memory stays small.

python nwb_recording.py OUT.nwb --minutes 120 --units 400 --channels 384
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from hdmf.data_utils import DataChunkIterator
from pynwb import NWBHDF5IO, NWBFile
from pynwb.behavior import CompassDirection, Position, SpatialSeries
from pynwb.ecephys import LFP, ElectricalSeries

LFP_HZ = 1250.0
BEHAVIOUR_HZ = 60.0


def lfp(samples: int, channels: int) -> Iterator[np.ndarray]:
    """Give blocks of int16 samples: noise with a theta rhythm, the same noise over and over."""
    rng = np.random.default_rng(0)
    size = 50_000
    noise = (rng.normal(size=(size, channels)) * 200).astype(np.int16)
    for first in range(0, samples, size):
        n = min(size, samples - first)
        t = (first + np.arange(n)) / LFP_HZ
        theta = (300 * np.sin(2 * np.pi * 8 * t)).astype(np.int16)
        yield noise[:n] + theta[:, None]


def write(path: Path, *, minutes: float, units: int, channels: int, rate: float = 10.0) -> None:
    """Write one recording."""
    seconds = minutes * 60
    rng = np.random.default_rng(1)
    file = NWBFile("a benchmark", "bench", datetime(2024, 1, 1, tzinfo=UTC))
    for _ in range(units):
        n = rng.poisson(rate * seconds)
        file.add_unit(spike_times=np.sort(rng.uniform(0, seconds, n)))
    t = np.arange(int(seconds * BEHAVIOUR_HZ)) / BEHAVIOUR_HZ
    xy = np.stack([np.sin(t / 7), np.cos(t / 11)], axis=1)
    head = np.mod(t / 3, 2 * np.pi)
    module = file.create_processing_module("behavior", "where it was")
    common = {"rate": BEHAVIOUR_HZ, "starting_time": 0.0, "reference_frame": "room"}
    module.add(Position(spatial_series=SpatialSeries(name="xy", data=xy, **common)))
    module.add(
        CompassDirection(
            spatial_series=SpatialSeries(name="head", data=head, unit="radians", **common)
        )
    )
    if channels:
        device = file.create_device("probe")
        group = file.create_electrode_group("shank", "d", "CA1", device)
        for _ in range(channels):
            file.add_electrode(location="CA1", group=group)
        region = file.create_electrode_table_region(list(range(channels)), "all")
        blocks = (row for block in lfp(int(seconds * LFP_HZ), channels) for row in [block])
        data = DataChunkIterator(
            data=(line for block in blocks for line in block),
            buffer_size=50_000,
            maxshape=(int(seconds * LFP_HZ), channels),
            dtype=np.dtype(np.int16),
        )
        series = ElectricalSeries(
            name="lfp", data=data, electrodes=region, rate=LFP_HZ, conversion=1.95e-7
        )
        file.create_processing_module("ecephys", "e").add(LFP(electrical_series=series))
    with NWBHDF5IO(str(path), "w") as io:
        io.write(file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--units", type=int, default=400)
    parser.add_argument("--channels", type=int, default=384)
    args = parser.parse_args()
    write(args.out, minutes=args.minutes, units=args.units, channels=args.channels)


if __name__ == "__main__":
    main()
