"""The command over recordings: what it says, what it writes, what it draws."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pynwb import NWBFile

from neural_shards import cli

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: Any) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["neural-shards", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def paths(simple: NWBFile, written: Callable[..., Path]) -> list[Path]:
    first = written(simple, "monday.nwb")
    second = first.with_name("tuesday.nwb")
    second.write_bytes(first.read_bytes())
    return [first, second]


SPEC = """
bin_ms: 20
modalities:
  spikes: {dtype: uint16}
  place: {kind: series, series: Position/xy}
windows: {length: 50, overlap: 0.5}
"""


def test_a_dry_run_says_what_a_run_does(run: Run, paths: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    simple = ["convert", "-i", *paths, "-o", out, "--sequence-length", 50]
    code, text, err = run(*simple, "--dry-run")
    assert (code, err) == (0, "")
    assert "monday.nwb: 0 to 19.99 s, 1999 bins of 10 ms, 78 windows of 50 bins" in text
    assert "spikes: 3 units (1 silent), 500 spikes" in text
    assert "processing/behavior/Position/xy (SpatialSeries), 1200 x 2 float64 in meters" in text
    assert "156 samples in 1 shards would be written" in text
    assert not out.exists()
    code, text, _ = run("convert", "-i", *paths, "--dry-run", "--json")
    assert json.loads(text)["recordings"][1]["source"] == "tuesday.nwb"
    code, text, _ = run(*simple, "--validate", "--quiet")
    assert code == 0
    assert text.splitlines() == [
        f"156 samples in 1 shards in {out}",
        "156 samples in 1 shards: all as written",
    ]


def test_a_written_down_conversion(run: Run, paths: list[Path], tmp_path: Path) -> None:
    spec = tmp_path / "conversion.yaml"
    spec.write_text(SPEC)
    code, text, _ = run("convert", "-i", paths[0], "-o", tmp_path / "out", "--spec", spec, "--json")
    assert code == 0
    modalities = json.loads(text)["modalities"]
    assert modalities["spikes"] == {"kind": "npy", "dtype": "<u2", "shape": [50, 3]}
    assert modalities["place"]["shape"] == [50, 2]
    spec.write_text(SPEC.replace("dtype", "dtyp"))
    code, _, err = run("convert", "-i", paths[0], "-o", tmp_path / "o", "--spec", spec)
    assert code == 1
    assert "line 4" in err
    assert "did you mean 'dtype'" in err
    spec.write_text(SPEC)
    code, _, err = run(
        "convert", "-i", paths[0], "-o", tmp_path / "o", "--spec", spec, "--overlap=0"
    )
    assert code == 1
    assert "said twice" in err
    assert not (tmp_path / "o").exists()


def test_what_goes_wrong_is_one_message(run: Run, paths: list[Path], tmp_path: Path) -> None:
    code, _, err = run("convert", "-i", paths[0], "-o", tmp_path / "o", "--modalities", "lfp")
    assert code == 1
    assert "no 'lfp'" in err
    code, _, err = run("convert", "-i", paths[0])
    assert code == 1
    assert "no folder to write to" in err
    code, _, err = run("convert", "-i", "memory://nowhere/a.nwb", "-o", tmp_path / "o")
    assert code == 1
    assert "no such file" in err
    assert not (tmp_path / "o").exists()


def test_a_recording_without_a_window_is_named(
    run: Run, paths: list[Path], new_file: Any, written: Any, tmp_path: Path
) -> None:
    file = new_file()
    file.add_unit(spike_times=[0.1, 0.9])
    short = written(file, "short.nwb")
    to = ["--modalities", "spikes", "-o", tmp_path / "o"]
    code, out, err = run("convert", "-i", short, *to, "--validate")
    assert code == 1
    assert "no recording holds a single window" in err
    assert "short.nwb: no window of 100 bins fits into 81 bins" in " ".join(err.split())
    assert out == ""
    assert not (tmp_path / "o").exists()
    code, out, _ = run("convert", "-i", short, paths[0], *to, "--quiet")
    assert code == 0
    assert out.splitlines()[0] == "short.nwb: no window of 100 bins fits into 81 bins"
    assert "38 samples" in out
