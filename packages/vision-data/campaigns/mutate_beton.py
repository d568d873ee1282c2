"""Read mutated .beton files for as long as is asked: ``mutate_beton.py [COUNT] [SEED]``.

First all files that differ in one byte of the header, and all that are cut
off; then COUNT files with flipped bits, extreme numbers, bytes copied
elsewhere. Of each file every sample is read, by the reader and as a batch of
the loader, with little memory to spare. Anything but an error of our own, or
a sound read, stops it.
"""

from __future__ import annotations

import contextlib
import io
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from neuroai_core.errors import NeuroAIError
from vision_data import BetonFile, write_beton
from vision_data.beton import ArrayField, BytesField, FloatField, ImageField, IntField, JSONField
from vision_data.boxes import center_boxes
from vision_data.pixels import ImageColumn

#: Bytes that a hostile file may make the process take.
MEMORY = 1 << 28
#: Of the sound file: one raw image and one JPEG.
SAMPLES = 2
EXTREMES = [0, 1, 255, 2**15, 2**31, 2**32 - 1, 2**63, 2**64 - 25, 2**64 - 1]


def _sound(folder: Path) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((6, 5), 60).convert("RGB").save(out, "JPEG")
    rows = [
        (
            out.getvalue() if i % 2 else np.full((3, 4, 3), i, np.uint8),
            i,
            i / 2,
            bytes(range(i)),
            np.full((2, 3), i, np.float32),
            {"i": i},
        )
        for i in range(SAMPLES)
    ]
    fields = {
        "image": ImageField("smart", smart_threshold=60),
        "label": IntField(),
        "x": FloatField(),
        "raw": BytesField(),
        "array": ArrayField(np.dtype("<f4"), (2, 3)),
        "notes": JSONField(),
    }
    return write_beton(folder / "sound.beton", rows, fields, page_size=4096).read_bytes()


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
    metadata, table = 24 + 6 * 1041, SAMPLES * 5 * 24
    choice = int(rng.integers(6))
    if choice == 0:
        return int(rng.integers(24))
    if choice == 1:
        return int(rng.integers(24, metadata))
    if choice == 2:
        return min(size - 1, int(rng.integers(metadata, metadata + SAMPLES * 72)))
    if choice == 3:
        return max(0, size - 1 - int(rng.integers(table)))
    return int(rng.integers(size))


def _mutations(sound: bytes, count: int, rng: np.random.Generator) -> Iterator[bytes]:
    for place in range(24):
        for value in range(256):
            content = bytearray(sound)
            content[place] = value
            yield bytes(content)
    for size in range(len(sound)):
        yield sound[:size]
    for _ in range(count):
        yield _mutated(sound, rng)


def _read(path: Path) -> None:
    """Read all samples one by one, then their images as a batch."""
    file = BetonFile(path)
    for row in file:
        if not row:
            raise SystemExit("a sample without fields")
    images, samples = ImageColumn(file), np.arange(len(file))
    out = np.empty((len(file), 8, 8, 3), dtype=np.uint8)
    images.crop(samples, center_boxes(images.sizes), np.zeros(len(file), dtype=bool), out)


def _limit_memory() -> None:
    fields = Path("/proc/self/statm").read_text().split()
    limit = int(fields[5]) * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def main(count: int = 1_000_000, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        sound = _sound(Path(folder))
        path = Path(folder, "a.beton")
        path.write_bytes(sound)
        _read(path)  # loads what is loaded at first use
        _limit_memory()
        refused, start, number = 0, time.monotonic(), 0
        for number, content in enumerate(_mutations(sound, count, rng), start=1):
            path.write_bytes(content)
            try:
                _read(path)
            except NeuroAIError:
                refused += 1
            except BaseException:
                with contextlib.suppress(OSError):
                    Path("mutated.beton").write_bytes(content)
                print(f"file {number} of seed {seed} (kept as mutated.beton)")
                raise
            if number % 20_000 == 0:
                rate = number / (time.monotonic() - start)
                print(f"{number} files, {refused} refused, {rate:.0f}/s", flush=True)
        print(f"{number} files, {refused} refused, no crash")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
