"""What is stored once for a recording, and what was left in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neural_shards.nwb.channels import Channel, LabelChannel
from neural_shards.nwb.events import EventChannel
from neural_shards.nwb.find import ambiguous, series_in
from neural_shards.nwb.grid import Grid
from neural_shards.nwb.recording import Recording
from neural_shards.nwb.spec import ConversionSpec
from neural_shards.nwb.specfile import plain_of
from neural_shards.nwb.tables import columns_of
from neural_shards.nwb.timed import events_in, interval_table, intervals_in
from neural_shards.nwb.units import SpikeChannel


def session_of(
    recording: Recording,
    sha256: str | None,
    grid: Grid,
    spec: ConversionSpec,
    channels: Mapping[str, Channel],
) -> dict[str, Any]:
    """Say what is known of a recording as a whole: its names, grid, spec, columns."""
    session: dict[str, Any] = {
        "source": recording.name,
        "object_id": recording.object_id,
        "identifier": str(recording.file.identifier),
        "session_start_time": str(recording.file.session_start_time),
        "sha256": sha256,
        "grid": {"t0": grid.t0, "bin_ms": grid.bin_ms, "bins": grid.n_bins},
        "spec": plain_of(spec),
        "modalities": {name: channel.session() for name, channel in channels.items()},
    }
    if spec.windows.table is not None:
        table = interval_table(recording.file, spec.windows.table, source=recording.name)
        session["intervals"] = columns_of(table)["id"]
    return session


def not_taken(recording: Recording, channels: Mapping[str, Channel]) -> list[str]:
    """Give what the recording holds besides: series and tables of intervals."""
    taken = {s.path for c in channels.values() for s in getattr(c, "series", ())}
    series = series_in(recording.file)
    unclear = {path for paths in ambiguous(series).values() for path in paths}
    left = [
        f"{path} ({type(thing).__name__}{', one of several: name it' if path in unclear else ''})"
        for path, thing in series.items()
        if path not in taken
    ]
    tables = {c.spec.table for c in channels.values() if isinstance(c, LabelChannel)}
    left += [
        f"{'intervals' if table.parent is recording.file else table.parent.name}/{table.name}"
        for name, table in intervals_in(recording.file).items()
        if name not in tables
    ]
    tables |= {name for c in channels.values() if isinstance(c, EventChannel) for name in c.tables}
    left += [f"events/{name}" for name in events_in(recording.file) if name not in tables]
    if recording.file.units is not None and not any(
        isinstance(c, SpikeChannel) for c in channels.values()
    ):
        left.append("units")
    return left
