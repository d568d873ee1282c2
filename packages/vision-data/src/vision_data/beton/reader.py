"""Reading a ``.beton`` file: everything is checked before a pointer is followed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import DataError, NotFoundError, unknown_name
from neuroai_core.rng import digest
from vision_data.beton.allocation import Allocations
from vision_data.beton.fields import (
    ArrayField,
    Bytes,
    BytesField,
    Field,
    FloatField,
    IntField,
    JSONField,
    TensorField,
)
from vision_data.beton.format import (
    DESCRIPTOR,
    HEADER,
    LARGEST_PAGE,
    VERSION,
    page_start,
    record_dtype,
)
from vision_data.beton.image import ImageField

FIELDS: dict[int, type[Field]] = {
    field.type_id: field
    for field in (FloatField, IntField, ImageField, BytesField, ArrayField, JSONField, TensorField)
}
CUSTOM = 255


class BetonFile:
    """A ``.beton`` file, mapped into memory.

    Opening it checks the header, the fields, every pointer and every size, so
    a truncated or altered file is an error that says where, not a crash.

    Parameters
    ----------
    path
        The file.
    custom_fields
        The field of each column of custom type, by its name.

    Raises
    ------
    NotFoundError
        If there is no such file.
    DataError
        If it is not a sound ``.beton`` file.

    Examples
    --------
    >>> from vision_data import write_beton
    >>> _ = write_beton("a.beton", [(0.5, 1), (0.25, 2)], {"x": FloatField(), "n": IntField()})
    >>> file = BetonFile("a.beton")
    >>> len(file), file[1]
    (2, {'x': 0.25, 'n': 2})
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        custom_fields: Mapping[str, Field] | None = None,
    ) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise NotFoundError("there is no such .beton file", path=path)
        self.data = self._map()
        header = self._header()
        self.page_size = int(header["page_size"])
        self._samples = int(header["num_samples"])
        self.fields = self._fields(int(header["num_fields"]), custom_fields or {})
        self._columns = {name: f"f{i}" for i, name in enumerate(self.fields)}
        self.metadata = self._metadata(int(header["num_fields"]))
        self.allocations = self._allocations(int(header["table"]))
        self._sizes = {
            name: self._check_pointers(name, field) for name, field in self.fields.items()
        }

    def __len__(self) -> int:
        return self._samples

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Decode a sample: the value of each field by its name."""
        return {name: self.value(name, index) for name in self.fields}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        kinds = ", ".join(f"{n}: {type(f).__name__}" for n, f in self.fields.items())
        return f"BetonFile({str(self.path)!r}): {len(self)} samples of ({kinds})"

    def __getstate__(self) -> dict[str, Any]:
        custom = {n: f for n, f in self.fields.items() if f.type_id not in FIELDS}
        return {"path": self.path, "custom_fields": custom}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["path"], custom_fields=state["custom_fields"])  # type: ignore[misc]

    def column(self, name: str) -> npt.NDArray[Any]:
        """Give the records of a field for all samples, a read-only view."""
        if name not in self.fields:
            raise unknown_name("field", name, self.fields, path=self.path)
        return np.asarray(self.metadata[self._columns[name]])

    def stored(self, name: str, index: int) -> Bytes | None:
        """Give the bytes that a sample's field points to, a view of the file, or None."""
        sizes = self._sizes[name]
        if sizes is None:
            return None
        pointers = self.fields[name].pointers(self.column(name)[index : index + 1])
        start = int(pointers[0]) if pointers is not None else 0
        return self.data[start : start + int(sizes[index])]

    def sizes(self, name: str) -> npt.NDArray[np.uint64] | None:
        """Give the bytes that each sample's field points to, or None if it points nowhere."""
        if name not in self.fields:
            raise unknown_name("field", name, self.fields, path=self.path)
        return self._sizes[name]

    def pointers(self, name: str) -> npt.NDArray[np.uint64] | None:
        """Give where in the file each sample's field has its data, or None."""
        return self.fields[name].pointers(self.column(name))

    def value(self, name: str, index: int) -> Any:
        """Decode one field of a sample."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        index = index % len(self)
        record = self.column(name)[index]
        try:
            return self.fields[name].decode(record, self.stored(name, index))
        except DataError as error:
            raise DataError(
                error.message,
                path=self.path,
                key=name,
                index=index,
                expected=error.expected,
                found=error.found,
            ) from error

    @property
    def fingerprint(self) -> str:
        """What identifies the content: a hash of the metadata and the allocation table."""
        parts = (self.metadata.tobytes(), self.allocations.rows.tobytes())
        return digest(*parts, self.page_size, *self.fields).hex()

    def _map(self) -> Bytes:
        size = self.path.stat().st_size
        if size < HEADER.itemsize:
            raise DataError(
                "this is no .beton file",
                path=self.path,
                expected=f"at least {HEADER.itemsize} bytes",
                found=f"{size} bytes",
            )
        mapped = np.memmap(self.path, dtype=np.uint8, mode="r")
        return mapped.view(np.ndarray)

    def _header(self) -> np.void:
        header: np.void = np.frombuffer(self.data, dtype=HEADER, count=1)[0]
        page = int(header["page_size"])
        if header["version"] != VERSION:
            raise DataError(
                "this is no .beton file of a version that is known",
                path=self.path,
                key="version",
                expected=VERSION,
                found=int(header["version"]),
            )
        if page == 0 or page & (page - 1) or page > LARGEST_PAGE:
            raise self._damaged("page_size", "a power of two", page)
        return header

    def _fields(self, count: int, custom: Mapping[str, Field]) -> dict[str, Field]:
        descriptors = self._array(HEADER.itemsize, DESCRIPTOR, count, "num_fields")
        fields: dict[str, Field] = {}
        for descriptor in descriptors:
            raw = descriptor["name"].tobytes().partition(b"\0")[0]
            name, kind = raw.decode("ascii", errors="backslashreplace"), int(descriptor["type_id"])
            if name in fields:
                raise self._damaged("field name", "a name of its own for each", repr(name))
            if name in custom:
                fields[name] = custom[name]
            elif kind in FIELDS:
                fields[name] = self._field(name, kind, descriptor["arguments"].tobytes())
            else:
                raise DataError(
                    "a field has a type that is not known",
                    path=self.path,
                    key=name,
                    found=kind,
                    hint="give it in custom_fields" if kind == CUSTOM else None,
                )
        if not fields:
            raise self._damaged("num_fields", "1 or more", 0)
        return fields

    def _field(self, name: str, kind: int, arguments: bytes) -> Field:
        try:
            return FIELDS[kind].from_arguments(arguments)
        except DataError as error:
            raise DataError(error.message, path=self.path, key=name, found=error.found) from error

    def _metadata(self, fields: int) -> npt.NDArray[Any]:
        record = record_dtype((f"f{i}", f.record) for i, f in enumerate(self.fields.values()))
        start = HEADER.itemsize + fields * DESCRIPTOR.itemsize
        self._metadata_end = start + self._samples * record.itemsize
        return self._array(start, record, self._samples, "num_samples")

    def _allocations(self, table: int) -> Allocations:
        size = len(self.data)
        if not self._metadata_end <= table <= size or (size - table) % 24:
            raise self._damaged(
                "allocation table", f"whole rows from {self._metadata_end} to {size}", table
            )
        rows = (size - table) // 24
        first = page_start(self._metadata_end, self.page_size)
        return Allocations.read(
            self.data[table:],
            rows,
            path=self.path,
            samples=len(self),
            first=first,
            end=table,
            page_size=self.page_size,
        )

    def _check_pointers(self, name: str, field: Field) -> npt.NDArray[np.uint64] | None:
        """Give the sizes of a field's data, having checked that each is what and where it must."""
        column = self.column(name)
        pointers = field.pointers(column)
        if pointers is None:
            return None
        sizes = self.allocations.sizes(pointers, key=name)
        wrong = field.wrong_size(column, sizes)
        if wrong.any():
            index = int(np.argmax(wrong))
            raise DataError(
                "a sample's data are not of the size that the file says",
                path=self.path,
                key=name,
                index=index,
                expected=dict(zip(column.dtype.names or (), column[index].tolist(), strict=False))
                if column.dtype.names
                else None,
                found=f"{int(sizes[index])} bytes",
            )
        return sizes

    def _array(self, start: int, dtype: np.dtype, count: int, key: str) -> npt.NDArray[Any]:
        """Give an array that stands in the file, if the file is long enough."""
        if start + count * dtype.itemsize > len(self.data):
            raise self._damaged(
                key,
                f"{start + count * dtype.itemsize} bytes for {count} of them",
                f"{len(self.data)} bytes",
            )
        return np.frombuffer(self.data, dtype=dtype, count=count, offset=start)

    def _damaged(self, key: str, expected: object, found: object) -> DataError:
        return DataError(
            "a .beton file is damaged or cut off",
            path=self.path,
            key=key,
            expected=expected,
            found=found,
        )
