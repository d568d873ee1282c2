"""Fetching the published files: pinned to a revision, checked, resumed, or refused offline."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from neuroai_core.errors import DataError, InputError, NotFoundError
from neuroai_core.files import atomic_write, cache_folder, check_file, download

#: The data set repository.
REPOSITORY = "open-retina/open-retina"
#: Environment variables: the cache folder; another address of the Hugging Face hub; no network.
CACHE_VARIABLE = "RETINA_DATA_CACHE"
ENDPOINT_VARIABLE, OFFLINE_VARIABLE = "HF_ENDPOINT", "RETINA_DATA_OFFLINE"
TIMEOUT_S = 60.0

#: Called with a file's path, the bytes of it that are there, and its size.
Report = Callable[[str, int, "int | None"], None]


@dataclass(frozen=True)
class Remote:
    """A file of the repository: its path, size in bytes, and SHA-256 where that is known."""

    path: str
    size: int
    sha256: str | None = None


def cache() -> Path:
    """Give the folder in which fetched and converted files are kept."""
    return cache_folder("retina-data", CACHE_VARIABLE)


def offline() -> bool:
    """Say whether the environment forbids the network."""
    return os.environ.get(OFFLINE_VARIABLE, "").lower() not in ("", "0", "false", "no")


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
    where it stopped.

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
        If there is no such file, or one is missing and there is no network.
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
        _need_network(remote.path)

        def grow(have: int, total: int | None, path: str = remote.path) -> None:
            if report:
                report(path, have, total)

        quoted = urllib.parse.quote(remote.path)
        download(
            f"{_endpoint()}/datasets/{REPOSITORY}/resolve/{revision}/{quoted}",
            target,
            sha256=remote.sha256,
            size=remote.size,
            attempts=attempts,
            timeout_s=TIMEOUT_S,
            report=grow,
        )
        _note(target, remote)
        fetched.append(target)
    return fetched


def pinned(revision: str | None = None, *, update: bool = False) -> str:
    """Give the commit that the cache is filled from, asking for the newest once."""
    if revision is not None and (len(revision) != 40 or set(revision) - set("0123456789abcdef")):
        raise InputError(
            "a revision is a commit, so that it stays what it is",
            key="revision",
            expected="40 hexadecimal digits",
            found=revision,
        )
    kept = cache() / "revision.json"
    if revision is None and kept.exists() and not update:
        return str(json.loads(kept.read_text())["revision"])
    if revision is None:
        _need_network("the newest revision")
        revision = str(_json(f"{_endpoint()}/api/datasets/{REPOSITORY}/revision/main")["sha"])
    kept.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(kept, json.dumps({"repository": REPOSITORY, "revision": revision}))
    return revision


def listing(revision: str) -> list[Remote]:
    """List all files of the repository at a commit; kept in the cache."""
    kept = cache() / "listings" / f"{revision}.json"
    if kept.exists():
        return [Remote(**entry) for entry in json.loads(kept.read_text())]
    _need_network("the list of files")
    url: str | None = f"{_endpoint()}/api/datasets/{REPOSITORY}/tree/{revision}?recursive=true"
    files = []
    while url:
        entries, url = _page(url)
        files += [
            Remote(e["path"], e.get("lfs", e)["size"], e.get("lfs", {}).get("oid"))
            for e in entries
            if e["type"] == "file"
        ]
    kept.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(kept, json.dumps([asdict(f) for f in files]))
    return files


def _verified(target: Path, remote: Remote) -> bool:
    """Say whether a file is the listed one: by its note from before, else by its checksum."""
    status = target.stat()
    if status.st_size != remote.size:
        target.unlink()
        return False
    if _notes(target) == _mark(target, remote):
        return True
    if remote.sha256:
        try:
            check_file(target, remote.sha256)
        except DataError:
            target.unlink()
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


def _endpoint() -> str:
    return os.environ.get(ENDPOINT_VARIABLE, "https://huggingface.co").rstrip("/")


def _need_network(what: str) -> None:
    if offline():
        raise NotFoundError(
            f"{what} is not in the cache, and there is no network",
            path=cache(),
            hint=f"unset {OFFLINE_VARIABLE}, or fetch it where there is one",
        )


def _json(url: str) -> Any:
    return _page(url)[0]


def _page(url: str) -> tuple[Any, str | None]:
    """Read one page of JSON, and the address of the next."""
    if not url.startswith(("http://", "https://")):
        raise InputError("this address cannot be fetched", expected="http(s)://...", found=url)
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:  # noqa: S310  checked
            content, links = json.load(response), response.headers.get("Link", "")
    except urllib.error.HTTPError as error:
        raise DataError(f"the server answered {error.code}", path=url) from error
    except (OSError, ValueError) as error:
        raise DataError("the server cannot be asked", path=url, found=str(error)) from error
    following = [part.split(";")[0].strip(" <>") for part in links.split(",") if "next" in part]
    return content, following[0] if following else None
