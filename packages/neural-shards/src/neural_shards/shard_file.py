"""One shard being written: members into a tar, its index collected on the way."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
import lzma
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from neural_shards import tar
from neural_shards.index import ENDING, IndexBuilder, ShardIndex, crc32c
from neural_shards.manifest import Shard
from neural_shards.names import METADATA, check_modalities, check_sample_id
from neural_shards.values import Encoded, decode_npy, encode, encode_json
from neuroai_core.errors import InputError
from neuroai_core.extras import require
from neuroai_core.files import atomic_path, atomic_write


class ShardFile:
    """Writes a shard: a tar that appears whole when it is closed, then its index.

    The bytes depend on the samples and the compression alone: no times, no
    owners. Memory holds one sample and a few numbers a member.
    """

    def __init__(self, path: Path, compression: str = "none", *, pickled: bool = False) -> None:
        self.path = path
        self._pickled = pickled
        self._compress = _zstd() if compression == "zstd" else None
        self._builder = IndexBuilder()
        self._position = 0
        self._stack = contextlib.ExitStack()
        target = self._stack.enter_context(atomic_path(path))
        file = open(target, "wb", buffering=1 << 20)  # noqa: SIM115  closed by the stack
        self._file = _Hashed(self._stack.enter_context(file))
        self._tar = _compressed(self._file, compression)

    def __len__(self) -> int:
        return len(self._builder)

    def write(self, sample_id: str, sample: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
        """Add a sample; one that cannot be stored raises before anything of it is written."""
        check_sample_id(sample_id)
        check_modalities(sample)
        known = {"sample_id": sample_id, "modalities": list(sample)}
        for key in known.keys() & metadata.keys():
            raise InputError("this key of the metadata is taken", key=f"metadata.{key}")
        last = encode_json({**known, **metadata}, METADATA)
        members = [(name, self._encode(value, name)) for name, value in sample.items()]
        self._builder.add_sample(sample_id)
        for name, encoded in [*members, (METADATA, Encoded("json", (last,)))]:
            self._add(sample_id, f"{name}.{encoded.extension}", encoded)

    def _encode(self, value: object, name: str) -> Encoded:
        encoded = encode(value, name)
        if self._pickled and encoded.layout is not None:
            return Encoded("pyd", (pickle.dumps(decode_npy(_join(encoded), {"key": name}), 4),))
        if self._compress is None or encoded.layout is None:
            return encoded
        small = self._compress(_join(encoded))
        return Encoded(f"{encoded.extension}.zst", (small,), encoded.layout)

    def _add(self, sample_id: str, suffix: str, encoded: Encoded) -> None:
        size = sum(len(part) for part in encoded.parts)
        block = tar.header(f"{sample_id}.{suffix}", size)
        offset = self._position + len(block)
        self._builder.add_member(suffix, encoded.layout, offset, size, crc32c(encoded.parts))
        for part in (block, *encoded.parts, tar.padding(size)):
            self._tar.write(part if isinstance(part, bytes) else part.data)
        self._position = offset + size + -size % tar.BLOCK

    def close(self) -> tuple[Shard, ShardIndex]:
        """Finish: the shard takes its name, the index stands beside it."""
        with self._stack:
            self._tar.write(tar.END)
            if self._tar is not self._file:
                self._tar.close()
        index = self._builder.build(self._position + len(tar.END))
        atomic_write(self.path.with_name(self.path.name + ENDING), index.to_bytes())
        sha256 = self._file.hash.hexdigest()
        return Shard(self.path.name, len(index), self._file.size, sha256, index.digest), index

    def abort(self, error: BaseException) -> None:
        """Leave nothing behind."""
        self._stack.__exit__(type(error), error, error.__traceback__)


class _Hashed:
    """A file that keeps the checksum and the size of what is written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.hash = hashlib.sha256()
        self.size = 0

    def write(self, part: bytes | memoryview) -> int:
        self.hash.update(part)
        self.size += len(part)
        return self._file.write(part)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def _join(encoded: Encoded) -> bytes:
    return b"".join(bytes(part) for part in encoded.parts)


def _compressed(file: _Hashed, compression: str) -> Any:
    raw = cast("BinaryIO", file)
    if compression == "gz":
        return gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0)
    if compression == "bz2":
        return bz2.BZ2File(raw, "wb")
    if compression == "xz":
        return lzma.LZMAFile(raw, "wb")
    return file


def _zstd() -> Callable[[bytes], bytes]:
    zstandard = require("zstandard", package="neural-shards", extra="zstd")
    compress: Callable[[bytes], bytes] = zstandard.ZstdCompressor(level=3).compress
    return compress
