"""The long campaigns, short: damage and kills without end are what `campaigns/` is for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CAMPAIGNS = Path(__file__).parents[1] / "campaigns"


@pytest.mark.skipif(not CAMPAIGNS.exists(), reason="the campaigns are not installed")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="they fork, and limit memory")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("mutate.py --count 2000", "2000 mutations"),
        ("kill.py --kills 2", "checkpoints: "),
        ("flips.py --every 29", "flips, all found and named"),
    ],
)
def test_a_short_campaign_finds_nothing(line, said, tmp_path):
    script, *arguments = line.split()
    done = subprocess.run(
        [sys.executable, CAMPAIGNS / script, *arguments],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert said in done.stdout
