"""Writing a set: against webdataset, MosaicML Streaming, LitData, and the disk itself.

Every figure is of one process of its own and counts until all bytes are on the disk (fsync), which
neural-shards and "raw" (np.save, the limit) wait for by themselves. Contenders take turns.
Usage: python benchmarks/writing.py [--samples 1000] [--rounds 3] [--folder DIR]
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from pathlib import Path

from _contenders import WRITERS
from reading import circumstances, measure


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="on the disk to write to")
    arguments = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="writing", dir=arguments.folder))
    rounds = {name: [] for name in WRITERS}
    for _ in range(arguments.rounds):
        for name, found in rounds.items():
            found.append(measure("write", name, root / name, arguments.samples))
            shutil.rmtree(root / name)
    root.rmdir()
    print("MB/s until on the disk (spread), until the call returns, us of CPU a sample, ours / it")
    ours = [r["mb_per_s"] for r in rounds["neural-shards"]]
    for name, found in rounds.items():
        speeds = [r["mb_per_s"] for r in found]
        ratios = [a / b for a, b in zip(ours, speeds, strict=True)]
        returned = statistics.median(r["returned_mb_per_s"] for r in found)
        print(
            f"  {name:14} {statistics.median(speeds):6.0f} ({min(speeds):.0f} to {max(speeds):.0f})"
            f" {returned:6.0f} {statistics.median(r['cpu_us'] for r in found):6.0f}"
            f" {statistics.median(ratios):6.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        )
    print({**circumstances(), "samples": arguments.samples})


if __name__ == "__main__":
    main()
