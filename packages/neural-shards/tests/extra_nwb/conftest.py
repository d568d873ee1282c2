"""Recordings that pynwb writes, for the tests of the conversion."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pynwb import NWBHDF5IO, NWBFile
from pynwb.behavior import Position, SpatialSeries


@pytest.fixture
def new_file() -> Callable[..., NWBFile]:
    """Make an empty recording in memory."""

    def make(**kwargs: Any) -> NWBFile:
        start = datetime(2024, 1, 1, tzinfo=UTC)
        return NWBFile("a test", "test-1", start, **kwargs)

    return make


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Write a recording to a file."""

    def write(file: NWBFile, name: str = "recording.nwb") -> Path:
        path = tmp_path / name
        with NWBHDF5IO(str(path), "w") as out:
            out.write(file)
        return path

    return write


@pytest.fixture
def simple(new_file: Callable[..., NWBFile]) -> NWBFile:
    """Three units, the second one silent, and a position at 60 Hz, for 20 s."""
    file = new_file()
    rng = np.random.default_rng(0)
    for rate in (20, 0, 5):
        times = np.sort(rng.uniform(0.003, 20.0, rate * 20))
        file.add_unit(spike_times=times)
    module = file.create_processing_module("behavior", "where it was")
    t = np.arange(1200) / 60
    xy = SpatialSeries(
        name="xy",
        data=np.stack([np.sin(t), 0.1 * t], axis=1),
        rate=60.0,
        starting_time=0.0,
        reference_frame="a corner",
    )
    module.add(Position(spatial_series=xy))
    return file


@pytest.fixture
def read_back() -> Callable[[Path], list[dict[str, Any]]]:
    """Read all samples of a folder with tarfile and NumPy alone, as one dict of values each."""

    def read(folder: Path) -> list[dict[str, Any]]:
        samples: dict[str, dict[str, Any]] = {}
        for shard in sorted(folder.glob("shard_*.tar")):
            with tarfile.open(shard) as tar:
                for member in tar:
                    content = tar.extractfile(member)
                    assert content is not None
                    key, name, kind = member.name.split(".")
                    data = content.read()
                    value = np.load(io.BytesIO(data)) if kind == "npy" else json.loads(data)
                    samples.setdefault(key, {})[name] = value
        return list(samples.values())

    return read
