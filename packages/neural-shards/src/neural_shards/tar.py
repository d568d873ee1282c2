"""The tar format, as far as shards need it: USTAR written, USTAR, GNU and PAX read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from neural_shards.names import LONGEST
from neuroai_core.errors import DataError, InputError

BLOCK = 512
END = bytes(2 * BLOCK)
#: The largest file that eleven octal digits can say.
LARGEST = 8**11 - 1
#: The most that a long name or a PAX header may take.
LONGEST_EXTENSION = 1 << 20

_REGULAR = (b"0", b"\0", b"7")
_GNU_NAME, _PAX, _PAX_GLOBAL = b"L", b"x", b"g"

# name, mode, uid, gid | size | mtime | checksum, as blanks while it is computed | the rest:
# type, no link, magic, no owner (members are the same whoever writes them and when)
_MODE = b"0000644\0" + b"0000000\0" * 2
_TIME = b"00000000000\0"
_REST = (b"0" + bytes(100) + b"ustar\x0000" + bytes(64) + b"0000000\0" * 2).ljust(356, b"\0")
_FIXED_SUM = sum(_MODE) + sum(_TIME) + sum(_REST) + 8 * ord(" ")


class Member(NamedTuple):
    """A regular file in a tar: its name, where its content starts, its size in bytes."""

    name: str
    offset: int
    size: int


def header(name: str, size: int) -> bytes:
    """Make the block before a member: 512 bytes that depend on name and size alone."""
    raw = name.encode("ascii")
    if len(raw) > LONGEST or not 0 <= size <= LARGEST:
        raise InputError(
            "a member does not fit a tar",
            key=name,
            expected=f"a name of {LONGEST} characters at most, {LARGEST} bytes at most",
            found=f"{len(raw)} characters, {size} bytes",
        )
    length = b"%011o\0" % size
    checksum = b"%06o\0 " % (_FIXED_SUM + sum(raw) + sum(length))
    return b"".join((raw.ljust(100, b"\0"), _MODE, length, _TIME, checksum, _REST))


def padding(size: int) -> bytes:
    """Give the zeros that fill a member's last block."""
    return bytes(-size % BLOCK)


def scan(buffer: memoryview, path: object) -> Iterator[Member]:
    """Walk through the regular files of a tar in memory (a map of it).

    Raises
    ------
    DataError
        If it is cut short, a header is damaged, a name is unsafe, or
        something stands behind its end.
    """
    at, longer = 0, dict[str, str]()
    while True:
        block = bytes(buffer[at : at + BLOCK])
        if len(block) < BLOCK:
            raise _damaged("a shard is cut short", path, at, "two blocks of zeros at its end")
        if not block.strip(b"\0"):
            break
        member = _read_header(block, at, path)
        kind, end = block[156:157], member.offset + member.size
        if end > len(buffer):
            raise _damaged("a shard is cut short", path, at, f"{end} bytes for {member.name!r}")
        if kind in (_GNU_NAME, _PAX, _PAX_GLOBAL):
            if kind != _PAX_GLOBAL:
                longer |= _read_extension(buffer, member, kind, path)
        else:
            if kind in _REGULAR:
                yield _apply(member, longer, len(buffer), path)
            longer = {}
        at = end + -end % BLOCK
    if np.frombuffer(buffer[min(at, len(buffer)) :], dtype=np.uint8).any():
        raise _damaged("something stands behind a shard's end", path, at, "zeros only")


def _read_header(block: bytes, at: int, path: object) -> Member:
    try:
        stated = int(block[148:156].strip(b" \0") or b"x", 8)
        size = _read_number(block[124:136])
    except ValueError:
        raise _damaged("a tar header is damaged", path, at, "octal numbers") from None
    if stated != sum(block) - sum(block[148:156]) + 8 * ord(" ") or size < 0:
        raise _damaged("a tar header is damaged", path, at, "the checksum that it states")
    name = block[:100].rstrip(b"\0").split(b"\0")[0]
    prefix = block[345:500].split(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    whole = prefix + b"/" + name if prefix else name
    return Member(whole.decode("utf-8", "backslashreplace"), at + BLOCK, size)


def _read_number(field: bytes) -> int:
    if field[0] & 0x80:  # GNU: the rest of the field is the number itself
        return int.from_bytes(field[1:], "big") | (field[0] & 0x7F) << 8 * (len(field) - 1)
    return int(field.strip(b" \0") or b"0", 8)


def _read_extension(
    buffer: memoryview, member: Member, kind: bytes, path: object
) -> dict[str, str]:
    if member.size > LONGEST_EXTENSION:
        raise _damaged(
            "a tar header is too long", path, member.offset, f"{LONGEST_EXTENSION} at most"
        )
    content = bytes(buffer[member.offset : member.offset + member.size])
    if kind == _GNU_NAME:
        return {"path": content.rstrip(b"\0").decode("utf-8", "backslashreplace")}
    records = dict[str, str]()
    while content:
        digits, _, _ = content[:20].partition(b" ")
        length = int(digits) if digits.isdigit() else 0
        record = content[len(digits) + 1 : length]
        if length > len(content) or not record.endswith(b"\n") or b"=" not in record:
            raise _damaged(
                "a PAX header is damaged", path, member.offset, "records of their length"
            )
        key, _, value = record[:-1].partition(b"=")
        records[key.decode("utf-8", "backslashreplace")] = value.decode("utf-8", "backslashreplace")
        content = content[length:]
    return records


def _apply(member: Member, longer: dict[str, str], whole: int, path: object) -> Member:
    if "size" in longer and longer["size"] != str(member.size):
        raise _damaged("a PAX size disagrees", path, member.offset, f"size {member.size}")
    name = longer.get("path", member.name)
    while name.startswith("./"):
        name = name[2:]
    if name.startswith("/") or ".." in name.split("/") or "\0" in name:
        raise _damaged("a member has an unsafe name", path, member.offset, "a plain relative name")
    return member._replace(name=name)


def _damaged(message: str, path: object, at: int, expected: str) -> DataError:
    return DataError(message, path=path, index=f"byte {at}", expected=expected)
