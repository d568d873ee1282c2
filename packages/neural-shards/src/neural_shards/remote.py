"""Sets that lie elsewhere, read through a folder on this machine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neural_shards.index import ENDING
from neural_shards.manifest import NAME, Shard
from neuroai_core.errors import DataError, NotFoundError
from neuroai_core.extras import require
from neuroai_core.files import atomic_path, cache_folder, checksum

_PIECE = 1 << 22


class RemoteFolder:
    """A folder of any file system that fsspec knows, fetched file by file when needed.

    Parameters
    ----------
    url
        ``s3://bucket/shards``, ``https://...``, ``ssh://...``.
    cache_dir
        Where files are kept; None takes the user's cache folder, or the one
        named by ``NEURAL_SHARDS_CACHE``.
    cache_bytes
        How much to keep: what was used longest ago is removed, also while
        another process reads it (its map stays). None keeps everything.
    options
        For the file system: keys, endpoints.
    """

    def __init__(
        self,
        url: str,
        *,
        cache_dir: str | os.PathLike[str] | None = None,
        cache_bytes: int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._options = dict(options or {})
        self._limit = cache_bytes
        root = cache_folder("neural-shards", "NEURAL_SHARDS_CACHE")
        root = root if cache_dir is None else Path(cache_dir)
        key = hashlib.blake2b(self.url.encode(), digest_size=8).hexdigest()
        self.folder = root / f"{self.url.rpartition('/')[2]}-{key}"
        self.folder.mkdir(parents=True, exist_ok=True)

    def sizes(self) -> dict[str, int]:
        """Give the names and sizes of the files there."""
        files, base = self._files()
        try:
            found = files.ls(base, detail=True)
        except FileNotFoundError:
            raise NotFoundError("there is no such folder of shards", path=self.url) from None
        return {f["name"].rpartition("/")[2]: int(f["size"] or 0) for f in found}

    def manifest(self) -> bytes:
        """Fetch the manifest; it is small, and never kept."""
        files, base = self._files()
        try:
            content: bytes = files.cat_file(f"{base}/{NAME}")
        except FileNotFoundError:
            raise NotFoundError(
                "a remote set needs its manifest",
                path=f"{self.url}/{NAME}",
                hint="make it where the shards lie with: neural-shards index FOLDER",
            ) from None
        return content

    def fetch(self, shard: Shard) -> Path:
        """Give the local path of a shard, with its index beside it.

        Raises
        ------
        DataError
            If what came is not what the manifest says.
        """
        path = self.folder / shard.name
        beside = self.folder / (shard.name + ENDING)
        if path.is_file() and path.stat().st_size == shard.bytes and beside.is_file():
            os.utime(path)  # used just now
            return path
        files, base = self._files()
        for name, sha256 in ((shard.name + ENDING, None), (shard.name, shard.sha256)):
            try:
                self._copy(files, f"{base}/{name}", self.folder / name, sha256)
            except FileNotFoundError:
                missing = NotFoundError("a shard is missing", path=f"{self.url}/{name}")
                raise missing from None
        self._make_room(path)
        return path

    def _copy(self, files: Any, source: str, target: Path, sha256: str | None) -> None:
        with atomic_path(target) as partial:
            with files.open(source, "rb") as remote, open(partial, "wb") as local:
                while piece := remote.read(_PIECE):
                    local.write(piece)
            if sha256 is not None and (found := checksum(partial)) != sha256:
                raise DataError(
                    "a shard did not come whole", path=source, expected=sha256, found=found
                )

    def _make_room(self, newest: Path) -> None:
        if self._limit is None:
            return
        kept = []
        for path in self.folder.glob("*.tar*"):
            try:
                kept.append((path.stat().st_mtime_ns, path.stat().st_size, path))
            except FileNotFoundError:
                continue  # another process made room, too
        total = sum(size for _, size, _ in kept)
        for _, size, path in sorted(kept):
            if total <= self._limit:
                break
            if path not in (newest, newest.with_name(newest.name + ENDING)):
                path.unlink(missing_ok=True)
                total -= size

    def _files(self) -> tuple[Any, str]:
        fsspec = require("fsspec", package="neural-shards", extra="cloud")
        files, base = fsspec.core.url_to_fs(self.url, **self._options)
        return files, str(base).rstrip("/")
