"""The same recording in HDF5 and in Zarr gives the same samples."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import fsspec
import numpy as np
import pytest
from hdmf_zarr.nwb import NWBZarrIO
from pynwb import NWBHDF5IO, NWBFile, TimeSeries

from neural_shards.nwb.plan import plan
from neural_shards.nwb.specfile import spec_of
from neuroai_core import DataError


def recording() -> NWBFile:
    file = NWBFile("a test", "zarr", datetime(2024, 1, 1, tzinfo=UTC))
    rng = np.random.default_rng(0)
    for n in (300, 0, 50):
        file.add_unit(spike_times=np.sort(rng.uniform(0, 10, n)))
    file.add_trial(start_time=1.0, stop_time=2.0)
    data = rng.normal(size=(600, 3))
    file.add_acquisition(
        TimeSeries(name="pupil", data=data, unit="mm", timestamps=np.arange(600) / 60)
    )
    return file


def test_zarr_and_hdf5_are_alike(tmp_path: Path) -> None:
    with NWBHDF5IO(str(tmp_path / "a.nwb"), "w") as out:
        out.write(recording())
    with NWBZarrIO(str(tmp_path / "a.nwb.zarr"), "w") as out:
        out.write(recording())
    spec = spec_of({"modalities": ["spikes", "pupil", "trials"]})
    hdf5, zarr = plan(tmp_path / "a.nwb", spec), plan(tmp_path / "a.nwb.zarr", spec)
    assert zarr.session["sha256"] is not None
    assert len(hdf5) == len(zarr) > 0
    for (a, _), (b, _) in zip(hdf5.samples(), zarr.samples(), strict=True):
        assert set(a) == set(b) == {"spikes", "pupil", "trials"}
        assert all(np.array_equal(a[name], b[name]) for name in a)


def test_a_folder_that_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no Zarr store"):
        plan(tmp_path, spec_of({"modalities": ["spikes"]}))
    (tmp_path / ".zgroup").write_text('{"zarr_format": 2}')
    with pytest.raises(DataError, match="cannot be read as NWB"):
        plan(tmp_path, spec_of({"modalities": ["spikes"]}))


def test_a_store_at_a_remote_address(tmp_path: Path) -> None:
    local = tmp_path / "a.nwb.zarr"
    with NWBZarrIO(str(local), "w") as out:
        out.write(recording())
    memory = fsspec.filesystem("memory")
    for file in local.rglob("*"):
        if file.is_file():
            memory.pipe(f"/lab/a.nwb.zarr/{file.relative_to(local)}", file.read_bytes())
    spec = spec_of({"modalities": ["spikes", "pupil"]})
    here, there = plan(local, spec), plan("memory://lab/a.nwb.zarr", spec)
    assert there.session["source"] == "a.nwb.zarr"
    for (a, _), (b, _) in zip(here.samples(), there.samples(), strict=True):
        assert all(np.array_equal(a[name], b[name]) for name in a)
    memory.pipe("/lab/a.nwb.zarr/more", b"!")
    with pytest.raises(DataError, match="has changed"):
        next(there.samples())
