"""The eight examples of the guide run."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "webdataset_example.py"


@pytest.mark.skipif(not EXAMPLE.exists(), reason="the examples are not installed")
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:This DataLoader will create.*:UserWarning")  # few cores
def test_the_eight_examples_run(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["webdataset_example.py", "64"])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert {line[0] for line in lines if line[1:2] == "."} == set("12345678")
    assert "goes on at {'shard_idx': 0, 'sample_offset': 30}" in "\n".join(lines)
