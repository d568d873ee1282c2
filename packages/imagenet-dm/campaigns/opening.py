"""Open a tree of 200,000 files a second time: how long, and how much memory.

Makes the tree (empty files), opens it once in a process of its own, which keeps the list,
and again in fresh processes; exit 1 where the median takes 50 ms or 40 MB and more.

    python opening.py --folder /dev/shm/opening
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

CLASSES, IMAGES = 1000, 200
OPEN = """
import os, sys, time
from pathlib import Path
from imagenet_dm.sources import open_split
def memory_mb():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
before, start = memory_mb(), time.perf_counter()
index = open_split(Path(sys.argv[1]), "train", index_cache=sys.argv[2])
index.fingerprint
seconds = time.perf_counter() - start
assert len(index) == 200_000 and index.path(199_999).name.endswith("199.JPEG")
print(1e3 * seconds, memory_mb() - before)
"""


def make(root: Path) -> None:
    """Make the tree, a little before it is opened: fresh folders are not trusted."""
    for label in range(CLASSES):
        folder = root / "train" / f"n{label:08d}"
        folder.mkdir(parents=True)
        for number in range(IMAGES):
            os.close(os.open(folder / f"n{label:08d}_{number:03}.JPEG", os.O_CREAT))
    time.sleep(3)


def opened(root: Path) -> tuple[float, float]:
    """Open it in a fresh process: milliseconds and megabytes."""
    command = [sys.executable, "-c", OPEN, str(root), str(root / "cache")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    milliseconds, megabytes = map(float, done.stdout.split())
    return milliseconds, megabytes


def main() -> None:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="to make the tree in")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if not (options.folder / "train").exists():
        make(options.folder)
    first = opened(options.folder)
    again = [opened(options.folder) for _ in range(options.rounds)]
    milliseconds, megabytes = map(statistics.median, zip(*again, strict=True))
    print(f"first {first[0]:.0f} ms, again {milliseconds:.1f} ms and {megabytes:.1f} MB")
    sys.exit(milliseconds >= 50 or megabytes >= 40)


if __name__ == "__main__":
    main()
