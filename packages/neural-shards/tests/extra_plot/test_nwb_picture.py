"""Pictures of windows and of stretches of time: something is drawn where something is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.image import imread

from neural_shards import ShardSet, WebDatasetWriter
from neural_shards.picture import draw_sample, draw_values


def dark(figure: object, path: Path) -> int:
    figure.savefig(path, dpi=120)  # type: ignore[attr-defined]
    return int((np.asarray(imread(path))[..., :3].min(axis=-1) < 0.5).sum())


def test_time_is_in_seconds_where_the_bins_are_known(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = {
        "spikes": rng.poisson(0.1, (200, 30)).astype(np.uint8),
        "spikes_mask": np.arange(200)[:, None] > rng.integers(0, 50, 30),
        "behavior": np.cumsum(rng.normal(size=(200, 2)), axis=0),
        "behavior_mask": np.arange(200) > 20,
        "lfp": rng.normal(size=(200, 64)),
        "video": rng.integers(0, 255, (200, 12, 16), dtype=np.uint8),
        "state": np.arange(200, dtype=np.int32) // 50,
    }
    with WebDatasetWriter(tmp_path / "set") as writer:
        about = {"t_start": 3.0, "bin_ms": 10.0, "event": 0.5, "interval": 4, "table": "trials"}
        writer.write_sample(values, about)
    figure = draw_sample(ShardSet(tmp_path / "set"), 0)
    panels = figure.get_axes()
    names = [panel.get_ylabel().split("\n")[0] for panel in panels]
    assert names == ["spikes", "behavior", "lfp", "video", "state"]
    assert all(panel.get_xlim() == (3.0, 5.0) for panel in panels)
    assert panels[-1].get_xlabel() == "time (s)"
    assert "trials 4" in figure.get_suptitle()
    assert [text.get_text() for text in panels[0].texts] == ["event"]
    assert all(panel.get_lines()[-1].get_xdata()[0] == 3.5 for panel in panels)
    raster, shade = panels[0].get_images()
    assert raster.get_array().shape == (30, 200)
    assert np.array_equal(shade.get_array()[..., 3] == 0, values["spikes_mask"].T)
    assert len(panels[3].get_images()) == 10
    assert dark(figure, tmp_path / "a.png") > 1000


def test_more_spikes_more_ink(tmp_path: Path) -> None:
    ink = []
    for rate in (0.0, 0.005, 0.05):
        counts = np.random.default_rng(0).poisson(rate, (100, 20)).astype(np.uint8)
        ink.append(dark(draw_values({"spikes": counts}, bin_s=0.01), tmp_path / "a.png"))
    assert ink[0] < ink[1] < ink[2]


def test_no_spike_is_lost_between_two_pixels() -> None:
    counts = np.zeros((20_000, 2), dtype=np.uint8)
    counts[[7, 12_345], [0, 1]] = 1
    (panel,) = draw_values({"spikes": counts}, bin_s=0.01).get_axes()
    assert panel.get_images()[0].get_array().sum() == 2
    assert panel.get_xlim() == (0.0, 200.0)


def test_intervals_are_bars() -> None:
    spans = np.array([[0.1, 0.4], [0.5, 0.9]])
    figure = draw_values(
        {"x": np.zeros(100)}, bin_s=0.01, intervals={"trials": spans, "epochs": spans[:1]}
    )
    assert [t.get_text() for t in figure.get_axes()[0].get_yticklabels()] == ["trials", "epochs"]
    assert len(figure.get_axes()[0].collections) == 2
    assert draw_values({"text": np.array(["a"])}).get_axes()[0].texts
