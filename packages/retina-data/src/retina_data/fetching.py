"""Fetching the published files: pinned to a revision, checked, resumed, or refused offline."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from neuroai_core.errors import DataError, NotFoundError
from neuroai_core.files import atomic_write, check_file, download
from retina_data.hub import (
    REPOSITORY,
    TIMEOUT_S,
    Remote,
    cache,
    endpoint,
    listing,
    need_network,
    pinned,
)

#: Called with a file's path, the bytes of it that are there, and its size.
Report = Callable[[str, int, "int | None"], None]


def fetch(
    prefixes: Iterable[str],
    *,
    revision: str | None = None,
    update: bool = False,
    attempts: int = 5,
    report: Report | None = None,
) -> list[Path]:
    """Fetch all files of the repository whose paths begin in some way into the cache folder.

    Files that are there and right are kept; one that was broken off goes on
    where it stopped; one that is not right stays until the right one is whole.

    Parameters
    ----------
    prefixes
        Beginnings of paths in the repository.
    revision
        Commit of the repository. None: the one this cache was first filled
        from, and for an empty cache the newest, which is then kept.
    update
        Take the newest in place of the one that was kept.
    attempts
        How often a broken connection is tried again.
    report
        Called as a file grows.

    Returns
    -------
    The files, in the cache folder, under their paths in the repository.

    Raises
    ------
    NotFoundError
        If there is no such file, or one is missing or not right and there is
        no network.
    DataError
        If the server refuses, or sends anything but the published bytes.
    """
    prefixes = list(prefixes)
    revision = pinned(revision, update=update)
    listed = [r for r in listing(revision) if any(r.path.startswith(p) for p in prefixes)]
    if not listed:
        raise NotFoundError("the repository has no such file", path=REPOSITORY, key=prefixes)
    fetched = []
    for remote in listed:
        target = cache() / remote.path
        if target.exists() and _verified(target, remote):
            fetched.append(target)
            continue
        there = target.exists()
        strange = " (what is there is not the published file)" if there else ""
        need_network(remote.path + strange)

        def grow(have: int, total: int | None, path: str = remote.path) -> None:
            if report:
                report(path, have, total)

        quoted = urllib.parse.quote(remote.path)
        came = _beside(target, remote) if there else target
        download(
            f"{endpoint()}/datasets/{REPOSITORY}/resolve/{revision}/{quoted}",
            came,
            sha256=remote.sha256,
            size=remote.size,
            attempts=attempts,
            timeout_s=TIMEOUT_S,
            report=grow,
        )
        if there:
            came.replace(target)
        _note(target, remote)
        fetched.append(target)
    return fetched


def fetched_before(prefix: str) -> bool:
    """Say whether files of that beginning were fetched, or checked, into this cache."""
    return any((cache() / "checked").glob(prefix.replace("/", "--") + "*.json"))


def _beside(target: Path, remote: Remote) -> Path:
    """Say where a file comes to that is to replace another."""
    came = target.with_name(f".{target.name}.new")
    if came.exists() and not _verified(came, remote):
        came.unlink()  # of an earlier replacement, by other bytes
    return came


def _verified(target: Path, remote: Remote) -> bool:
    """Say whether a file is the listed one: by its note from before, else by its checksum."""
    if target.stat().st_size != remote.size:
        return False
    if _notes(target) == _mark(target, remote):
        return True
    if remote.sha256:
        try:
            check_file(target, remote.sha256)
        except DataError:
            return False
    _note(target, remote)
    return True


def _mark(target: Path, remote: Remote) -> list[Any]:
    status = target.stat()
    return [status.st_size, status.st_mtime_ns, remote.sha256]


def _notes(target: Path) -> list[Any] | None:
    note = _note_path(target)
    return json.loads(note.read_text()) if note.exists() else None


def _note(target: Path, remote: Remote) -> None:
    """Keep that a file was checked, so that gigabytes are not read at every start."""
    note = _note_path(target)
    note.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(note, json.dumps(_mark(target, remote)))


def _note_path(target: Path) -> Path:
    relative = target.relative_to(cache()).as_posix()
    return cache() / "checked" / (relative.replace("/", "--") + ".json")
