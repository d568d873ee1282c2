"""Which images there are: names and labels in a few arrays, never a Python object an image.

A list of a million paths costs each worker process its own copy, page by
page, as reference counts are written (pytorch issue 13246); arrays are
shared.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import DataError, InputError
from neuroai_core.rng import digest

#: Classes are as many as the largest label says: a damaged one must not name a billion.
#: ImageNet-21k has 21,841.
MOST_CLASSES = 1 << 17


@dataclass(frozen=True, eq=False)
class Names:
    """Many short strings in two arrays.

    Parameters
    ----------
    text
        All strings after one another as UTF-8, uint8.
    ends
        Where each ends in `text`, int64, shape ``(n,)``.

    Examples
    --------
    >>> names = Names.of(["a.JPEG", "bc.JPEG"])
    >>> len(names), names[1]
    (2, 'bc.JPEG')
    """

    text: npt.NDArray[np.uint8]
    ends: npt.NDArray[np.int64]

    @classmethod
    def of(cls, names: Iterable[str]) -> Names:
        """Pack strings."""
        # Names of files need not be valid UTF-8; they come back as they were.
        encoded = [name.encode("utf-8", "surrogateescape") for name in names]
        lengths = np.fromiter(map(len, encoded), dtype=np.int64, count=len(encoded))
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), np.cumsum(lengths))

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, index: int) -> str:
        start = int(self.ends[index - 1]) if index > 0 else 0
        return bytes(self.text[start : int(self.ends[index])]).decode("utf-8", "surrogateescape")

    def take(self, indices: npt.NDArray[np.int64]) -> Names:
        """Give some of the strings, in the order of `indices`."""
        starts = np.concatenate([[0], self.ends[:-1]])[indices]
        lengths = self.ends[indices] - starts
        ends = np.cumsum(lengths)
        where = np.arange(int(lengths.sum())) + np.repeat(starts - (ends - lengths), lengths)
        return Names(self.text[where], ends)


@dataclass(frozen=True, eq=False)
class Places:
    """Where images lie inside larger files: archives, or a ``.beton``.

    Parameters
    ----------
    files
        The larger files.
    file
        Which of them an image is in, int32, shape ``(n,)``.
    offset, size
        Its bytes in there, int64, shape ``(n,)``.
    raw
        Height and width in pixels of an image that is raw RGB, 0 where it is
        encoded; uint16, shape ``(n, 2)``.
    """

    files: tuple[str, ...]
    file: npt.NDArray[np.int32]
    offset: npt.NDArray[np.int64]
    size: npt.NDArray[np.int64]
    raw: npt.NDArray[np.uint16]

    def take(self, indices: npt.NDArray[np.int64]) -> Places:
        """Give some of the places, in the order of `indices`."""
        return Places(
            self.files,
            self.file[indices],
            self.offset[indices],
            self.size[indices],
            self.raw[indices],
        )

    def read(self, index: int) -> bytes:
        """Read the bytes of an image; raw pixels get the header that makes them a PPM image.

        Raises
        ------
        DataError
            If the file ends before the image does.
        """
        path, size = self.files[int(self.file[index])], int(self.size[index])
        with open(path, "rb", buffering=0) as file:
            file.seek(int(self.offset[index]))
            data = file.read(size)
        if len(data) < size:
            raise DataError(
                "a file ends before its image does",
                path=path,
                index=index,
                expected=f"{size} bytes at {int(self.offset[index])}",
                found=f"{len(data)} bytes",
            )
        height, width = self.raw[index].tolist()
        return b"P6\n%d %d\n255\n" % (width, height) + data if height else data


@dataclass(frozen=True, eq=False)
class Index:
    """The images of one split.

    Parameters
    ----------
    root
        The folder in which the class folders lie.
    classes
        Class names (synsets); a label is a position in this tuple.
    labels
        Label of each image, int32, shape ``(n,)``.
    names
        Path of each image below the folder of its class, with ``/``.
    places
        Where the images are, if they are not files of their own.
    """

    root: Path
    classes: tuple[str, ...]
    labels: npt.NDArray[np.int32]
    names: Names
    places: Places | None = None
    known_fingerprint: str | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.labels)

    def name(self, index: int) -> str:
        """Give the name of an image: class and file, ``n01440764/n01440764_10026.JPEG``."""
        return f"{self.classes[int(self.labels[index])]}/{self.names[index]}"

    def path(self, index: int) -> Path:
        """Give the path of an image; in an archive, the archive's with the image's behind it."""
        if self.places is not None:
            return Path(self.places.files[int(self.places.file[index])], self.names[index])
        return self.root / self.name(index)

    def read(self, index: int) -> bytes:
        """Read the encoded bytes of an image."""
        if self.places is not None:
            return self.places.read(index)
        with open(self.path(index), "rb", buffering=0) as file:
            return file.read()

    def counts(self) -> npt.NDArray[np.int64]:
        """Count the images of each class, shape ``(classes,)``."""
        return np.bincount(self.labels, minlength=len(self.classes))

    def take(self, indices: npt.ArrayLike) -> Index:
        """Give the index of some of the images, with the same classes and labels."""
        chosen = np.asarray(indices, dtype=np.int64)
        places = None if self.places is None else self.places.take(chosen)
        return Index(self.root, self.classes, self.labels[chosen], self.names.take(chosen), places)

    def with_classes(self, classes: Sequence[str]) -> Index:
        """Give the same images with labels that are positions in `classes`.

        Raises
        ------
        InputError
            If an image is of a class that is not among them.
        """
        if tuple(classes) == self.classes:
            return self
        at = {name: position for position, name in enumerate(classes)}
        table = np.array([at.get(name, -1) for name in self.classes], dtype=np.int32)
        labels = table[self.labels] if len(self) else self.labels
        if len(labels) and labels.min() < 0:
            unknown = [c for c, t in zip(self.classes, table, strict=True) if t < 0]
            raise InputError(
                "there are images of classes that are not among the training classes",
                path=self.root,
                expected=f"the {len(classes)} classes of training",
                found=", ".join(unknown[:5]) + (" ..." if len(unknown) > 5 else ""),
            )
        return Index(self.root, tuple(classes), labels, self.names, self.places)

    @functools.cached_property
    def fingerprint(self) -> str:
        """What identifies the images and their labels, wherever they lie."""
        if self.known_fingerprint:
            return self.known_fingerprint
        classes = "/".join(self.classes)
        columns = (self.labels, self.names.ends, self.names.text)
        return digest(classes, *(np.ascontiguousarray(c).tobytes() for c in columns)).hex()
