"""Pictures of samples: something is drawn where something is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from neural_shards.nwb.picture import draw_values
from neuroai_core import InputError


def dark(picture: Path) -> np.ndarray:
    return np.asarray(imread(picture))[..., :3].min(axis=-1) < 0.5


def test_a_sample_of_everything(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = {
        "spikes": rng.poisson(0.1, (200, 30)).astype(np.uint8),
        "spikes_mask": np.ones((200, 30), dtype=bool),
        "behavior": np.cumsum(rng.normal(size=(200, 2)), axis=0),
        "lfp": rng.normal(size=(200, 64)),
        "video": rng.integers(0, 255, (200, 12, 16), dtype=np.uint8),
        "state": np.arange(200, dtype=np.int32) // 50,
    }
    made = draw_values(
        values, tmp_path / "a.png", bin_ms=10.0, t_start=3.0, marks=[(4.0, "go")], title="one"
    )
    assert made == tmp_path / "a.png"
    assert 0.01 < dark(made).mean() < 0.9
    assert list(tmp_path.iterdir()) == [made]


def test_more_spikes_more_ink(tmp_path: Path) -> None:
    ink = []
    for rate in (0.0, 0.05, 0.5):
        counts = np.random.default_rng(0).poisson(rate, (100, 20)).astype(np.uint8)
        picture = draw_values({"spikes": counts}, tmp_path / f"{rate}.png", bin_ms=10.0)
        ink.append(dark(picture).sum())
    assert ink[0] < ink[1] < ink[2]


def test_nothing_to_draw(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to draw"):
        draw_values({"trials": np.array(["a"])}, tmp_path / "a.png", bin_ms=10.0)
