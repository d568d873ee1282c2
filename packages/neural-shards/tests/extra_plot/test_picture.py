"""The picture of a sample."""

from __future__ import annotations

import numpy as np

from neural_shards import ShardSet, WebDatasetWriter, flatten_spike_trains
from neural_shards.picture import draw_sample


def test_each_array_has_its_row(tmp_path):
    rng = np.random.default_rng(0)
    with WebDatasetWriter(tmp_path) as writer:
        sample = {
            "spikes": rng.poisson(0.3, (100, 96)),
            "behavior": rng.normal(size=(100, 2)),
            "lfp": rng.normal(size=(64, 1000)),
            "ecog": rng.normal(size=(128, 1000)),
            **flatten_spike_trains([[0.1, 0.2], [], [0.15]], name="clusters"),
            "side": "left",
            "volume": np.zeros((2, 3, 4)),
        }
        writer.write_sample(sample, {"t_start": 1.5})
        writer.write_sample({"side": "left"})
    figure = draw_sample(ShardSet(tmp_path), 0)
    axes = figure.get_axes()
    assert [a.get_ylabel().split("\n")[0] for a in axes] == [
        "spikes",
        "behavior",
        "lfp",
        "ecog",
        "clusters, unit",
    ]
    raster, field = axes[0].get_images()[0], axes[3].get_images()[0]
    assert raster.get_array().shape == (96, 100)
    assert field.get_array().shape == (128, 1000)
    assert [len(axes[i].get_lines()) for i in (1, 2)] == [2, 64]
    events = axes[4].collections[0].get_offsets()
    assert np.asarray(events).tolist() == [[0.1, 0], [0.15, 2], [0.2, 0]]
    assert "t_start 1.5" in figure.get_suptitle()
    figure.savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 5000
    assert draw_sample(ShardSet(tmp_path), 1).get_axes()[0].texts
