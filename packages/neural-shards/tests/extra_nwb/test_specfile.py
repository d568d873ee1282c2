"""The YAML of a conversion: what it says, and where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from neural_shards.nwb.spec import ConversionSpec, Labels, Signals, Spikes, Windows
from neural_shards.nwb.specfile import plain_of, read_spec, spec_of
from neuroai_core import InputError, NotFoundError

WHOLE = """
bin_ms: 20
start_s: 1.5
modalities:
  spikes:
    units: {quality: good, location: [CA1, CA3]}
    dtype: uint16
  heading:
    kind: series
    series: CompassDirection/*
    period: 360
    rule: linear
  lfp:
    channels: [0, 3]
  choice:
    kind: labels
    columns: [choice]
windows:
  table: trials
  align: go_cue_time
  range_s: [-0.5, 1]
  select: {outcome: correct}
  cross: [gaps]
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "conversion.yaml"
    path.write_text(text)
    return path


def test_a_whole_one(tmp_path: Path) -> None:
    spec = read_spec(written(tmp_path, WHOLE))
    assert spec == ConversionSpec(
        {
            "spikes": Spikes({"quality": "good", "location": ["CA1", "CA3"]}, "uint16"),
            "heading": Signals(("CompassDirection/*",), "linear", 360.0),
            "lfp": Signals(channels=(0, 3)),
            "choice": Labels(columns=("choice",)),
        },
        bin_ms=20.0,
        windows=Windows(
            table="trials",
            align="go_cue_time",
            range_s=(-0.5, 1.0),
            select={"outcome": "correct"},
            cross=("gaps",),
        ),
        start_s=1.5,
    )
    assert spec_of(plain_of(spec)) == spec


def test_a_list_of_names_is_enough(tmp_path: Path) -> None:
    spec = read_spec(written(tmp_path, "modalities: [spikes, trials, lfp]"))
    assert spec.modalities == {"spikes": Spikes(), "trials": Labels(), "lfp": Signals()}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("modalities: [spikes]\nbin_mss: 10", 2, "did you mean 'bin_ms'"),
        ("modalities:\n  lfp:\n    rul: linear", 3, "did you mean 'rule'"),
        ("modalities:\n  lfp:\n    rule: linaer", 3, "did you mean 'linear'"),
        ("modalities:\n  lfp:\n    kind: serie", 3, "did you mean 'series'"),
        ("modalities: [spikes]\nbin_ms: ten", 2, "'ten' (str)"),
        ("modalities: [spikes]\nbin_ms: -1", 2, "a bin has no width"),
        ("modalities: [spikes]\nwindows:\n  overlap: 1.5", 3, "0 <= overlap < 1"),
        ("modalities: [spikes]\nwindows:\n  length: 10.5", 3, "expected: int"),
        ("modalities: [spikes]\nwindows:\n  length: true", 3, "expected: int"),
        ("modalities: [spikes]\nwindows:\n  range_s: [0, 1, 2]", 3, "2 values"),
        ("modalities: [spikes]\nwindows:\n  range_s: [0, 1]", 2, "no table to align to"),
        ("modalities: [spikes]\nwindows: 7", 2, "keys with values"),
        ("modalities:\n  Spikes.all:", 2, "cannot name a modality"),
        ("modalities: 3", 1, "names of modalities"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, text: str, line: int, message: str
) -> None:
    with pytest.raises(InputError) as raised:
        read_spec(written(tmp_path, text))
    assert message in str(raised.value)
    assert f"line {line}" in str(raised.value)
    assert "conversion.yaml" in str(raised.value)


@pytest.mark.parametrize("text", ["", "bin_ms: 10", "- a\n- b", "modalities: {}", "a: [", "\x01"])
def test_what_is_no_conversion(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        read_spec(written(tmp_path, text))


def test_nothing_is_run_from_yaml(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no YAML"):
        read_spec(written(tmp_path, "modalities: !!python/object/apply:os.getcwd []"))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_spec(tmp_path / "missing.yaml")
