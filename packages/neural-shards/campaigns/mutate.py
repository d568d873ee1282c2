"""Mutate tars, indices, manifests and pickles; nothing may crash, hang, run or allocate.

Every mutation is read under a limit of memory and time; the only outcomes are data and our
errors. Usage: python campaigns/mutate.py [--count 1000000] [--seed 0]
"""

from __future__ import annotations

import argparse
import pickle
import random
import resource
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from neural_shards import WebDatasetWriter
from neural_shards.index import ShardIndex
from neural_shards.manifest import Manifest
from neural_shards.shard import build_index
from neural_shards.unpickle import unpickle
from neuroai_core.errors import NeuroAIError

LIMIT = 256 << 20
WORDS = (b"\0", b"\xff" * 8, b"7" * 11, b"../", b"/etc/passwd", b"99999999999", b"posix\nsystem\n")


def seeds(folder):
    """Give a small file of each kind, and what reads it."""
    with WebDatasetWriter(folder) as writer:
        for i in range(3):
            writer.write_sample({"x": np.arange(5.0) * i, "s": "left", "b": b"\1\2"}, {"t": i})
    tar = (folder / "shard_000000.tar").read_bytes()
    index = (folder / "shard_000000.tar.idx").read_bytes()
    manifest = (folder / "dataset_metadata.json").read_bytes()
    found = {
        "tar": (tar, read_tar),
        "index": (index, lambda c: ShardIndex.from_bytes(c, "idx")),
        "index without checksum": (index, read_unchecked),
        "manifest": (manifest, lambda c: Manifest.from_bytes(c, "manifest")),
    }
    for protocol in (2, 4, 5):
        content = pickle.dumps(np.arange(6.0).reshape(2, 3), protocol)
        found[f"pickle {protocol}"] = (content, lambda c: unpickle(c, {}))
    return found


def read_tar(content):
    build_index(np.frombuffer(content, np.uint8), Path("tar"), check=True)


def read_unchecked(content):
    """Read an index whose checksum was made to fit, as someone who means harm would."""
    import hashlib

    body = content[:-16]
    ShardIndex.from_bytes(body + hashlib.blake2b(body, digest_size=16).digest(), "idx")


def mutate(content, draw):
    changed = bytearray(content)
    for _ in range(draw.randint(1, 8)):
        at = draw.randrange(len(changed) + 1)
        kind = draw.randrange(5)
        if kind == 0 and at < len(changed):
            changed[at] = draw.randrange(256)
        elif kind == 1:
            changed[at : at + draw.randrange(1, 600)] = b""
        elif kind == 2:
            word = draw.choice(WORDS)
            changed[at : at + len(word)] = word
        elif kind == 3:
            other = draw.randrange(len(changed) + 1)
            changed[at:at] = changed[other : other + draw.randrange(1, 600)]
        elif at < len(changed):
            changed[at] ^= 1 << draw.randrange(8)
    return bytes(changed)


def fix_checksums(content):
    """Make the tar headers' checksums fit again, so that what they say is believed."""
    changed = bytearray(content)
    for at in range(0, len(changed) - 511, 512):
        if changed[at + 257 : at + 262] == b"ustar":
            changed[at + 148 : at + 156] = b" " * 8
            changed[at + 148 : at + 156] = b"%06o\0 " % sum(changed[at : at + 512])
    return bytes(changed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    draw, outcomes, slowest = random.Random(arguments.seed), Counter(), 0.0
    with tempfile.TemporaryDirectory() as folder:
        kinds = list(seeds(Path(folder)).items())
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + LIMIT, resource.RLIM_INFINITY))
    for number in range(arguments.count):
        name, (content, read) = kinds[number % len(kinds)]
        changed = mutate(content, draw)
        if name == "tar" and draw.random() < 0.7:
            changed = fix_checksums(changed)
        signal.alarm(20)
        start = time.perf_counter()
        try:
            read(changed)
            outcomes[name, "read"] += 1
        except NeuroAIError:
            outcomes[name, "refused"] += 1
        slowest = max(slowest, time.perf_counter() - start)
        signal.alarm(0)
    for key, count in sorted(outcomes.items()):
        print(*key, count)
    print(f"{arguments.count} mutations, slowest {slowest * 1000:.0f} ms, limit {LIMIT >> 20} MB")


if __name__ == "__main__":
    main()
