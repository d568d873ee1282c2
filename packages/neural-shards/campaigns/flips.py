"""Flip bits of every byte of a shard, its index and its manifest: each is found, and named.

After every flip the set is verified, which must name the file, and read, which must either do so
or give the very data that were written. What became of the flips is counted by region.
Usage: python campaigns/flips.py [--bits 1] [--every 1] [--seed 0]
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from neural_shards import WebDatasetLoader, create_shards_from_arrays, verify
from neural_shards.index import DIGEST, MAGIC
from neural_shards.tar import BLOCK, scan
from neuroai_core.errors import DataError

# Where the fields of a tar header end.
FIELDS = {
    "name": 100,
    "mode, owner, group": 124,
    "size": 136,
    "time": 148,
    "checksum": 156,
    "type": 157,
    "name of a link": 257,
    "magic": 265,
    "names of owner and group, device": 345,
    "prefix of the name": 500,
    "rest of the header": BLOCK,
}


def regions_of_shard(content):
    """Say of every byte of a tar what it is."""
    regions = ["end of the tar"] * len(content)
    for member in scan(memoryview(content), "shard"):
        header, end = member.offset - BLOCK, member.offset + member.size
        start = 0
        for field, stop in FIELDS.items():
            regions[header + start : header + stop] = [f"header: {field}"] * (stop - start)
            start = stop
        what = "metadata" if member.name.endswith(".json") else "array with its header"
        regions[member.offset : end] = [f"content: {what}"] * member.size
        regions[end : end + -end % BLOCK] = ["padding of the content"] * (-end % BLOCK)
    return regions


def regions_of_index(content):
    """Say of every byte of an index what it is."""
    length = int.from_bytes(content[8:12], "little")
    head = json.loads(content[12 : 12 + length])
    sizes = {"magic": len(MAGIC), "length of the header": 4, "header": length}
    sizes["keys"] = head["samples"] * head["key_bytes"]
    sizes["entries"] = len(content) - sum(sizes.values()) - DIGEST
    sizes["digest"] = DIGEST
    return [name for name, size in sizes.items() for _ in range(size)]


def regions_of_manifest(content):
    """Say of every byte of a manifest what it is."""
    return [
        "checksum" if b'"checksum"' in line else "all but its checksum"
        for line in content.splitlines(keepends=True)
        for _ in line
    ]


FILES = {
    "shard_000000.tar": regions_of_shard,
    "shard_000000.tar.idx": regions_of_index,
    "dataset_metadata.json": regions_of_manifest,
}


def read(folder):
    loader = WebDatasetLoader(folder, shuffle=False)
    return [(s["x"].tobytes(), s["x"].dtype, int(s["y"]), s["metadata"]) for s in loader]


def outcome(folder, right, names):
    """Verify and read a set with a flip in it; fail unless it is found and does no harm."""
    problems = verify(folder).problems
    if not any(name in problem for problem in problems for name in names):
        raise AssertionError(f"not found, or not named: {problems}")
    try:
        got = read(folder)
    except DataError as error:
        if not any(name in str(error) for name in names):
            raise AssertionError(f"not named: {error}") from error
        return "refused"
    if got != right:
        raise AssertionError("other data, and no word of it")
    return "same data"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bits", type=int, default=1, help="of each byte, drawn of its eight")
    parser.add_argument("--every", type=int, default=1, help="byte; the first is drawn")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    draw, start, flips = random.Random(arguments.seed), time.monotonic(), 0
    with tempfile.TemporaryDirectory(prefix="flips") as root:
        folder = Path(root, "set")
        x = np.arange(20, dtype=np.float32).reshape(4, 5)
        create_shards_from_arrays(folder, {"x": x, "y": np.arange(4)}, shard_size=2)
        right = read(folder)
        for name, regions_of in FILES.items():
            path = folder / name
            content = path.read_bytes()
            regions, counts = regions_of(content), Counter()
            if len(regions) != len(content):
                raise AssertionError(f"{len(content)} bytes, {len(regions)} have a name")
            names = ("manifest", name) if name.endswith(".json") else ("shard_000000.tar",)
            for at in range(draw.randrange(arguments.every), len(content), arguments.every):
                for bit in draw.sample(range(8), arguments.bits):
                    flipped = bytearray(content)
                    flipped[at] ^= 1 << bit
                    path.write_bytes(flipped)
                    try:
                        counts[regions[at], outcome(folder, right, names)] += 1
                    except AssertionError as error:
                        where = f"{name}, byte {at} ({regions[at]}), bit {bit}"
                        raise AssertionError(f"{where}: {error}") from error
            path.write_bytes(content)
            flips += counts.total()
            print(f"{name}, {len(content)} bytes:")
            for region in dict.fromkeys(regions):
                refused, same = counts[region, "refused"], counts[region, "same data"]
                print(f"  {region:42} {refused:7} refused when read {same:7} read as written")
    print(f"{flips} flips, all found and named ({time.monotonic() - start:.0f} s)")


if __name__ == "__main__":
    main()
