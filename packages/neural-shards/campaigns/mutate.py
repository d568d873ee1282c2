"""Mutate tars, indices, manifests and pickles; nothing may crash, hang, run or allocate.

Every mutation lies in a file of a set and is read as a user would read it: the set is opened, and
every sample decoded. A limit of memory and one of time hold meanwhile, and an audit hook notes
what a pickle must never bring about: a command, a connection, a file outside of the set. The only
outcomes are data and our errors. Usage: python campaigns/mutate.py [--count 1000000] [--seed 0]
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import pickle
import random
import resource
import shutil
import signal
import sys
import sysconfig
import tempfile
import time
import tracemalloc
from collections import Counter
from pathlib import Path

import numpy as np

from neural_shards import ShardSet, WebDatasetWriter
from neural_shards.batch import gather
from neural_shards.index import DIGEST
from neural_shards.unpickle import unpickle
from neuroai_core.errors import NeuroAIError

#: Beyond what the process has when it starts; a shard here has 14 KB.
LIMIT = 64 << 20
WORDS = (b"\0", b"\xff" * 8, b"7" * 11, b"../", b"/etc/passwd", b"99999999999", b"posix\nsystem\n")
FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen", "socket.")
TAR, INDEX, MANIFEST = "shard_000000.tar", "shard_000000.tar.idx", "dataset_metadata.json"


class Command:
    """Runs a command when it is unpickled by what does as it is told."""

    def __reduce__(self):
        return os.system, ("touch owned",)


class Forbidden:
    """Notes events that no reading may cause; only while `watching`."""

    def __init__(self, folder):
        self.watching, self.found = False, []
        # Python's own folder: it loads a codec when it is first needed.
        self.allowed = (str(folder), sysconfig.get_path("stdlib"))
        sys.addaudithook(self.hook)

    def hook(self, event, arguments):
        if not self.watching:
            return
        outside = event == "open" and not str(arguments[0]).startswith(self.allowed)
        if outside or event.startswith(FORBIDDEN):
            self.found.append((event, arguments))


def make(root):
    """Write a small set, and copies of it without what would hide the mutated file's damage."""
    whole = root / "whole"
    with WebDatasetWriter(whole) as writer:
        for i in range(3):
            sample = {"x": np.arange(5.0) * i, "s": "left", "b": b"\1\2"}
            writer.write_sample(sample, {"t": i})
    for name, files in {"tar": [TAR], "index": [TAR, INDEX], "set": [TAR, INDEX, MANIFEST]}.items():
        (root / name).mkdir()
        for file in files:
            (root / name / file).write_bytes((whole / file).read_bytes())


def read_set(folder):
    shards = ShardSet(folder, allow_pickle=True)
    gather(shards, range(len(shards)))
    for index in range(len(shards)):
        shards.sample(index)


def in_set(folder, file):
    """Give the content of a file of a set, and what puts another there and reads the set."""

    def read(content):
        (folder / file).write_bytes(content)
        read_set(folder)

    return (folder / file).read_bytes(), read


def kinds(root):
    """Give by name: content to be mutated, a repair that makes it be believed, a reader."""
    make(root)
    tar, index = in_set(root / "tar", TAR), in_set(root / "index", INDEX)
    manifest = in_set(root / "set", MANIFEST)
    found = {
        "tar": (tar[0], bytes, tar[1]),
        "tar, checksums made to fit": (tar[0], fit_headers, tar[1]),
        "index": (index[0], bytes, index[1]),
        "index, checksum made to fit": (index[0], fit_index, index[1]),
        "manifest": (manifest[0], bytes, manifest[1]),
        "manifest, checksum made to fit": (manifest[0], fit_manifest, manifest[1]),
    }
    for protocol in (2, 4, 5):
        content = pickle.dumps(np.arange(6.0).reshape(2, 3), protocol)
        found[f"pickle {protocol}"] = (content, bytes, lambda c: unpickle(c, {}))
    command = pickle.dumps([Command(), np.arange(3)])
    found["pickle of a command"] = (command, bytes, lambda c: unpickle(c, {}))
    return found


def mutate(content, draw):
    changed = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 3, 8))):
        at = draw.randrange(len(changed) + 1)
        (kind,) = draw.choices(range(5), (4, 1, 2, 1, 4))  # few that only move all the rest
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


def fit_headers(content):
    """Make the checksums of a tar's headers fit again."""
    changed = bytearray(content)
    for at in range(0, len(changed) - 511, 512):
        if changed[at + 257 : at + 262] == b"ustar":
            changed[at + 148 : at + 156] = b" " * 8
            changed[at + 148 : at + 156] = b"%06o\0 " % sum(changed[at : at + 512])
    return bytes(changed)


def fit_index(content):
    """Make the checksum of an index fit, as someone who means harm would."""
    body = content[:-DIGEST]
    return body + hashlib.blake2b(body, digest_size=DIGEST).digest()


def fit_manifest(content):
    """The same for a manifest, where it is still JSON."""
    try:
        read = json.loads(content)
        read.pop("checksum")
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return content
    canonical = json.dumps(read, sort_keys=True, separators=(",", ":"))
    read["checksum"] = hashlib.sha256(canonical.encode()).hexdigest()
    return json.dumps(read).encode()


def out_of_memory(error):
    """Say whether an error comes from a `MemoryError`."""
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


def allocates(read, content):
    """Read in a child without a limit; say whether it needs much. Python's unpickler cries wolf."""
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1] != 0
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    tracemalloc.start()
    with contextlib.suppress(NeuroAIError):
        read(content)
    os._exit(tracemalloc.get_traced_memory()[1] > LIMIT // 8)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    draw, outcomes, slowest = random.Random(arguments.seed), Counter(), 0.0
    root = Path(tempfile.mkdtemp(prefix="mutate"))
    every, forbidden = list(kinds(root).items()), Forbidden(root)
    for _, (content, _, read) in every[:6]:
        read(content)  # imports what is imported when it is needed
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + LIMIT, resource.RLIM_INFINITY))
    begin = time.monotonic()
    for number in range(arguments.count):
        name, (content, repair, read) = every[number % len(every)]
        changed = repair(mutate(content, draw))
        signal.alarm(20)
        start, forbidden.watching = time.perf_counter(), True
        try:
            read(changed)
            outcomes[name, "read"] += 1
        except NeuroAIError as error:
            outcomes[name, "refused"] += 1
            forbidden.watching = False
            if out_of_memory(error) and allocates(read, changed):
                raise AssertionError(f"{name} {number} asked for too much memory") from error
        except BaseException as error:
            raise AssertionError(f"{name} {number} (seed {arguments.seed}) crashed") from error
        finally:
            forbidden.watching = False
            signal.alarm(0)
        assert not forbidden.found, (name, number, forbidden.found)
        slowest = max(slowest, time.perf_counter() - start)
        if (number + 1) % 100_000 == 0:
            print(f"{number + 1} in {time.monotonic() - begin:.0f} s", flush=True)
    for key, count in sorted(outcomes.items()):
        print(*key, count)
    took = f"{time.monotonic() - begin:.0f} s, slowest {slowest * 1000:.0f} ms"
    print(f"{arguments.count} mutations in {took}, limit {LIMIT >> 20} MB")
    shutil.rmtree(root)


if __name__ == "__main__":
    main()
