"""Write the recordings of this folder, each with the release of pynwb that its name tells.

python write_old_nwb.py FOLDER

What a release needs: Python 3.7, ``pynwb==1.0.2 hdmf==1.0.3 "h5py<3"``, ``pynwb==1.1.0
hdmf==1.2.0 "h5py<3"`` or ``pynwb==1.5.1 "h5py<3"``, each with ``"ruamel.yaml<0.16"``; Python 3.9,
``pynwb==2.0.1`` or ``pynwb==2.8.3``, each with ``"numpy<2"``.
The schema, which 1.0.2 does not store yet, is left out of all of them, for the size.
"""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pynwb
from pynwb import NWBHDF5IO, NWBFile, ProcessingModule
from pynwb.behavior import CompassDirection, Position, SpatialSeries
from pynwb.ecephys import LFP, ElectricalSeries

SECONDS = 8.0


def add_units(file: NWBFile, electrodes: int) -> None:
    """Add four units, the third one silent, the last one not observed after 6 s."""
    file.add_unit_column("quality", "of the sorting")
    for unit, step in enumerate((0.07, 0.31, None, 0.11)):
        times = [] if step is None else np.arange(0.013, 6.0 if unit == 3 else SECONDS, step)
        file.add_unit(
            spike_times=np.array(times, dtype=float),
            obs_intervals=[[0.0, 6.0 if unit == 3 else SECONDS]],
            electrodes=list(range(unit % electrodes, electrodes)),  # ragged
            quality="good" if unit != 1 else "mua",
        )


def add_lfp(file: NWBFile, channels: int) -> ElectricalSeries:
    """Make electrodes, and the voltages at them in steps of 2 uV at 200 Hz."""
    device = file.create_device(name="probe")
    group = file.create_electrode_group(
        name="shank", description="four sites", location="CA1", device=device
    )
    for _ in range(channels):
        file.add_electrode(
            x=0.0, y=0.0, z=0.0, imp=1.0, location="CA1", filtering="none", group=group
        )
    t = np.arange(int(SECONDS * 200)) / 200
    rows = [1000 * (k + 1) * np.sin(2 * np.pi * 3 * t) for k in range(channels)]
    return ElectricalSeries(
        name="lfp",
        data=np.stack(rows, axis=1).astype(np.int16),
        electrodes=file.create_electrode_table_region(list(range(channels)), "all of them"),
        rate=200.0,
        starting_time=0.0,
        conversion=2e-6,
    )


def add_behaviour(module: ProcessingModule, add: str) -> None:
    """Add a place in centimetres by timestamps, and a heading that goes round."""
    t = np.arange(int(SECONDS * 30)) / 30
    xy = SpatialSeries(
        name="xy",
        data=np.stack([100 * t, 50 - 10 * t], axis=1),
        timestamps=t,
        reference_frame="a corner",
        conversion=0.01,
    )
    heading = SpatialSeries(
        name="heading",
        data=np.mod(3 * t, 2 * np.pi),
        timestamps=t,
        reference_frame="north",
    )
    getattr(module, add)(Position(spatial_series=xy))
    getattr(module, add)(CompassDirection(spatial_series=heading))


def add_intervals(file: NWBFile) -> None:
    """Add four trials, two epochs and a moment that is not valid."""
    file.add_trial_column("go_cue_time", "when to go")
    file.add_trial_column("choice", "which side")
    for k in range(4):
        start = 2.0 * k
        file.add_trial(
            start_time=start,
            stop_time=start + 1.5,
            go_cue_time=start + 0.5,
            choice="left" if k % 2 else "right",
        )
    file.add_epoch(0.0, 4.0, ["first"])
    file.add_epoch(4.0, SECONDS, ["second"])
    file.add_invalid_time_interval(start_time=7.0, stop_time=7.2, tags=["moved"])


def make() -> NWBFile:
    """Make the recording; what a list holds today was text at first."""
    release = tuple(int(n) for n in pynwb.__version__.split(".")[:2])
    first = release == (1, 0)
    file = NWBFile(
        session_description="what old releases of pynwb write",
        identifier="pynwb-" + pynwb.__version__,
        session_start_time=datetime(2019, 1, 1, tzinfo=timezone.utc),  # noqa: UP017  Python 3.7
        experimenter="one person" if first else ["one person"],
        related_publications="one article" if first else ["one article"],
    )
    lfp = add_lfp(file, 4)
    add_units(file, 4)
    add_intervals(file)
    add = "add_data_interface" if first else "add"
    add_behaviour(file.create_processing_module("behavior", "where it was"), add)
    signals = file.create_processing_module("ecephys", "field potentials")
    getattr(signals, add)(LFP(electrical_series=lfp))
    return file


def main() -> None:
    path = Path(sys.argv[1], "pynwb_" + pynwb.__version__ + ".nwb")
    with NWBHDF5IO(str(path), "w") as out:
        out.write(make(), cache_spec=False)


if __name__ == "__main__":
    main()
