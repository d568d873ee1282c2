"""Kill fetch, export, link and convert at random moments, run them again, compare.

``kill.py [TIMES] [NAME ...]``: every time, a fresh data root is prepared, the
command is killed with SIGKILL after a random part of the time it takes, then run
again; the files must be those of an undisturbed run, down to the bytes. A kill
counts only if it fell before the end: until TIMES did, others are added. One
process that has everything loaded forks a child for each run: only the work is
killed.
The archives are small ones in the real layout, on a server of this process;
torchvision's own classes download and unpack them.
"""

from __future__ import annotations

import hashlib
import os
import random
import runpy
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vision_data import convert_group, fetch_data, link_group

Command = Callable[[Path], Any]
MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112


class ManyImages:
    """Stands for CIFAR-10 as torchvision gives it when it is downloaded: the export is the work."""

    def __init__(self, root: Path, train: bool = True, download: bool = False) -> None:
        rng = np.random.default_rng(0)
        self.data = rng.integers(0, 256, (400, 32, 32, 3), dtype=np.uint8)
        self.targets = (np.arange(400) % 10).tolist()

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:
        return Image.fromarray(self.data[index]), self.targets[index]


def _pets(root: Path) -> None:
    rng = np.random.default_rng(0)
    for name in range(60):
        place = root / "raw" / "pets" / "train" / str(name)
        place.mkdir(parents=True)
        for number in range(4):
            pixels = rng.integers(0, 256, (48, 48, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(place / f"{number}.png")
            os.utime(place / f"{number}.png", (0, 0))


@contextmanager
def _commands() -> Iterator[dict[str, tuple[Command, Command]]]:
    """Give what is killed, by name: how its data root is prepared, and the command."""
    from torchvision import datasets

    tests = runpy.run_path(str(Path(__file__).parents[1] / "tests" / "conftest.py"))
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder, tests["serve"](Path(folder)) as url:
        for name in ("cifar10", "mnist", "imagenette"):
            for patch in tests["small_archives"](name, Path(folder), url):
                setattr(*patch)
        tiny = tests["small_tiny_imagenet"](Path(folder), url)

        def export(root: Path) -> None:
            datasets.CIFAR10 = ManyImages
            fetch_data("cifar10", root=root)

        def convert(root: Path) -> None:
            convert_group("pets", root=root, val_ratio=0.2, stratified=True, write_mode="jpg")

        def nothing(root: Path) -> None:
            root.mkdir()

        def fetch(name: str, subset: str) -> Command:
            return lambda root: fetch_data(name, subset, root=root, catalog=tiny)

        def many(root: Path) -> None:  # linking sixty is over before a kill arrives
            for name in range(2000):
                (root / "raw" / "pets" / "train" / str(name)).mkdir(parents=True)

        yield {
            "fetch cifar10": (nothing, fetch("cifar10", "test")),
            "fetch mnist": (nothing, fetch("mnist", "train")),
            "fetch imagenette": (nothing, fetch("imagenette", "train")),
            "fetch tinyimagenet": (nothing, fetch("tinyimagenet", "test")),
            "export": (nothing, export),
            "link": (many, lambda root: link_group("pets", root=root)),
            "convert": (_pets, convert),
        }


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


def _run(command: Command, root: Path, after: float | None) -> float:
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            command(root)
            status = 0
        finally:
            os._exit(status)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if after is None and status != 0:
        raise SystemExit(f"a run ended with {status}")
    return time.monotonic() - start


def _campaign(name: str, prepare: Command, command: Command, times: int) -> None:
    took = []
    for _ in range(3):
        with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
            prepare(Path(folder, "data"))
            took.append(_run(command, Path(folder, "data"), None))
            wanted = _tree(Path(folder, "data"))
    killed = disturbed = 0
    while disturbed < times:
        if killed == 20 * times:
            raise SystemExit(f"{name}: of {killed} kills, {disturbed} fell before its end")
        with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
            root = Path(folder, "data")
            prepare(root)
            _run(command, root, random.Random(f"{name} {killed}").random() * min(took))
            disturbed += _tree(root) != wanted
            killed += 1
            _run(command, root, None)
            found = _tree(root)
            if found != wanted:
                different = {k for k in {*found, *wanted} if found.get(k) != wanted.get(k)}
                raise SystemExit(f"{name}, time {killed}: {sorted(different)[:5]}")
    print(f"{name}: killed {killed} times, {disturbed} before its end; all alike", flush=True)


def main(times: int = 50, *names: str) -> None:
    with _commands() as commands:
        for name in names or commands:
            _campaign(name, *commands[name], times)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *sys.argv[2:])
