"""The layout of a ``.beton`` file: FFCV's format, version 2, little-endian.

============================  ==========================================================
header                        24 bytes, see `HEADER`
field descriptors             1041 bytes each, see `DESCRIPTOR`
metadata                      one aligned record a sample
data pages                    from the next multiple of the page size; absolute pointers
allocation table              to the end of the file, see `ALLOCATION`
============================  ==========================================================

Source: FFCV (Leclerc et al. 2023, doi:10.1109/CVPR52729.2023.01154), its files.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from neuroai_core.errors import InputError

VERSION = 2
HEADER = np.dtype(
    [
        ("version", "<u2"),
        ("num_fields", "<u2"),
        ("page_size", "<u4"),
        ("num_samples", "<u8"),
        ("table", "<u8"),
    ]
)
NAME_LENGTH, ARGUMENTS_LENGTH = 16, 1024
DESCRIPTOR = np.dtype(
    [
        ("type_id", "u1"),
        ("name", "u1", (NAME_LENGTH,)),
        ("arguments", "u1", (ARGUMENTS_LENGTH,)),
    ]
)
ALLOCATION = np.dtype([("sample", "<u8"), ("pointer", "<u8"), ("size", "<u8")])

PAGE_SIZE = 1 << 23
SMALLEST_PAGE, LARGEST_PAGE = 1 << 12, 1 << 31


def check_page_size(page_size: int) -> int:
    """Give back a page size that the format can have, or raise `InputError`."""
    power = page_size > 0 and page_size & (page_size - 1) == 0
    if not (power and SMALLEST_PAGE <= page_size <= LARGEST_PAGE):
        raise InputError(
            "this cannot be a page size",
            key="page_size",
            expected=f"a power of two from {SMALLEST_PAGE} to {LARGEST_PAGE}",
            found=page_size,
        )
    return page_size


def record_dtype(columns: Iterable[tuple[str, np.dtype]]) -> np.dtype:
    """Give the record of a sample: aligned outside, each field packed as it is.

    Examples
    --------
    >>> image = np.dtype([("mode", "u1"), ("width", "<u2"), ("height", "<u2"), ("pointer", "<u8")])
    >>> record = record_dtype([("image", image), ("label", np.dtype("<i8"))])
    >>> record.itemsize, record.fields["label"][1]
    (24, 16)
    """
    return np.dtype(list(columns), align=True)


def page_start(position: int, page_size: int) -> int:
    """Give the first page boundary at or after a position."""
    return -(-position // page_size) * page_size


def encoded_name(name: str) -> bytes:
    """Give the bytes of a field's name, or raise `InputError` if it cannot be one."""
    if not (name.isascii() and name.isprintable() and 0 < len(name) <= NAME_LENGTH):
        raise InputError(
            "this cannot be the name of a field",
            expected=f"1 to {NAME_LENGTH} printable ASCII characters",
            found=repr(name),
        )
    return name.encode("ascii")
