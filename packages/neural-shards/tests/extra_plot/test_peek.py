"""The command draws a sample, whatever its set was made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from neural_shards import cli, create_shards_from_arrays


def test_a_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    create_shards_from_arrays(tmp_path / "set", {"spikes": rng.poisson(0.3, (3, 100, 20))})
    picture = tmp_path / "a.png"
    argv = ["neural-shards", "peek", str(tmp_path / "set"), "--sample", "2", "-o", str(picture)]
    monkeypatch.setattr("sys.argv", argv)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    assert imread(picture).shape[1] > 1000
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "set"]
