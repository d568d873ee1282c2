"""`peek` of a recording: what was converted is what is drawn, with its trials."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pynwb import NWBFile
from pynwb.behavior import Position

from neural_shards import cli
from neural_shards.nwb import ConversionSpec, Signals, Spikes
from neuroai_core import InputError

pytest.importorskip("matplotlib", reason="pictures are drawn with the extra `plot`")
from matplotlib.image import imread

from neural_shards.nwb.picture import draw_recording


@pytest.fixture
def path(simple: NWBFile, written: Callable[..., Path]) -> Path:
    for k in range(4):
        simple.add_trial(start_time=5.0 * k + 1, stop_time=5.0 * k + 3)
    return written(simple, "monday.nwb")


SPEC = ConversionSpec({"spikes": Spikes(), "behavior": Signals()}, 20.0)


def test_raster_behaviour_and_trials(path: Path, simple: NWBFile, tmp_path: Path) -> None:
    figure = draw_recording(path, SPEC, start_s=4.0, duration_s=10.0)
    trials, raster, behaviour = figure.get_axes()
    assert figure.get_suptitle() == "monday.nwb"
    assert [panel.get_ylabel().split("\n")[0] for panel in (raster, behaviour)] == [
        "spikes",
        "behavior",
    ]
    assert [tick.get_text() for tick in trials.get_yticklabels()] == ["trials"]
    (bars,) = trials.collections
    extents = sorted(
        (box.vertices[:, 0].min(), box.vertices[:, 0].max()) for box in bars.get_paths()
    )
    assert extents == [(6.0, 8.0), (11.0, 13.0)]  # of four trials those that are in sight
    assert raster.get_xlim() == behaviour.get_xlim() == pytest.approx((4.0, 14.0))
    assert behaviour.get_xlabel() == "time (s)"
    counts = raster.get_images()[0].get_array()
    assert counts.shape == (3, 500)
    for unit in range(3):
        times = simple.units.get_unit_spike_times(unit)
        assert counts[unit].sum() == ((times >= 4.0) & (times < 14.0)).sum()
    position = simple.processing["behavior"]["Position"]
    assert isinstance(position, Position)
    drawn = behaviour.get_lines()
    assert len(drawn) == 2
    for line, column in zip(drawn, position["xy"].data.T, strict=True):
        want = np.interp(line.get_xdata(), np.arange(1200) / 60, column)
        away = line.get_ydata() - want
        assert len(away) == 500
        assert np.ptp(away) < 1e-2  # as it is, but for where its trace stands


def test_the_command_draws_it(
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pictures: list[Any] = []
    for start in ("0", "10"):
        out = tmp_path / f"{start}.png"
        arguments = ["peek", str(path), "--start", start, "--duration", "5", "-o", str(out)]
        monkeypatch.setattr("sys.argv", ["neural-shards", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert not ended.value.code
        pictures.append(np.asarray(imread(out))[..., :3])
        assert (pictures[-1].min(axis=-1) < 0.5).sum() > 1000
    assert not np.array_equal(*pictures)


def test_where_there_is_nothing_to_draw(path: Path) -> None:
    with pytest.raises(InputError, match="nothing to draw"):
        draw_recording(path, SPEC, start_s=500.0)
