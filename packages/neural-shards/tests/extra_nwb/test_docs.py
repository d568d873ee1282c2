"""What docs/nwb.md shows runs as it stands, on recordings that have what it takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pynwb import NWBFile, TimeSeries
from pynwb.behavior import CompassDirection, Position, SpatialSeries
from pynwb.ecephys import LFP, ElectricalSeries

from neural_shards.nwb import read_spec

PAGE = Path(__file__).parents[2] / "docs" / "nwb.md"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)


def rich(file: NWBFile, seed: int) -> NWBFile:
    """Fill a recording with all that the page speaks of."""
    rng = np.random.default_rng(seed)
    device = file.create_device("probe")
    group = file.create_electrode_group("shank", "d", "CA1", device)
    for _ in range(20):
        file.add_electrode(location="CA1", group=group)
    region = file.create_electrode_table_region(list(range(20)), "all")
    file.add_unit_column("quality", "how good")
    file.add_unit_column("location", "where")
    for i in range(4):
        times = np.sort(rng.uniform(0, 30, 300))
        file.add_unit(spike_times=times, quality="good", location=["CA1", "CA3"][i % 2])
    file.add_trial_column("go_cue_time", "when")
    file.add_trial_column("choice", "which")
    file.add_trial_column("outcome", "how")
    for i in range(10):
        file.add_trial(
            start_time=3.0 * i,
            stop_time=3.0 * i + 2,
            go_cue_time=3.0 * i + 0.7,
            choice="left",
            outcome=["correct", "wrong"][i % 2],
        )
    lfp = ElectricalSeries(
        name="lfp", data=rng.normal(size=(30_000, 20)), electrodes=region, rate=1000.0
    )
    file.create_processing_module("ecephys", "e").add(LFP(electrical_series=lfp))
    t = np.arange(1800) / 60
    module = file.create_processing_module("behavior", "b")
    common: dict[str, Any] = {"rate": 60.0, "reference_frame": "room"}
    head = SpatialSeries(name="head", data=np.mod(t, 2 * np.pi), unit="radians", **common)
    module.add(CompassDirection(spatial_series=head))
    module.add(Position(spatial_series=SpatialSeries(name="xy", data=t, **common)))
    file.add_acquisition(TimeSeries(name="other", data=t, unit="V", rate=60.0))
    return file


@pytest.mark.filterwarnings("ignore:The linked table for DynamicTableRegion:UserWarning")
def test_every_example_runs(
    new_file: Callable[..., NWBFile],
    written: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    read_back: Callable[..., Any],
) -> None:
    for seed, name in enumerate(("monday.nwb", "tuesday.nwb")):
        written(rich(new_file(), seed), name)
    (conversion,) = blocks("yaml")
    (tmp_path / "conversion.yaml").write_text(conversion)
    monkeypatch.chdir(tmp_path)
    made = []
    for number, code in enumerate(blocks("python")):
        # Threads instead of processes, and a folder for each example.
        code = code.replace("ProcessPoolExecutor", "ThreadPoolExecutor")
        code = code.replace("./shards", f"shards{number}")
        exec(code, {"paths": ["monday.nwb"]})
        made.append(read_back(tmp_path / f"shards{number}"))
    assert len(made) == 3
    assert len(made[0]) == len(made[1]) > 100
    assert [s["metadata"]["interval"] for s in made[2]] == [0, 2, 4, 6, 8]
    assert set(made[2][0]) == {"spikes", "lfp", "heading", "choice", "metadata"}
    assert made[2][0]["lfp"].shape == (150, 3)
    assert made[2][0]["choice"] == {"id": 0, "choice": "left"}
    assert read_spec("conversion.yaml").bin_ms == 10.0
