"""Mutated files: an error that says where, or the values that are still right."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from neuroai_core.errors import NeuroAIError
from vision_data import BetonFile, get_ffcv_dataloader, write_beton
from vision_data.beton import ArrayField, BytesField, FloatField, ImageField, IntField, JSONField
from vision_data.beton.format import DESCRIPTOR, HEADER

FIELDS = {
    "image": ImageField("proportion"),
    "label": IntField(),
    "x": FloatField(),
    "raw": BytesField(),
    "array": ArrayField(np.dtype("<f4"), (2, 3)),
    "notes": JSONField(),
}
PAGE = 4096


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (8, 4, 4, 3), dtype=np.uint8)
    rows = [
        (
            Image.fromarray(small[i]).resize((12, 10), Image.Resampling.BICUBIC),
            i,
            i / 2,
            bytes(range(i)),
            np.full((2, 3), i, np.float32),
            {"i": i},
        )
        for i in range(8)
    ]
    path = tmp_path_factory.mktemp("hostile") / "a.beton"
    return write_beton(path, rows, FIELDS, page_size=PAGE).read_bytes()


def _read(path, content):
    """Read all of a file both ways; only errors of our own may come of it."""
    path.write_bytes(content)
    with suppress(NeuroAIError):
        for row in BetonFile(path):
            assert len(row)
    with suppress(NeuroAIError):
        list(get_ffcv_dataloader(path, 8, num_workers=0, resolution=8))


def _regions(content):
    fields = len(FIELDS)
    table = int(np.frombuffer(content, HEADER, 1)[0]["table"])
    metadata = HEADER.itemsize + fields * DESCRIPTOR.itemsize
    return {
        "header": range(HEADER.itemsize),
        "descriptors": [
            HEADER.itemsize + i * 1041 + j for i in range(fields) for j in range(0, 300, 3)
        ],
        "metadata": range(metadata, metadata + 300),
        "table": range(table, len(content), 3),
    }


@pytest.mark.parametrize("region", ["header", "descriptors", "metadata", "table"])
def test_flipped_bits(tmp_path, sound, region):
    rng = np.random.default_rng(1)
    places = list(_regions(sound)[region])
    for place in places if region == "header" else rng.choice(places, 60, replace=False):
        for bit in range(8) if region == "header" else [int(rng.integers(8))]:
            content = bytearray(sound)
            content[place] ^= 1 << bit
            _read(tmp_path / "a.beton", bytes(content))


@pytest.mark.parametrize("value", [0, 1, 2**31, 2**32 - 1, 2**63, 2**64 - 25, 2**64 - 1])
def test_extreme_numbers(tmp_path, sound, value):
    regions = _regions(sound)
    starts = [2, 4, 8, 16, *regions["metadata"][::8], *regions["table"][::8]]
    for start in starts:
        content = bytearray(sound)
        room = min(8, len(content) - start)
        content[start : start + room] = value.to_bytes(8, "little")[:room]
        _read(tmp_path / "a.beton", bytes(content))


def test_cut_off_anywhere(tmp_path, sound):
    rng = np.random.default_rng(2)
    places = {*range(0, len(sound), PAGE), *range(30), len(sound) - 1, len(sound) - 24}
    path = tmp_path / "a.beton"
    for place in [*places, *rng.integers(0, len(sound), 40).tolist()]:
        path.write_bytes(sound[:place])
        with pytest.raises(NeuroAIError) as caught:
            BetonFile(path)
        assert str(path) in str(caught.value)


# Pillow warns of the size that the header claims; the error follows.
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_nothing_large_is_allocated(tmp_path, sound):
    path = tmp_path / "a.beton"
    tracemalloc.start()
    try:
        for start in (2, 4, 8, 16):
            content = bytearray(sound)
            content[start : start + 2] = b"\xff\xff"
            _read(path, bytes(content))
        content = bytearray(sound)
        at = sound.index(b"\xff\xc0\x00\x11")  # the size in the header of a JPEG
        content[at + 5 : at + 9] = b"\x30\x00\x30\x00"  # 12288 x 12288
        _read(path, bytes(content))
        assert tracemalloc.get_traced_memory()[1] < 2**25
    finally:
        tracemalloc.stop()


def test_pointers_to_another_samples_data_are_noticed(tmp_path, sound):
    path = tmp_path / "a.beton"
    path.write_bytes(sound)
    pointers = BetonFile(path).pointers("raw")
    content = bytearray(sound)
    at = sound.index(int(pointers[3]).to_bytes(8, "little"))
    content[at : at + 8] = int(pointers[4]).to_bytes(8, "little")
    path.write_bytes(content)
    with pytest.raises(NeuroAIError) as caught:
        BetonFile(path)
    assert caught.value.index == 3
