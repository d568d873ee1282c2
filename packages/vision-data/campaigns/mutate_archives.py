"""Fetch from mutated archives: ``mutate_archives.py [COUNT] [SEED]``.

A small zip in the layout of Tiny ImageNet has bits flipped, numbers made
extreme, names turned into paths that lead out, is cut off, and is given the
checksum that it then has, so that it is unpacked. Either the images come out
or an error of our own; nothing is ever written beside the data root.
"""

from __future__ import annotations

import hashlib
import os
import resource
import runpy
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from neuroai_core.errors import NeuroAIError
from vision_data import Catalog, ImageFolder, fetch_data
from vision_data.catalog import Archive

MEMORY = 1 << 28
NAMES = [b"../", b"/tmp", b"..\\", b"C:\\a", b"\0", b"./..", b"//x"]
EXTREMES = [0, 1, 2**15, 2**16 - 1, 2**31, 2**32 - 1]


def _mutated(sound: bytes, rng: np.random.Generator) -> bytes:
    content = bytearray(sound)
    # Where names stand: after the signatures of members, local and central.
    names = [i for i in range(len(sound) - 4) if sound[i : i + 4] in (b"PK\3\4", b"PK\1\2")]
    for _ in range(int(rng.integers(1, 4))):
        kind, at = int(rng.integers(5)), int(rng.integers(len(content)))
        if kind == 0:
            content[at] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            start = names[int(rng.integers(len(names)))]
            content[start + int(rng.integers(46))] ^= 1 << int(rng.integers(8))
        elif kind == 2:
            start = names[int(rng.integers(len(names)))]
            value = EXTREMES[int(rng.integers(len(EXTREMES)))].to_bytes(4, "little")
            place = start + 4 + int(rng.integers(40))
            content[place : place + 4] = value
        elif kind == 3:
            name = NAMES[int(rng.integers(len(NAMES)))]
            start = names[int(rng.integers(len(names)))]
            place = start + (30 if content[start + 2] == 3 else 46)
            content[place : place + len(name)] = name
        elif rng.random() < 0.3:
            return bytes(content[:at])
    return bytes(content)


def _fetch(root: Path, content: bytes) -> None:
    folder = root / "raw" / "tinyimagenet" / "archive"
    folder.mkdir(parents=True)
    (folder / "tiny-imagenet-200.zip").write_bytes(content)
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    # The file is there, so nobody asks this address.
    archive = Archive("http://127.0.0.1:9/tiny-imagenet-200.zip", md5, len(content))
    shipped = Catalog.shipped()
    known = replace(shipped["tinyimagenet"], archive=archive)
    catalog = replace(shipped, data_sets={**shipped.data_sets, "tinyimagenet": known})
    for _ in ImageFolder(fetch_data("tinyimagenet", "test", root=root, catalog=catalog)):
        pass


def main(count: int = 20_000, seed: int = 0) -> None:
    rng, refused = np.random.default_rng(seed), 0
    tests = runpy.run_path(str(Path(__file__).parents[1] / "tests" / "conftest.py"))
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        around = Path(folder)
        tests["small_tiny_imagenet"](around, "http://127.0.0.1:9/")
        (around / "tiny-imagenet-200.zip").rename(around / "sound.zip")
        sound = (around / "sound.zip").read_bytes()
        _fetch(around / "root", sound)
        shutil.rmtree(around / "root")
        used = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (used + MEMORY, used + MEMORY))
        for number in range(count):
            content = _mutated(sound, rng)
            try:
                _fetch(around / "root", content)
            except NeuroAIError:
                refused += 1
            except BaseException:
                Path("mutated.zip").write_bytes(content)
                print(f"file {number} of seed {seed} (kept as mutated.zip)")
                raise
            if sorted(p.name for p in around.iterdir()) != ["root", "sound.zip"]:
                raise SystemExit(f"file {number} of seed {seed} wrote beside the data root")
            shutil.rmtree(around / "root")
            if (number + 1) % 1000 == 0:
                print(f"{number + 1} archives, {refused} refused", flush=True)
    print(f"{count} archives, {refused} refused, nothing written elsewhere")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
