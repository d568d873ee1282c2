"""What the data set repository holds: a commit of it, and the files there, as the hub says."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from neuroai_core.errors import DataError, InputError, NotFoundError
from neuroai_core.files import atomic_write, cache_folder

#: The data set repository.
REPOSITORY = "open-retina/open-retina"
#: Environment variables: the cache folder; another address of the Hugging Face hub; no network.
CACHE_VARIABLE = "RETINA_DATA_CACHE"
ENDPOINT_VARIABLE, OFFLINE_VARIABLE = "HF_ENDPOINT", "RETINA_DATA_OFFLINE"
TIMEOUT_S = 60.0


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
        need_network("the newest revision")
        revision = str(_json(f"{endpoint()}/api/datasets/{REPOSITORY}/revision/main")["sha"])
    kept.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(kept, json.dumps({"repository": REPOSITORY, "revision": revision}))
    return revision


def listing(revision: str) -> list[Remote]:
    """List all files of the repository at a commit; kept in the cache."""
    kept = cache() / "listings" / f"{revision}.json"
    if kept.exists():
        return [Remote(**entry) for entry in json.loads(kept.read_text())]
    need_network("the list of files")
    url: str | None = f"{endpoint()}/api/datasets/{REPOSITORY}/tree/{revision}?recursive=true"
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


def endpoint() -> str:
    """Give the address of the hub."""
    return os.environ.get(ENDPOINT_VARIABLE, "https://huggingface.co").rstrip("/")


def need_network(what: str) -> None:
    """Raise `NotFoundError` where the environment forbids the network."""
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
