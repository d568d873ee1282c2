"""What of a condition is done already: a file a batch, until its results are written whole."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import DataError
from neuroai_core.files import atomic_path, atomic_write


@dataclass(frozen=True)
class Part:
    """What a model answered to some images, and what was shown.

    Parameters
    ----------
    responses
        ``(image, ...)``.
    labels
        ``(image, time)``.
    phases
        The phase of every step, for each image.
    events
        Rows of the table of events.
    """

    responses: npt.NDArray[Any]
    labels: npt.NDArray[np.int64]
    phases: list[list[str]]
    events: list[dict[str, Any]]


class Parts:
    """The parts of a condition's results that are there, in a folder beside where they go.

    Parameters
    ----------
    path
        Where the whole results go.
    identity
        What the results are made of; parts that were made of anything else are dropped.
    """

    def __init__(self, path: Path, identity: dict[str, Any]) -> None:
        self.folder = path.with_name(f".{path.name}.parts")
        self.identity = json.dumps(identity, sort_keys=True)

    def read(self) -> list[Part]:
        """Read the parts that are there, in the order in which they were added."""
        about = self.folder / "identity.json"
        if not about.exists() or about.read_text(encoding="utf-8") != self.identity:
            self.clear()
            return []
        return [_read(path) for path in self._files()]

    def add(self, part: Part) -> None:
        """Write a part; it is there whole or not at all."""
        if not self.folder.exists():
            self.folder.mkdir(parents=True)
            atomic_write(self.folder / "identity.json", self.identity)
        more = json.dumps({"phases": part.phases, "events": part.events})
        path = self.folder / f"{len(self._files()):06d}.npz"
        with atomic_path(path) as partial, open(partial, "wb") as file:
            np.savez(file, responses=part.responses, labels=part.labels, more=np.asarray(more))

    def clear(self) -> None:
        """Remove all parts."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9]*.npz"))


def _read(path: Path) -> Part:
    try:
        with open(path, "rb") as file, np.load(file) as read:
            more = json.loads(str(read["more"]))
            return Part(read["responses"], read["labels"], more["phases"], more["events"])
    except (BadZipFile, KeyError, ValueError, EOFError) as error:
        raise DataError(
            f"a part of a stopped run cannot be read: {error}",
            path=path,
            hint="remove its folder, and the condition begins anew",
        ) from error
