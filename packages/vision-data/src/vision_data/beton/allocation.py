"""The allocation table of a ``.beton`` file: where data lie, how long, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import DataError
from vision_data.beton.format import ALLOCATION


@dataclass(frozen=True)
class Allocations:
    """The rows of the table, checked, in the order of their pointers."""

    path: Path
    rows: npt.NDArray[Any]

    @classmethod
    def read(
        cls,
        data: npt.NDArray[np.uint8],
        count: int,
        *,
        path: Path,
        samples: int,
        first: int,
        end: int,
        page_size: int,
    ) -> Allocations:
        """Check the table against the file it stands in.

        Every row must lie in one page between `first` and `end`, belong to
        one of the `samples`, and share no byte with another.
        """
        rows = np.frombuffer(data, dtype=ALLOCATION, count=count)
        rows = rows[np.lexsort((rows["size"], rows["pointer"]))]
        pointer, size = rows["pointer"], rows["size"]
        # Compared so that no sum overflows: sizes near 2**64 are caught by the first.
        outside = (
            (size > np.uint64(end)) | (pointer < np.uint64(first)) | (pointer > np.uint64(end))
        )
        outside |= np.uint64(end) - np.minimum(pointer, np.uint64(end)) < size
        cls._none(outside, rows, path, f"data between {first} and {end}")
        page = np.uint64(page_size)
        last = pointer + np.maximum(size, np.uint64(1)) - np.uint64(1)
        cls._none(pointer // page != last // page, rows, path, f"data in one page of {page_size}")
        cls._none(rows["sample"] >= np.uint64(samples), rows, path, f"one of {samples} samples")
        overlap = np.zeros(len(rows), dtype=bool)
        overlap[1:] = pointer[1:] < (pointer + size)[:-1]
        cls._none(overlap, rows, path, "data that overlap no other")
        return cls(path, rows)

    def sizes(self, pointers: npt.NDArray[np.uint64], *, key: str) -> npt.NDArray[np.uint64]:
        """Give the size of the data at each sample's pointer.

        Raises
        ------
        DataError
            For a pointer at which nothing begins, or what begins is another sample's.
        """
        place = np.searchsorted(self.rows["pointer"], pointers, side="right")
        row = self.rows[np.maximum(place, 1) - 1] if len(self.rows) else np.zeros(0, ALLOCATION)
        owner = np.arange(len(pointers), dtype=np.uint64)
        wrong = (
            (place == 0) | (row["pointer"] != pointers) | (row["sample"] != owner)
            if len(self.rows)
            else np.ones(len(pointers), dtype=bool)
        )
        if wrong.any():
            index = int(np.argmax(wrong))
            raise DataError(
                "a pointer of a sample leads to none of its data",
                path=self.path,
                key=key,
                index=index,
                found=int(pointers[index]),
            )
        return np.ascontiguousarray(row["size"])

    @staticmethod
    def _none(
        wrong: npt.NDArray[np.bool_], rows: npt.NDArray[Any], path: Path, expected: str
    ) -> None:
        if wrong.any():
            row = rows[int(np.argmax(wrong))]
            sample, pointer, size = (int(v) for v in row)
            raise DataError(
                "the allocation table is damaged",
                path=path,
                index=sample,
                expected=expected,
                found=f"{size} bytes at {pointer}",
            )
