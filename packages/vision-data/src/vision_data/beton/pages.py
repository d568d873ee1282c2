"""Where encoded samples go in a ``.beton`` file: pages of data, then the table that lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BufferedWriter
from typing import Any

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import InputError
from vision_data.beton.fields import Field
from vision_data.beton.format import (
    ALLOCATION,
    DESCRIPTOR,
    HEADER,
    VERSION,
    page_start,
    record_dtype,
)


@dataclass(frozen=True)
class Encoded:
    """A chunk of samples ready to be placed: sizes by (sample, field), data one after another."""

    records: npt.NDArray[Any]
    sizes: npt.NDArray[np.int64]
    data: bytes


class Pages:
    """Places encoded samples into pages, one after another."""

    def __init__(
        self, file: BufferedWriter, fields: Mapping[str, Field], samples: int, page_size: int
    ) -> None:
        self.file = file
        self.fields = list(fields.values())
        self.page_size = page_size
        record = record_dtype((f"f{i}", f.record) for i, f in enumerate(self.fields))
        self.start = HEADER.itemsize + len(self.fields) * DESCRIPTOR.itemsize
        self.records = np.zeros(samples, dtype=record)
        self.allocations: list[npt.NDArray[Any]] = []
        self.first = page_start(self.start + self.records.nbytes, page_size)
        self.position = self.first
        self.placed = 0
        file.seek(self.first)

    def place(self, chunk: Encoded) -> None:
        """Write the data of the next samples, each into one page."""
        totals = chunk.sizes.sum(axis=1)
        if totals.max(initial=0) > self.page_size:
            row = int(np.argmax(totals))
            raise InputError(
                "a sample does not fit a page",
                index=self.placed + row,
                expected=f"{self.page_size} bytes at most",
                found=f"{totals[row]} bytes",
                hint="give a larger page_size",
            )
        data, row, offset = memoryview(chunk.data), 0, 0
        while row < len(totals):
            ends = np.cumsum(totals[row:])
            left = self.page_size - self.position % self.page_size
            fitting = int(np.searchsorted(ends, left, side="right"))
            if fitting == 0:
                self.position = page_start(self.position, self.page_size)
                self.file.seek(self.position)
                continue
            size = int(ends[fitting - 1])
            self._place(chunk, row, row + fitting)
            self.file.write(data[offset : offset + size])
            row, offset, self.position = row + fitting, offset + size, self.position + size

    def _place(self, chunk: Encoded, first: int, last: int) -> None:
        """Set the pointers of samples whose data follow one another from here."""
        sizes = chunk.sizes[first:last]
        ends = np.cumsum(sizes.reshape(-1)).reshape(sizes.shape)
        starts = (self.position + ends - sizes).astype(np.uint64)
        at = slice(self.placed, self.placed + last - first)
        self.records[at] = chunk.records[first:last]
        for column, field in enumerate(self.fields):
            pointers = field.pointers(self.records[f"f{column}"][at])
            if pointers is not None:
                pointers[:] = starts[:, column]
        sample, column_ = np.nonzero(sizes)
        rows = np.zeros(len(sample), dtype=ALLOCATION)
        rows["sample"], rows["size"] = self.placed + sample, sizes[sample, column_]
        rows["pointer"] = starts[sample, column_]
        self.allocations.append(rows)
        self.placed = at.stop

    def finish(self, names: Sequence[bytes]) -> None:
        """Write the allocation table, then the header, the fields and the metadata."""
        table = page_start(self.position, self.page_size)
        self.file.seek(table)
        self.file.truncate()
        for rows in self.allocations:
            self.file.write(rows.tobytes())
        header = np.zeros(1, dtype=HEADER)
        header["version"], header["num_fields"] = VERSION, len(self.fields)
        header["page_size"], header["num_samples"] = self.page_size, len(self.records)
        header["table"] = table
        descriptors = np.zeros(len(self.fields), dtype=DESCRIPTOR)
        for row, (name, field) in enumerate(zip(names, self.fields, strict=True)):
            descriptors[row]["type_id"] = field.type_id
            for part, content in (("name", name), ("arguments", field.arguments())):
                descriptors[row][part][: len(content)] = np.frombuffer(content, dtype=np.uint8)
        self.file.seek(0)
        for array in (header, descriptors, self.records):
            self.file.write(array.tobytes())
