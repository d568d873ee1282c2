"""Writing a ``.beton`` file: in parallel, the same bytes for any number of workers."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import DataError, InputError, strict_arguments
from neuroai_core.files import atomic_path
from vision_data.beton.fields import Field
from vision_data.beton.format import PAGE_SIZE, check_page_size, encoded_name, record_dtype
from vision_data.beton.pages import Encoded, Pages

#: Samples that a worker encodes at a time.
CHUNK = 64
Report = Callable[[int, int], None]


class Samples(Protocol):
    """What can be written: samples by index, each a value for every field."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Any: ...


@strict_arguments
def write_beton(
    path: str | os.PathLike[str],
    dataset: Samples,
    fields: Mapping[str, Field],
    *,
    indices: Sequence[int] | npt.NDArray[np.integer] | None = None,
    page_size: int = PAGE_SIZE,
    num_workers: int = 1,
    executor: Executor | None = None,
    report: Report | None = None,
) -> Path:
    """Write a data set as a ``.beton`` file, whole or not at all.

    Parameters
    ----------
    path
        The file to make; one that is there is replaced when the new one is whole.
    dataset
        Anything with a length and samples by index: tuples with a value for
        each field, in their order.
    fields
        The fields by name, at most 16 ASCII characters each.
    indices
        Which samples, in which order; by default all.
    page_size
        In bytes, a power of two. The data of a sample lie in one page.
    num_workers
        Threads that encode; Pillow decodes and encodes without the
        interpreter's lock.
    executor
        Where to encode instead: any executor, for processes or other machines.
        The data set must be picklable then.
    report
        Called with the samples that are done and their number.

    Returns
    -------
    The path. The file's bytes depend on the samples and fields only.

    Raises
    ------
    InputError
        If a value does not fit its field, or a sample does not fit a page.
    DataError
        If a value is a damaged image, or a worker died.

    Examples
    --------
    >>> from vision_data.beton import BetonFile, IntField, JSONField
    >>> _ = write_beton("b.beton", [(3, {"a": 1})], {"n": IntField(), "notes": JSONField()})
    >>> BetonFile("b.beton")[0]
    {'n': 3, 'notes': {'a': 1}}
    """
    check_page_size(page_size)
    chosen = np.arange(len(dataset)) if indices is None else np.asarray(indices, dtype=np.int64)
    fields = dict(fields)
    names = [encoded_name(name) for name in fields]
    if not names or len(set(names)) < len(names):
        raise InputError("a file needs fields with names of their own", found=list(fields))
    with ExitStack() as stack:
        if executor is None and num_workers > 1:
            executor = stack.enter_context(ThreadPoolExecutor(num_workers))
        target = stack.enter_context(atomic_path(path))
        file = stack.enter_context(open(target, "wb"))
        pages = Pages(file, fields, len(chosen), page_size)
        for chunk in _encode_all(dataset, fields, chosen, executor, num_workers):
            pages.place(chunk)
            if report:
                report(pages.placed, len(chosen))
        pages.finish(names)
    return Path(path)


def encode_chunk(
    dataset: Samples, fields: Mapping[str, Field], indices: npt.NDArray[np.int64], first: int
) -> Encoded:
    """Encode some samples, the first of which will be number `first` in the file."""
    dtype = record_dtype((f"f{i}", field.record) for i, field in enumerate(fields.values()))
    records = np.zeros(len(indices), dtype=dtype)
    sizes = np.zeros((len(indices), len(fields)), dtype=np.int64)
    parts: list[bytes | memoryview] = []
    for row, index in enumerate(indices):
        values = dataset[int(index)]
        if len(values) != len(fields):
            raise InputError(
                "a sample does not have a value for each field",
                index=int(index),
                expected=", ".join(fields),
                found=f"{len(values)} values",
            )
        for column, (name, field, value) in enumerate(
            zip(fields, fields.values(), values, strict=True)
        ):
            record, data = _encode(field, name, value, first + row)
            records[f"f{column}"][row] = record
            if data is not None:
                # FFCV looks data up by their pointer alone, so none may be empty.
                parts.append(data or b"\0")
                sizes[row, column] = len(parts[-1])
    return Encoded(records, sizes, b"".join(parts))


def _encode(field: Field, name: str, value: Any, index: int) -> Any:
    try:
        return field.encode(value, index)
    except (TypeError, OverflowError, AttributeError) as error:
        raise InputError(
            "a value does not fit its field",
            key=name,
            index=index,
            expected=type(field).__name__,
            found=f"{type(value).__name__}: {error}",
        ) from error


def _encode_all(
    dataset: Samples,
    fields: Mapping[str, Field],
    chosen: npt.NDArray[np.int64],
    executor: Executor | None,
    num_workers: int,
) -> Iterator[Encoded]:
    """Encode chunk by chunk, in order, a bounded number of them ahead."""
    starts = range(0, len(chosen), CHUNK)
    if executor is None:
        for start in starts:
            yield encode_chunk(dataset, fields, chosen[start : start + CHUNK], start)
        return
    waiting: deque[Future[Encoded]] = deque()
    ahead = 2 * max(num_workers, os.cpu_count() or 1) + 1
    try:
        for start in starts:
            part = chosen[start : start + CHUNK]
            waiting.append(executor.submit(encode_chunk, dataset, fields, part, start))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenExecutor as error:
        raise DataError(
            "a worker died while it encoded samples",
            found=str(error),
            hint="is there enough memory? run it again with fewer workers",
        ) from error
    finally:
        for future in waiting:
            future.cancel()
