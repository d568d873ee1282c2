"""Reading HDF5 files of recordings with errors that name file and key."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from neuroai_core.errors import DataError, NotFoundError, problems
from neuroai_core.files import atomic_path
from retina_data.repository import converted

#: Bytes that are copied at once.
COPIED = 1 << 26


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open a file to read.

    Raises
    ------
    NotFoundError
        If it is not there.
    DataError
        If it is damaged, when it is opened or read.
    """
    if not path.is_file():
        raise NotFoundError("there is no such file", path=path)
    try:
        with h5py.File(path, "r") as file:
            yield file
    except OSError as error:
        raise DataError("an HDF5 file is damaged", path=path, found=str(error)) from error


@contextmanager
def created(path: Path) -> Iterator[h5py.File]:
    """Make a file, and its folder, that is there whole when all is written, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as partial, h5py.File(partial, "w") as file:
        yield file


def read(
    file: h5py.File, shapes: dict[str, int], *, mapped: Collection[str] = ()
) -> dict[str, npt.NDArray[Any]]:
    """Read data sets that must be there with so many axes; all problems in one error.

    Parameters
    ----------
    file
        The open file.
    shapes
        How many axes each data set must have, by its key.
    mapped
        Keys of those that are memory mapped in place of being read: stimuli.
    """
    found, arrays = [], {}
    for key, axes in shapes.items():
        item = file.get(key)
        if not isinstance(item, h5py.Dataset):
            found.append(f"{key}: missing")
        elif item.ndim != axes or item.dtype.kind not in "biuf":
            found.append(f"{key}: {item.dtype} of shape {item.shape}, not numbers with {axes} axes")
        else:
            arrays[key] = memory_map(item) if key in mapped else np.asarray(item[...])
    if found:
        raise problems("a recording is incomplete", found, path=file.filename)
    return arrays


def train_and_test(file: h5py.File, responses: str) -> dict[str, npt.NDArray[Any]]:
    """Read a recording of two parts, their stimuli memory mapped.

    Parameters
    ----------
    file
        The open file, with ``stimulus (time, height, width)`` and the
        responses ``(neurons, time)`` in ``train`` and in ``test``.
    responses
        Their key in each part.

    Returns
    -------
    ``train``, ``test``, ``train_responses`` and ``test_responses``.
    """
    stimuli, answers = (
        [f"{part}/{key}" for part in ("train", "test")] for key in ("stimulus", responses)
    )
    axes = dict.fromkeys(stimuli, 3) | dict.fromkeys(answers, 2)
    data = read(file, axes, mapped=stimuli)
    names = ("train", "test", "train_responses", "test_responses")
    return {name: data[key] for name, key in zip(names, axes, strict=True)}


def memory_map(item: h5py.Dataset) -> npt.NDArray[Any]:
    """Map a data set into memory, where its bytes lie as they are; else a copy of it.

    What is compressed or in pieces is copied to the cache folder the first
    time, a slice at a time. Changes stay in memory.
    """
    offset = item.id.get_offset()
    path = Path(item.file.filename)
    if offset is not None and item.dtype.isnative:
        return np.memmap(path, item.dtype, mode="c", offset=offset, shape=item.shape)
    if not item.size:
        return np.asarray(item[...])

    def copy(_: Path, target: Path) -> None:
        dtype = item.dtype.newbyteorder("=")
        out = np.lib.format.open_memmap(target, mode="w+", dtype=dtype, shape=item.shape)
        step = max(1, COPIED // max(item.nbytes // len(item), 1))
        for first in range(0, len(item), step):
            out[first : first + step] = item[first : first + step]
        out.flush()

    kind = f"{item.name.strip('/').replace('/', '-')}-v1.npy"
    return np.asanyarray(np.load(converted(path, kind, copy), mmap_mode="c"))


def same_time(
    movie: npt.NDArray[Any], responses: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Cut one surplus bin at the end of movie ``(..., time, H, W)`` or responses ``(..., time)``.

    Recordings end with the frame or with the bin after it. A larger difference
    is left, for the session to refuse.
    """
    frames, bins = movie.shape[-3], responses.shape[-1]
    if abs(frames - bins) != 1:
        return movie, responses
    time = min(frames, bins)
    return movie[..., :time, :, :], responses[..., :time]


def repeats_by_cell(file: h5py.File, key: str) -> npt.NDArray[np.float32] | None:
    """Read single trials that are kept as ``cell<N>`` of ``(repeats, time)`` each.

    Returns
    -------
    ``(repeats, neurons, time)``, in the order of the cells' numbers, NaN where
    a cell has fewer repeats than another; None if there are none.
    """
    group = file.get(key)
    names = list(group) if isinstance(group, h5py.Group) else []
    cells = {int(m[1]): name for name in names if (m := re.fullmatch(r"cell_?(\d+)", name))}
    if group is None or not cells:
        return None
    arrays = [np.asarray(group[cells[i]], np.float32) for i in sorted(cells)]
    if any(a.ndim != 2 or a.shape[1] != arrays[0].shape[1] for a in arrays):
        shapes = [f"{key}/{cells[i]}: shape {group[cells[i]].shape}" for i in sorted(cells)]
        raise problems("the repeats do not fit together", shapes, path=file.filename)
    trials = np.full((max(map(len, arrays)), len(arrays), arrays[0].shape[1]), np.nan, np.float32)
    for neuron, array in enumerate(arrays):
        trials[: len(array), neuron] = array
    return trials
