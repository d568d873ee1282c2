"""Is all there and sound: every image decodes, every pointer is in bounds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from neuroai_core.errors import NeuroAIError, strict_arguments
from vision_data.beton.reader import BetonFile
from vision_data.folder import ImageFolder
from vision_data.images import read_image

#: Called with the samples that were looked at, and their number.
Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Verification:
    """What was looked at, and what was wrong with it."""

    path: Path
    samples: int
    problems: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing was wrong."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """Give the result as plain values."""
        return {"path": str(self.path), "samples": self.samples, "problems": self.problems}


@strict_arguments
def verify(
    path: str | os.PathLike[str], *, num_workers: int = 1, report: Report | None = None
) -> Verification:
    """Decode every sample of a folder of images, or of a ``.beton`` file.

    Parameters
    ----------
    path
        A folder of class folders, or a ``.beton`` file.
    num_workers
        Threads that decode.
    report
        Called with the samples that were looked at, and their number.

    Returns
    -------
    What was wrong, sample by sample. A folder or file that cannot even be
    opened is a problem too.

    Examples
    --------
    >>> from vision_data import write_beton
    >>> from vision_data.beton import IntField
    >>> result = verify(write_beton("a.beton", [(1,), (2,)], {"n": IntField()}))
    >>> result.sound, result.samples
    (True, 2)
    """
    path = Path(path)
    try:
        if path.is_file():
            file = BetonFile(path)
            return _all(path, len(file), file.__getitem__, num_workers, report)
        folder = ImageFolder(path)
    except NeuroAIError as error:
        return Verification(path, 0, [str(error)])
    return _all(
        path, len(folder), lambda i: read_image(folder.samples[i].path), num_workers, report
    )


def _all(
    path: Path, count: int, look: Callable[[int], Any], num_workers: int, report: Report | None
) -> Verification:
    found = []
    for done, problem in enumerate(_problems(count, look, num_workers), start=1):
        if problem:
            found.append(problem)
        if report:
            report(done, count)
    return Verification(path, count, found)


def _problems(count: int, look: Callable[[int], Any], num_workers: int) -> Iterator[str | None]:
    def one(index: int) -> str | None:
        try:
            look(index)
        except NeuroAIError as error:
            return str(error)
        return None

    if num_workers <= 1:
        yield from map(one, range(count))
        return
    with ThreadPoolExecutor(num_workers) as pool:
        rest = iter(range(count))
        while part := list(islice(rest, 64 * num_workers)):
            yield from pool.map(one, part)
