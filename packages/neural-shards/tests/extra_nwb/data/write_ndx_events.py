"""Write ndx_events_0.2.0.nwb with ndx-events 0.2, as an acquisition system's converter does.

python write_ndx_events.py FOLDER

It needs Python 3.9, ``pynwb==2.0.1 ndx-events==0.2.0 "numpy<2"``. Of the stored schemas only that
of the extension is kept, for the size.
"""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path

import h5py
import numpy as np
from ndx_events import AnnotatedEventsTable, Events, LabeledEvents, TTLs
from pynwb import NWBHDF5IO, NWBFile


def make() -> NWBFile:
    """Make a recording of a unit that fires every 100 ms, and events of every kind."""
    file = NWBFile(
        session_description="containers of ndx-events 0.2",
        identifier="ndx-events-0.2.0",
        session_start_time=datetime(2021, 1, 1, tzinfo=timezone.utc),  # noqa: UP017  Python 3.9
    )
    file.add_unit(spike_times=np.arange(100) / 10 + 0.05)
    file.add_acquisition(
        Events(name="licks", description="of a tongue", timestamps=[7.25, 0.35, 0.33, 9.0])
    )
    file.add_acquisition(
        LabeledEvents(
            name="rewards",
            description="drops",
            timestamps=[2.0, 4.0, 6.0, 8.5],
            data=[3, 1, 3, 0],
            labels=["none", "small", "", "big"],
        )
    )
    file.add_acquisition(
        TTLs(
            name="pulses",
            description="of the camera",
            timestamps=[1.0, 1.5, 2.5],
            data=[0, 1, 1],
            labels=["off", "on"],
        )
    )
    table = AnnotatedEventsTable(name="annotated", description="from a video")
    table.add_column(name="scorer", description="who saw it")
    table.add_event_type(
        label="rear",
        event_description="stands up",
        event_times=[1.0, 2.0, 3.0],
        scorer="A",
    )
    table.add_event_type(
        label="groom", event_description="washes", event_times=[2.5, 5.25], scorer="B"
    )
    file.create_processing_module("events", "scored by hand").add(table)
    return file


def main() -> None:
    path = Path(sys.argv[1], "ndx_events_0.2.0.nwb")
    whole = path.with_name("whole.nwb")
    for made, cache in ((path, False), (whole, True)):
        with NWBHDF5IO(str(made), "w") as out:
            out.write(make(), cache_spec=cache)
    with h5py.File(whole, "r") as schemas, h5py.File(path, "r+") as file:
        kept = file.require_group("specifications")
        schemas.copy("specifications/ndx-events", kept)
        file.attrs[".specloc"] = kept.ref
    whole.unlink()


if __name__ == "__main__":
    main()
