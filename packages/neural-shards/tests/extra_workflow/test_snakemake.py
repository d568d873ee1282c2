"""The example workflow: recordings converted one by one, then joined."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neural_shards import ShardSet, verify

SNAKEFILE = Path(__file__).parents[2] / "examples" / "Snakefile"


def snakemake(folder):
    """Run the workflow, with the commands that are installed beside this Python."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2"],
        cwd=folder,
        env={**os.environ, "PATH": path, "XDG_CACHE_HOME": str(folder / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.skipif(not SNAKEFILE.exists(), reason="the examples are not installed")
def test_recordings_become_one_set_and_only_what_is_new_is_converted_again(tmp_path):
    shutil.copy(SNAKEFILE, tmp_path)
    (tmp_path / "recordings").mkdir()
    for number, name in enumerate(("monday", "tuesday")):
        x = np.random.default_rng(number).normal(size=(20, 5))
        np.savez(tmp_path / "recordings" / f"{name}.npz", x=x, day=np.full(20, number))
    code, out = snakemake(tmp_path)
    assert code == 0, out
    shards = ShardSet(tmp_path / "shards")
    assert verify(tmp_path / "shards").problems == ()
    assert [int(shards.sample(i)["day"]) for i in range(len(shards))] == [0] * 20 + [1] * 20
    code, out = snakemake(tmp_path)
    assert code == 0, out
    assert "Nothing to be done" in out
    np.savez(tmp_path / "recordings" / "wednesday.npz", x=x, day=np.full(20, 2))
    code, out = snakemake(tmp_path)
    assert code == 0, out
    assert out.count("rule convert:") == 1
    assert len(ShardSet(tmp_path / "shards")) == 60
