"""Stop after every batch and go on, with all numbers of workers, threads and ranks.

0, 1, 2 and 4 threads or processes on 1 and 2 ranks: each runs undisturbed and must save
the same state after each batch, and each goes on from each of those states. Images,
crops, flips, augmentations, erasings, mixes and soft labels are compared bit for bit.

    python resume.py
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1] / "tests" / "test_resume.py"

if __name__ == "__main__":
    os.environ["IMAGENET_DM_RESUME"] = "complete"
    sys.exit(pytest.main([str(TESTS), "-v", "-p", "no:cacheprovider", *sys.argv[1:]]))
