"""Which bytes a recording is: told at a glance, or by a hash of all of them."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from neural_shards.nwb.recording import Source, is_open, is_remote
from neuroai_core.extras import require

#: Bytes that are hashed between two looks at whether the hash is still wanted.
PIECE = 1 << 20


def fingerprint(*sources: Source) -> str | None:
    """Say in a text which bytes lie at some sources, without reading all of them.

    None if one of them is in memory.
    """
    texts = [_fingerprint(source) for source in sources]
    known = [text for text in texts if text is not None]
    return "\n".join(known) if len(known) == len(texts) else None


def _fingerprint(source: Source) -> str | None:
    if is_open(source):
        return None
    if is_remote(source):
        fsspec = require("fsspec", package="neural-shards", extra="nwb")
        system, path = fsspec.core.url_to_fs(source)
        if system.isfile(path):
            return f"{source} {system.ukey(path)}"
        parts = system.find(path, detail=True)
        keys = [f"{name} {parts[name]}" for name in sorted(parts)]
        return f"{source} {hashlib.sha256(repr(keys).encode()).hexdigest()}"
    path = Path(source)
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    stats = [file.stat() for file in files]
    times = max((s.st_mtime_ns for s in stats), default=0)
    return f"{path.resolve()} {sum(s.st_size for s in stats)} {times}"


@contextlib.contextmanager
def hashing(source: Source, *, wanted: bool = True) -> Iterator[Callable[[], str | None]]:
    """Hash a source beside other work; leaving the block before it is done gives it up.

    Yields
    ------
    A function that waits for the SHA-256 of a file; of a Zarr store, that of its files'
    names and hashes. It gives None where no hash is wanted, and for a recording in memory or
    at a remote address, which would have to be fetched whole.
    """
    if not wanted or is_open(source) or is_remote(source):
        yield lambda: None
        return
    given_up = Event()
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(_hash, source, given_up)
        try:
            yield future.result
        finally:
            given_up.set()


def _hash(source: Source, given_up: Event) -> str:
    path = Path(source)
    if path.is_file():
        return _hash_of_file(path, given_up)
    whole = hashlib.sha256()
    for part in sorted(p for p in path.rglob("*") if p.is_file()):
        whole.update(f"{part.relative_to(path).as_posix()} ".encode())
        whole.update(f"{_hash_of_file(part, given_up)}\n".encode())
    return whole.hexdigest()


def _hash_of_file(path: Path, given_up: Event) -> str:
    whole, piece = hashlib.sha256(), bytearray(PIECE)
    view = memoryview(piece)
    with open(path, "rb", buffering=0) as file:
        while (n := file.readinto(piece)) and not given_up.is_set():
            whole.update(view[:n])
    return whole.hexdigest()
