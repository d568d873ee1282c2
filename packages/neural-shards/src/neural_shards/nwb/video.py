"""Frames of video files, by number: decoded when asked for, and the very frames asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neuroai_core import DataError, NotFoundError
from neuroai_core.extras import require


@dataclass(frozen=True, eq=False)
class Film:
    """What lies in one video file, found by going through its packets once.

    Parameters
    ----------
    path
        A path or an address.
    stamps
        When each frame is shown, in the file's own unit, rising, ``(frames,)``.
    keys
        The stamps from which decoding can begin, rising.
    frame_shape
        ``(height, width, 3)``, or ``(height, width)`` for grey.
    """

    path: str
    stamps: npt.NDArray[np.int64]
    keys: npt.NDArray[np.int64]
    frame_shape: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.stamps)


def read_film(path: str) -> Film:
    """Go through the packets of a video file, without decoding them.

    Raises
    ------
    NotFoundError
        If there is no such file.
    DataError
        If it is no video.
    """
    with _Opened(path) as opened:
        stamps, keys = [], []
        for packet in opened.container.demux(opened.stream):
            stamp = packet.dts if packet.pts is None else packet.pts
            if packet.size and stamp is not None:
                stamps.append(stamp)
                keys += [stamp] * packet.is_keyframe
        made = np.unique(np.array(stamps, dtype=np.int64))
        if len(made) != len(stamps) or not keys:
            raise DataError("the frames of this video have no times to tell them apart", path=path)
        context = opened.stream.codec_context
        size = (context.height, context.width)
        shape = size if opened.format == "gray" else (*size, 3)
        return Film(path, made, np.unique(np.array(keys, dtype=np.int64)), shape)


class Frames:
    """The frames of some films, end to end, as an array that is read in slices.

    Parameters
    ----------
    films
        In the order of time.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, films: Sequence[Film]) -> None:
        self.films = tuple(films)
        self._ends = np.cumsum([len(film) for film in films])
        self._reader: _Reader | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """``(frames, height, width, 3)``, or without the colours."""
        return (int(self._ends[-1]), *self.films[0].frame_shape)

    def __getitem__(self, rows: slice) -> npt.NDArray[np.uint8]:
        first, stop, _ = rows.indices(self.shape[0])
        made = np.empty((max(stop - first, 0), *self.shape[1:]), dtype=np.uint8)
        for number, end in enumerate(self._ends.tolist()):
            begin = end - len(self.films[number])
            a, b = max(first, begin), min(stop, end)
            if a < b:
                reader = self._open(number)
                for row, frame in enumerate(reader.frames(a - begin, b - begin), a - first):
                    made[row] = frame
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Frames, (self.films,)  # another process opens the files anew

    def _open(self, number: int) -> _Reader:
        """Give the reader of a film; one is open at a time, and goes on where it stopped."""
        if self._reader is None or self._reader.film is not self.films[number]:
            self._reader = _Reader(self.films[number])
        return self._reader


class _Reader:
    """A film that is open, and the frame that its decoder gives next."""

    def __init__(self, film: Film) -> None:
        self.film = film
        self._opened = _Opened(film.path)
        self._next = 0
        self._decoded: Iterator[Any] = iter(())

    def frames(self, first: int, stop: int) -> Iterator[npt.NDArray[np.uint8]]:
        """Decode frames ``first .. stop - 1``."""
        stamps, keys = self.film.stamps, self.film.keys
        key = keys[max(int(np.searchsorted(keys, stamps[first], side="right")) - 1, 0)]
        if first < self._next or stamps[self._next] < key or self._next == 0:
            self._decoded = self._opened.decode_from(int(key))
        self._next = first
        while self._next < stop:
            wanted = int(stamps[self._next])
            found = next(self._decoded, None)
            if found is None or found[0] > wanted:
                raise DataError(
                    "a frame of a video cannot be decoded",
                    path=self.film.path,
                    index=f"frame {self._next}",
                )
            stamp, picture = found
            if stamp == wanted:
                self._next += 1
                yield picture.to_ndarray(format=self._opened.format)


class _Opened:
    """A video file that is open in PyAV."""

    def __init__(self, path: str) -> None:
        av = require("av", package="neural-shards", extra="video")
        fsspec = require("fsspec", package="neural-shards", extra="video")
        try:
            self._file = fsspec.open(path, "rb").open()
            self.container = av.open(self._file)
            self.stream = self.container.streams.video[0]
        except FileNotFoundError:
            raise NotFoundError("there is no such video file", path=path) from None
        except (av.error.FFmpegError, IndexError, OSError) as error:
            raise DataError("this is no video file", path=path, found=str(error)) from error
        self.stream.thread_type = "AUTO"
        pixels = self.stream.codec_context.pix_fmt or ""
        self.format = "gray" if pixels.startswith("gray") else "rgb24"

    def decode_from(self, stamp: int) -> Iterator[tuple[int, Any]]:
        """Seek to a key frame and decode from there; gives stamps and pictures."""
        self.container.seek(stamp, stream=self.stream)
        for picture in self.container.decode(self.stream):
            yield (picture.dts if picture.pts is None else picture.pts), picture

    def __enter__(self) -> _Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self.container.close()
        self._file.close()


def external_films(stored: Any, folder: str | None, path: str) -> tuple[Film, ...]:
    """Go through the external files of an ``ImageSeries``, in the order of their frames.

    Parameters
    ----------
    stored
        The series.
    folder
        Where relative names begin: the folder of the recording, or the address of it.
    path
        The path of the series, for errors.

    Raises
    ------
    NotFoundError, DataError
        If a file is missing, is no video, or does not hold what ``starting_frame`` says.
    """
    names = [str(name) for name in stored.external_file[:]]
    films = [read_film(_located(name, folder)) for name in names]
    if len({film.frame_shape for film in films}) > 1:
        raise DataError(
            "the video files of a series differ in size",
            key=path,
            found=", ".join(f"{n}: {f.frame_shape}" for n, f in zip(names, films, strict=True)),
        )
    begins = np.cumsum([0, *(len(film) for film in films)])[:-1].tolist()
    said = [int(n) for n in (begins if stored.starting_frame is None else stored.starting_frame)]
    if said != begins:
        raise DataError(
            "starting_frame does not fit the video files",
            key=path,
            expected=f"{begins}: the frames before each file",
            found=said,
        )
    return tuple(films)


def _located(name: str, folder: str | None) -> str:
    name = name.replace("\\", "/")
    absolute = name.startswith("/") or "://" in name or name[1:3] == ":/"
    return name if absolute or folder is None else f"{folder}/{name}"
