"""The matrix of stops and continuations, small: `campaigns/resume.py` runs all of it."""

from __future__ import annotations

import random
import runpy
from pathlib import Path

import numpy as np
import pytest

from neural_shards import create_shards_from_arrays

CAMPAIGN = Path(__file__).parents[2] / "campaigns" / "resume.py"


@pytest.mark.skipif(not CAMPAIGN.exists(), reason="the campaigns are not installed")
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:This DataLoader will create.*:UserWarning")  # few cores
@pytest.mark.parametrize(
    ("part", "said"),
    [("matrix", "64 stops in 12 ways"), ("ranks", "45 stops"), ("mixtures", "4 stops")],
)
def test_it_goes_on_bit_for_bit(tmp_path, part, said):
    """Workers 0 and 2, that stay or not; ranks 1 and 2; shuffled or not."""
    campaign = runpy.run_path(str(CAMPAIGN))
    n = campaign["N"]
    x = np.random.default_rng(0).normal(size=(n, 3, 2)).astype(np.float32)
    create_shards_from_arrays(tmp_path / "set", {"number": np.arange(n), "x": x}, shard_size=5)
    assert campaign[part](tmp_path / "set", random.Random(1), small=True) == said
