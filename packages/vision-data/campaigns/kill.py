"""Kill fetch, link and convert at random moments, run them again, compare: ``kill.py [TIMES]``.

Every time, a fresh data root is prepared, the command is killed with SIGKILL
after a random part of the time it takes, then run again; the files must be
those of an undisturbed run, down to the bytes.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

#: What each command is run on, and how: a small server of archives stands for the internet.
FETCH = """
import sys, numpy
from torchvision import datasets
class Small(datasets.CIFAR10):
    def __init__(self, root, train=True, download=False):
        rng = numpy.random.default_rng(0)
        self.data = rng.integers(0, 256, (400, 32, 32, 3), dtype=numpy.uint8)
        self.targets = (numpy.arange(400) % 10).tolist()
        self.transform = self.target_transform = None
datasets.CIFAR10 = Small
from vision_data import fetch_data
fetch_data("cifar10", root=sys.argv[1])
"""
LINK = "import sys; from vision_data import link_group; link_group('pets', root=sys.argv[1])"
CONVERT = """
import sys; from vision_data import convert_group
convert_group('pets', root=sys.argv[1], val_ratio=0.2, stratified=True, write_mode='jpg')
"""


def _root(folder: Path, command: str) -> Path:
    root = folder / "data"
    rng = np.random.default_rng(0)
    if command is not FETCH:
        for name in range(60):
            place = root / "raw" / "pets" / "train" / str(name)
            place.mkdir(parents=True)
            for number in range(8):
                pixels = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(place / f"{number}.png")
                os.utime(place / f"{number}.png", (0, 0))
    root.mkdir(exist_ok=True)
    return root


def _tree(root: Path) -> dict[str, str]:
    tree = {}
    for parent, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = Path(parent, name)
            key = str(path.relative_to(root))
            if path.is_symlink():
                tree[key] = str(path.readlink())
            elif path.is_file():
                tree[key] = hashlib.sha256(path.read_bytes()).hexdigest()
    return tree


# A parent that has everything loaded forks a child for each run: only the work is killed.
def _run(command: str, root: Path, after: float | None) -> float:
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        sys.argv[1:] = [str(root)]
        exec(compile(command, "command", "exec"), {"__name__": "command"})
        os._exit(0)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if after is None and status != 0:
        raise SystemExit(f"a run ended with {status}")
    return time.monotonic() - start


def main(times: int = 50) -> None:
    from torchvision import datasets  # noqa: F401

    import vision_data  # noqa: F401  loaded before the first fork

    for name, command in (("fetch", FETCH), ("link", LINK), ("convert", CONVERT)):
        with tempfile.TemporaryDirectory() as folder:
            whole = _root(Path(folder), command)
            took = _run(command, whole, None)
            wanted = _tree(whole)
        disturbed = 0
        for number in range(times):
            with tempfile.TemporaryDirectory() as folder:
                root = _root(Path(folder), command)
                _run(command, root, random.Random(number).random() * took)
                disturbed += _tree(root) != wanted
                _run(command, root, None)
                found = _tree(root)
                if found != wanted:
                    different = {k for k in {*found, *wanted} if found.get(k) != wanted.get(k)}
                    raise SystemExit(f"{name}, time {number}: {sorted(different)[:5]}")
        print(f"{name}: killed {times} times ({disturbed} of them under way), all finished alike")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
