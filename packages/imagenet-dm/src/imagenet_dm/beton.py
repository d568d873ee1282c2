"""FFCV's ``.beton``, version 2: images, encoded or raw, with an integer label."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from imagenet_dm.index import MOST_CLASSES, Index, Names, Places
from neuroai_core.errors import DataError

HEADER = np.dtype(
    [("version", "<u2"), ("fields", "<u2"), ("page", "<u4"), ("samples", "<u8"), ("table", "<u8")]
)
FIELD = np.dtype([("type", "u1"), ("name", "S16"), ("arguments", "V1024")])
ALLOCATION = np.dtype([("sample", "<u8"), ("pointer", "<u8"), ("size", "<u8")])
IMAGE = np.dtype([("mode", "u1"), ("width", "<u2"), ("height", "<u2"), ("pointer", "<u8")])
POINTER = np.dtype([("pointer", "<u8"), ("size", "<u8")])

_FLOAT, _INT, _RGB, _BYTES, _NDARRAY, _JSON, _TENSOR = range(7)
_LAYOUT: dict[int, Any] = {
    _FLOAT: "<f8",
    _INT: "<i8",
    _RGB: IMAGE,
    _BYTES: POINTER,
    _JSON: POINTER,
    _NDARRAY: "<u8",
    _TENSOR: "<u8",
}
_RAW = 1


def scan_beton(root: Path, split: str) -> tuple[Index, list[Path]]:
    """Read where the images of ``root/<split>.beton`` lie in it.

    Classes have the names that the file gives them: their numbers.

    Returns
    -------
    index : Index
    depends : list of Path
        The file.

    Raises
    ------
    DataError
        If the file is damaged, or has no image or no integer field.
    """
    path = root / f"{split}.beton"
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            header = _read(file, path, HEADER, 0, 1)[0]
            fields = _read(file, path, FIELD, HEADER.itemsize, int(header["fields"]))
            start = HEADER.itemsize + len(fields) * FIELD.itemsize
            _check(path, header, size, start)
            record = _record(path, fields)
            rows = _read(file, path, record, start, int(header["samples"]))
            count = (size - int(header["table"])) // ALLOCATION.itemsize
            table = _read(file, path, ALLOCATION, int(header["table"]), count)
    except OSError as error:
        raise DataError("a .beton cannot be read", path=path, found=str(error)) from error
    image, label = _columns(path, fields)
    places = _places(path, size, rows[image], table)
    labels = rows[label]
    if labels.min() < 0 or labels.max() >= MOST_CLASSES:
        raise DataError(
            "labels are out of range",
            path=path,
            expected=f"0 to {MOST_CLASSES - 1}",
            found=f"{labels.min()} to {labels.max()}",
        )
    classes = tuple(str(number) for number in range(int(labels.max()) + 1))
    names = Names.of(f"{number:08d}" for number in range(len(rows)))
    return Index(root, classes, labels.astype(np.int32), names, places), [path]


def _read(
    file: BinaryIO, path: Path, kind: np.dtype[Any], offset: int, count: int
) -> npt.NDArray[Any]:
    size = kind.itemsize * count
    file.seek(offset)
    data = file.read(size)
    if len(data) < size:
        raise DataError(
            "a .beton is not whole",
            path=path,
            expected=f"{size} bytes at {offset}",
            found=f"{len(data)} bytes",
        )
    return np.frombuffer(data, dtype=kind)


def _check(path: Path, header: Any, size: int, start: int) -> None:
    problem = None
    if header["version"] != 2:
        problem = f"version {header['version']}, not 2"
    elif not header["samples"] or header["samples"] > size:
        problem = f"{header['samples']} samples"
    elif not start < header["table"] <= size:
        problem = f"an allocation table at {header['table']} of {size} bytes"
    if problem:
        raise DataError("this is no .beton that can be read", path=path, found=problem)


def _record(path: Path, fields: npt.NDArray[Any]) -> np.dtype[Any]:
    """Give the layout of a sample's record, aligned as a C struct whose members are packed."""
    unknown = [int(f["type"]) for f in fields if int(f["type"]) not in _LAYOUT]
    if unknown:
        raise DataError("a .beton has fields of an unknown type", path=path, found=unknown)
    members = [(f"f{i}", _LAYOUT[int(f["type"])]) for i, f in enumerate(fields)]
    return np.dtype(members, align=True)


def _columns(path: Path, fields: npt.NDArray[Any]) -> tuple[str, str]:
    """Give which fields are the image and the label: the first of their types."""
    kinds = fields["type"].tolist()
    if _RGB not in kinds or _INT not in kinds:
        raise DataError(
            "a .beton lacks the fields of a labelled image",
            path=path,
            expected="an RGB image and an integer",
            found=", ".join(f["name"].decode(errors="replace") for f in fields),
        )
    return f"f{kinds.index(_RGB)}", f"f{kinds.index(_INT)}"


def _places(path: Path, size: int, images: npt.NDArray[Any], table: npt.NDArray[Any]) -> Places:
    order = np.argsort(table["pointer"])
    found = np.searchsorted(table["pointer"], images["pointer"], sorter=order)
    row = table[order[np.minimum(found, len(table) - 1)]] if len(table) else table
    if len(row) != len(images) or (row["pointer"] != images["pointer"]).any():
        raise DataError("a .beton has images that its allocation table lacks", path=path)
    outside = row["pointer"].astype(object) + row["size"].astype(object) > size
    raw = images["mode"] == _RAW
    pixels = images["height"].astype(np.int64) * images["width"] * 3
    wrong = outside | (raw & (pixels > row["size"]))
    if wrong.any():
        index = int(np.argmax(wrong))
        raise DataError("an image leaves the .beton", path=path, index=index)
    shapes = np.stack([images["height"], images["width"]], axis=1) * raw[:, None]
    return Places(
        (str(path),),
        np.zeros(len(images), dtype=np.int32),
        images["pointer"].astype(np.int64),
        np.where(raw, pixels, row["size"].astype(np.int64)),
        shapes.astype(np.uint16),
    )
