"""Read mutated .beton files for as long as is asked: ``mutate_beton.py [COUNT] [SEED]``.

Flips bits, writes extreme numbers, copies and truncates; reads every sample of
every mutated file. Anything but an error of our own, or a sound read, stops it.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from neuroai_core.errors import NeuroAIError
from vision_data import BetonFile, write_beton
from vision_data.beton import ArrayField, BytesField, FloatField, ImageField, IntField, JSONField

EXTREMES = [0, 1, 255, 2**15, 2**31, 2**32 - 1, 2**63, 2**64 - 25, 2**64 - 1]


def _sound(folder: Path) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((12, 10), 60).convert("RGB").save(out, "JPEG")
    rows = [
        (
            out.getvalue() if i % 2 else np.full((10, 12, 3), i, np.uint8),
            i,
            i / 2,
            bytes(range(i)),
            np.full((2, 3), i, np.float32),
            {"i": i},
        )
        for i in range(6)
    ]
    fields = {
        "image": ImageField("smart", smart_threshold=10**6),
        "label": IntField(),
        "x": FloatField(),
        "raw": BytesField(),
        "array": ArrayField(np.dtype("<f4"), (2, 3)),
        "notes": JSONField(),
    }
    jpeg = {**fields, "image": ImageField("jpg")}
    path = write_beton(folder / "sound.beton", rows, jpeg, page_size=4096)
    return path.read_bytes()


def _mutated(sound: bytes, rng: np.random.Generator) -> bytes:
    content = bytearray(sound)
    for _ in range(int(rng.integers(1, 4))):
        kind, at = int(rng.integers(5)), _place(len(content), rng)
        if kind <= 1:
            content[at] ^= 1 << int(rng.integers(8))
        elif kind == 2:
            value = EXTREMES[int(rng.integers(len(EXTREMES)))].to_bytes(8, "little")
            size = int(rng.choice([1, 2, 4, 8]))
            part = value[:size][: len(content) - at]
            content[at : at + len(part)] = part
        elif kind == 3:
            other = _place(len(content), rng)
            part = content[other : other + 8][: len(content) - at]
            content[at : at + len(part)] = part
        elif rng.random() < 0.2:
            del content[at:]
            return bytes(content)
    return bytes(content)


def _place(size: int, rng: np.random.Generator) -> int:
    """Choose a byte, mostly among those that describe others."""
    metadata, table = 24 + 6 * 1041, 6 * 4 * 24
    choice = int(rng.integers(6))
    if choice == 0:
        return int(rng.integers(24))
    if choice == 1:
        return int(rng.integers(24, metadata))
    if choice == 2:
        return min(size - 1, int(rng.integers(metadata, metadata + 400)))
    if choice == 3:
        return max(0, size - 1 - int(rng.integers(table)))
    return int(rng.integers(size))


def main(count: int = 1_000_000, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        sound = _sound(Path(folder))
        path = Path(folder, "a.beton")
        refused, start = 0, time.monotonic()
        for number in range(count):
            content = _mutated(sound, rng)
            path.write_bytes(content)
            try:
                for row in BetonFile(path):
                    if not row:
                        raise SystemExit("a sample without fields")
            except NeuroAIError:
                refused += 1
            except BaseException:
                with contextlib.suppress(OSError):
                    Path("mutated.beton").write_bytes(content)
                print(f"file {number} of seed {seed} (kept as mutated.beton)")
                raise
            if (number + 1) % 20_000 == 0:
                rate = (number + 1) / (time.monotonic() - start)
                print(f"{number + 1} files, {refused} refused, {rate:.0f}/s", flush=True)
        print(f"{count} files, {refused} refused, no crash")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
