"""Where stored data lies, so that any process finds it again without reading the recording."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from neural_shards.nwb.recording import Source, is_open, is_remote, root_of
from neuroai_core.extras import require

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """A data set of HDF5 or Zarr.

    Parameters
    ----------
    name
        Its path in the file.
    file
        The file, where it is another one that the recording links to.
    """

    name: str
    file: str | None = None


def detached(thing: T, source: Source) -> T:
    """Give a copy with places instead of open data sets; it can go to another process."""
    if is_open(source):
        return thing
    h5py = require("h5py", package="neural-shards", extra="nwb")

    def place(value: Any) -> Any:
        if isinstance(value, h5py.Dataset):
            return Place(value.name, _other(value.file.filename, source))
        if type(value).__module__.startswith("zarr."):
            return Place(value.path, _other(value.chunk_store.path, source))
        return value

    return _exchanged(thing, place)


@contextlib.contextmanager
def attached(things: Mapping[str, T], source: Source) -> Iterator[dict[str, T]]:
    """Open the data sets of `detached` things for the length of a block."""
    with contextlib.ExitStack() as stack:
        roots: dict[str | None, Any] = {}

        def found(value: Any) -> Any:
            if not isinstance(value, Place):
                return value
            if value.file not in roots:
                roots[value.file] = root_of(value.file or source, stack)
            return roots[value.file][value.name]

        yield {name: _exchanged(thing, found) for name, thing in things.items()}


def _other(file: str, source: Source) -> str | None:
    """Name the file that a data set lies in, if it is not the recording's own."""
    if is_remote(source):
        return None
    return None if Path(file).resolve() == Path(source).resolve() else str(Path(file).resolve())


def _exchanged(thing: T, swap: Callable[[Any], Any]) -> T:
    """Exchange values anywhere in data classes and tuples; what holds none is not copied."""
    new = swap(thing)
    if new is not thing:
        return new  # type: ignore[no-any-return]
    if isinstance(thing, tuple):
        parts = tuple(_exchanged(part, swap) for part in thing)
        changed = any(a is not b for a, b in zip(parts, thing, strict=True))
        return parts if changed else thing  # type: ignore[return-value]
    if not is_dataclass(thing) or isinstance(thing, type):
        return thing
    made = thing
    for field in fields(thing):
        before = getattr(thing, field.name)
        after = _exchanged(before, swap)
        if after is not before:
            made = copy.copy(thing) if made is thing else made
            object.__setattr__(made, field.name, after)
    return made
