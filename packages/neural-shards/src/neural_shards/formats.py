"""What the content of a member is, by the end of its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neural_shards.values import decode_json, decode_npy
from neuroai_core.errors import DataError
from neuroai_core.extras import require

#: Suffixes of pickles.
PICKLES = ("pyd", "pickle", "pkl")

Decode = Callable[[bytes, dict[str, Any]], Any]


def modality(suffix: str) -> str:
    """Name the modality of a member's suffix.

    >>> [modality(suffix) for suffix in ("spikes.npy", "spikes.npy.zst", "npy", "left.eye.png")]
    ['spikes', 'spikes', 'npy', 'left.eye']
    """
    name, dot, _ = suffix.removesuffix(".zst").rpartition(".")
    return name if dot else suffix.removesuffix(".zst")


def kind(suffix: str) -> str:
    """Give the part of a suffix that says how to read it.

    >>> kind("spikes.npy.zst"), kind("cls")
    ('npy', 'cls')
    """
    return suffix.removesuffix(".zst").rpartition(".")[2]


def is_compressed(suffix: str) -> bool:
    """Say whether the member is compressed for itself."""
    return suffix.endswith(".zst")


def decode(suffix: str, content: bytes, where: dict[str, Any], *, largest: int) -> Any:
    """Read the content of a member.

    Parameters
    ----------
    suffix
        What stands behind the key in its name: ``spikes.npy``.
    content
        Its bytes.
    where
        For errors: path, key, index.
    largest
        The most bytes that a compressed member may unpack to.

    Returns
    -------
    An array, number, text, list or dict; bytes where the suffix says nothing more.

    Raises
    ------
    DataError
        If the content is not what the suffix says.
    """
    if is_compressed(suffix):
        content = unpack(content, where, largest=largest)
    read: Decode = DECODERS.get(kind(suffix), _as_it_is)
    return read(content, where)


def unpack(content: bytes, where: dict[str, Any], *, largest: int) -> bytes:
    """Unpack a Zstandard frame of stated, bounded size."""
    zstandard = require("zstandard", package="neural-shards", extra="zstd")
    failed: type[Exception] = zstandard.ZstdError
    try:
        stated = int(zstandard.frame_content_size(content))
        if not 0 <= stated <= largest:
            raise DataError(
                "a compressed member would unpack to too much",
                **where,
                expected=f"{largest} bytes at most",
                found="an unknown size" if stated < 0 else f"{stated} bytes",
            )
        decompressor = zstandard.ZstdDecompressor()
        return bytes(decompressor.decompress(content))
    except failed as error:
        raise DataError("a compressed member is damaged", **where, found=str(error)) from None


def _as_it_is(content: bytes, where: dict[str, Any]) -> bytes:
    return content


def _text(content: bytes, where: dict[str, Any]) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise DataError("a text is not UTF-8", **where, found=str(error)) from None


def _number(content: bytes, where: dict[str, Any]) -> int:
    try:
        return int(_text(content, where))
    except ValueError:
        raise DataError("a member is no whole number", **where, found=repr(content[:40])) from None


def _pickled(content: bytes, where: dict[str, Any]) -> Any:
    raise DataError(
        "this member is a pickle, which could run any code",
        **where,
        hint="if you trust it: allow_pickle=True reads NumPy arrays and torch tensors from it, "
        "and nothing else",
    )


DECODERS: dict[str, Decode] = {
    "npy": decode_npy,
    **dict.fromkeys(("json", "jsn"), decode_json),
    **dict.fromkeys(("txt", "text", "transcript"), _text),
    **dict.fromkeys(("cls", "cls2", "index", "inx", "id"), _number),
    **dict.fromkeys(PICKLES, _pickled),
}
