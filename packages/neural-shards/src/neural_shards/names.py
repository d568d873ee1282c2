"""Names that survive a tar and webdataset: of modalities, samples and shards."""

from __future__ import annotations

import re
from collections.abc import Iterable

from neuroai_core.errors import InputError

#: The member that closes every sample; no modality may have its name.
METADATA = "metadata"
#: What the name of a mask ends with; before it stands that of the modality.
MASK = "_mask"
#: The longest member name that every tar reader takes (USTAR without a prefix).
LONGEST = 100

COMPRESSIONS = ("none", "gz", "bz2", "xz", "zstd")
#: What a shard's name may end with, longest first.
ENDINGS = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tar")

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_NUMBERED = re.compile(r"shard_[0-9]{6,}\.tar(\.(gz|bz2|xz))?")


def check_modalities(names: Iterable[object]) -> None:
    """Raise `InputError` for the first name that cannot name a modality.

    webdataset cuts member names at their first dot, lower-cases what follows
    and skips names like ``__this__``, so only names that come back as they
    were are taken.
    """
    for name in names:
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name == METADATA:
            raise InputError(
                "this cannot name a modality",
                key=name,
                expected="lower-case letters, digits, '_' and '-', a letter or digit first, "
                f"and not {METADATA!r}",
                found=repr(name),
            )


def check_sample_id(sample_id: object) -> None:
    """Raise `InputError` if this cannot be a sample's id, for the same reasons."""
    if not isinstance(sample_id, str) or not _NAME.fullmatch(sample_id):
        raise InputError(
            "this cannot be the id of a sample",
            key="sample_id",
            expected="lower-case letters, digits, '_' and '-', a letter or digit first",
            found=repr(sample_id),
        )


def sample_id(number: int) -> str:
    """Name the sample of a number, counted from 1."""
    return f"sample_{number:09d}"


def shard_name(number: int, compression: str) -> str:
    """Name the shard of a number, counted from 0.

    >>> shard_name(3, "none"), shard_name(3, "gz"), shard_name(3, "zstd")
    ('shard_000003.tar', 'shard_000003.tar.gz', 'shard_000003.tar')
    """
    ending = "" if compression in ("none", "zstd") else f".{compression}"
    return f"shard_{number:06d}.tar{ending}"


def is_shard(name: str) -> bool:
    """Say whether a file name is that of a shard."""
    return name.endswith(ENDINGS) and not name.startswith(".")


def is_numbered(name: str) -> bool:
    """Say whether a file name is one that `shard_name` gives."""
    return _NUMBERED.fullmatch(name) is not None


def split_member(name: str) -> tuple[str, str] | None:
    """Split a member's name into key and suffix as webdataset does, None if it skips it."""
    folder, _, base = name.rpartition("/")
    key, dot, suffix = base.partition(".")
    if not key or not dot or name.startswith("__") or "/__" in name:
        return None
    return (f"{folder}/{key}" if folder else key), suffix.lower()
