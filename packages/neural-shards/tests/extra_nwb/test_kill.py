"""A conversion that is killed without warning and run again gives the same bytes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pynwb import NWBFile, TimeSeries

from neural_shards.nwb import convert_nwb_files

SCRIPT = """
import sys
from neural_shards.nwb import convert_nwb_files
if __name__ == "__main__":
    convert_nwb_files(sys.argv[2:], sys.argv[1], shard_size=5, sequence_length=50)
"""


def content_of(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_killed_again_and_again(
    new_file: Callable[..., NWBFile], written: Callable[..., Path], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    file = new_file()
    for _ in range(20):
        file.add_unit(spike_times=np.sort(rng.uniform(0, 120, 3000)))
    module = file.create_processing_module("behavior", "b")
    module.add(TimeSeries(name="speed", data=rng.normal(size=12_000), unit="m/s", rate=100.0))
    path = written(file)
    convert_nwb_files([path], tmp_path / "whole", shard_size=5, sequence_length=50)
    script = tmp_path / "convert.py"
    script.write_text(SCRIPT)
    out = tmp_path / "out"
    killed = 0
    for shards in (1, 30):
        process = subprocess.Popen([sys.executable, script, out, path])
        while process.poll() is None and len(list(out.glob("shard_*.tar"))) < shards:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        assert not (out / "dataset_metadata.json").exists() or killed < 2
    assert killed
    convert_nwb_files([path], out, shard_size=5, sequence_length=50)
    assert content_of(out) == content_of(tmp_path / "whole")
