"""Write a synthetic recording as pynwb writes it: units, LFP, behaviour; memory stays small.

python nwb_recording.py OUT.nwb --minutes 120 --units 400 --channels 384
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from hdmf.common import ElementIdentifiers, VectorData, VectorIndex
from hdmf.data_utils import GenericDataChunkIterator
from pynwb import NWBHDF5IO, NWBFile
from pynwb.behavior import CompassDirection, Position, SpatialSeries
from pynwb.ecephys import LFP, ElectricalSeries
from pynwb.misc import Units

LFP_HZ = 1250.0
BEHAVIOUR_HZ = 60.0


class Lfp(GenericDataChunkIterator):
    """Blocks of int16 samples: noise with a theta rhythm, the same noise over and over."""

    def __init__(self, samples: int, channels: int) -> None:
        noise = np.random.default_rng(0).normal(size=(50_000, channels)) * 200
        self._noise = noise.astype(np.int16)
        self._shape = (samples, channels)
        block = (min(50_000, samples), channels)
        super().__init__(buffer_shape=block, chunk_shape=(min(5_000, samples), channels))

    def _get_data(self, selection: tuple[slice, ...]) -> np.ndarray:
        rows = np.arange(selection[0].start, selection[0].stop)
        theta = (300 * np.sin(2 * np.pi * 8 * rows / LFP_HZ)).astype(np.int16)
        return (self._noise[rows % len(self._noise)] + theta[:, None])[:, selection[1]]

    def _get_maxshape(self) -> tuple[int, int]:
        return self._shape

    def _get_dtype(self) -> np.dtype:
        return np.dtype(np.int16)


def units(seconds: float, n: int, rate: float) -> Units:
    """Make Poisson units that were observed all the time."""
    rng = np.random.default_rng(1)
    trains = [np.sort(rng.uniform(0, seconds, rng.poisson(rate * seconds))) for _ in range(n)]
    times = VectorData(name="spike_times", description="s", data=np.concatenate(trains))
    ends = np.cumsum([len(train) for train in trains])
    spans = VectorData(
        name="obs_intervals", description="s", data=np.tile([[0.0, seconds]], (n, 1))
    )
    columns = [
        times,
        VectorIndex(name="spike_times_index", data=ends, target=times),
        spans,
        VectorIndex(name="obs_intervals_index", data=np.arange(1, n + 1), target=spans),
    ]
    ids = ElementIdentifiers(name="id", data=np.arange(n))
    return Units(name="units", description="sorted", columns=columns, id=ids)


def write(path: Path, *, minutes: float, n_units: int, channels: int, rate: float = 10.0) -> None:
    """Write one recording."""
    seconds = minutes * 60
    file = NWBFile("a benchmark", "bench", datetime(2024, 1, 1, tzinfo=UTC))
    file.units = units(seconds, n_units, rate)
    file.add_trial_column("go_cue_time", "when to go")
    for start in np.arange(0, seconds - 4, 4.0):
        file.add_trial(start_time=start, stop_time=start + 3, go_cue_time=start + 1)
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
        series = ElectricalSeries(
            name="lfp",
            data=Lfp(int(seconds * LFP_HZ), channels),
            electrodes=file.create_electrode_table_region(list(range(channels)), "all"),
            rate=LFP_HZ,
            conversion=1.95e-7,
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
    write(args.out, minutes=args.minutes, n_units=args.units, channels=args.channels)


if __name__ == "__main__":
    main()
