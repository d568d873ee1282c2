"""Movies: every unique frame held once, shown by index, mirrored for the other eye."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from neuroai_core.errors import InputError
from retina_data import buffers

#: Bytes that are looked at at once.
LOOKED_AT = 1 << 26


@dataclass(eq=False)
class Movie:
    """The unique frames of a stimulus.

    Parameters
    ----------
    frames
        ``(channels, frames, height, width)``, a tensor or an array; it is
        held as it is (also memory mapped), never copied.
    mean, sd
        What a frame's values were, or are to be, normalised by:
        ``(value - mean) / sd``. None where that is unknown.
    encoded
        Whether `frames` holds the values before that (8-bit pixels, say), so
        that what comes out of it is still to be normalised.
    finite
        Whether `frames` is known to be without NaN and infinite values; where
        it is not, a session looks through it, once.

    Examples
    --------
    >>> movie = Movie(np.zeros((2, 300, 18, 16), np.float32))
    >>> movie.shape
    (2, 300, 18, 16)
    """

    frames: torch.Tensor
    mean: float | None = None
    sd: float | None = None
    encoded: bool = False
    finite: bool = False
    _mirrored: torch.Tensor | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        frames: object = self.frames
        if isinstance(frames, np.ndarray):
            self.frames = torch.from_numpy(np.ascontiguousarray(frames))
        if self.frames.ndim != 4:
            raise InputError(
                "a movie has the wrong number of axes",
                key="frames",
                expected="(channels, frames, height, width)",
                found=tuple(self.frames.shape),
            )
        if self.encoded and (self.mean is None or not self.sd):
            raise InputError(
                "encoded frames need what they are normalised by",
                key="mean, sd",
                expected="numbers, sd not 0",
                found=f"{self.mean}, {self.sd}",
            )
        self.frames = self.frames.contiguous()

    def encode(self, dtype: torch.dtype) -> Movie:
        """Hold a normalised movie in a smaller type.

        Parameters
        ----------
        dtype
            ``torch.float16`` keeps the values to their third decimal.
            ``torch.uint8`` goes back to the pixels before normalisation,
            which is exact where those were 8-bit.
        """
        if dtype != torch.uint8:
            return Movie(self.normalize(self.frames).to(dtype), self.mean, self.sd)
        if self.mean is None or self.sd is None:
            raise InputError(
                "this movie cannot go back to pixels: what it was normalised by is not known"
            )
        pixels = self.frames if self.encoded else self.frames * self.sd + self.mean
        return Movie(pixels.round().clamp(0, 255).to(torch.uint8), self.mean, self.sd, encoded=True)

    def normalize(self, stored: torch.Tensor) -> torch.Tensor:
        """Turn frames as they are stored into normalised ones, float32; on any device."""
        if not self.encoded or self.mean is None or not self.sd:
            return stored if stored.dtype == torch.float32 else stored.to(torch.float32)
        if stored.device.type != "cpu":
            return (stored.to(torch.float32) - self.mean) / self.sd
        out = buffers.empty(tuple(stored.shape), torch.float32)
        values = out.numpy()
        np.subtract(stored.numpy(), np.float32(self.mean), out=values, dtype=np.float32)
        values *= np.float32(1 / self.sd)
        return out

    def problems(self) -> list[str]:
        """List what is wrong with the values, looking through them the first time."""
        found = [] if self.finite else not_finite(self.frames.numpy())
        self.finite = not found
        return found

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """``(channels, frames, height, width)``."""
        c, t, h, w = self.frames.shape
        return c, t, h, w

    def seen(self, flip: bool) -> torch.Tensor:
        """Give the frames as this eye saw them; the mirrored copy is made once, if ever."""
        if not flip:
            return self.frames
        if self._mirrored is None:
            self._mirrored = self.frames.flip(-1)
        return self._mirrored


@dataclass(frozen=True, eq=False)
class Stimulus:
    """What was shown when: an index into the unique frames of a movie.

    Parameters
    ----------
    movie
        The unique frames.
    order
        Which of them was shown at each time, integers of shape ``(time,)``.
    flip
        Whether it was shown mirrored left to right.

    Examples
    --------
    >>> movie = Movie(np.arange(4, dtype=np.float32).reshape(1, 4, 1, 1))
    >>> shown = Stimulus(movie, np.array([2, 3, 0, 1, 2]))
    >>> shown.chunks(np.array([0, 3]), 2)[:, 0, :, 0, 0].tolist()
    [[2.0, 3.0], [1.0, 2.0]]
    """

    movie: Movie
    order: npt.NDArray[np.int32]
    flip: bool = False

    def __post_init__(self) -> None:
        order = np.asarray(self.order)
        frames = self.movie.shape[1]
        if order.ndim != 1 or order.dtype.kind not in "iu":
            raise InputError(
                "the order of frames is no list of integers",
                expected="integers of shape (time,)",
                found=f"{order.dtype} of shape {order.shape}",
            )
        if order.size and not 0 <= order.min() <= order.max() < frames:
            raise InputError(
                "a frame that is shown is not in the movie",
                expected=f"0 to {frames - 1}",
                found=f"{order.min()} to {order.max()}",
            )
        object.__setattr__(self, "order", order.astype(np.int32))

    @classmethod
    def whole(cls, movie: Movie, flip: bool = False) -> Stimulus:
        """Show a movie once from its first frame to its last."""
        return cls(movie, np.arange(movie.shape[1], dtype=np.int32), flip)

    def __len__(self) -> int:
        return len(self.order)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """``(channels, time, height, width)`` of what was shown."""
        c, _, h, w = self.movie.shape
        return c, len(self), h, w

    def chunks(self, starts: npt.NDArray[np.integer], length: int) -> torch.Tensor:
        """Copy stretches of the stimulus into one batch, in one gather.

        Parameters
        ----------
        starts
            First times, integers of shape ``(batch,)``.
        length
            Frames of each stretch.

        Returns
        -------
        tensor of shape ``(batch, channels, length, height, width)``, as the
        movie is stored: see `Movie.normalize`.
        """
        shown = self.order[self._check(starts, length)[:, np.newaxis] + np.arange(length)]
        c, frames, h, w = self.movie.shape
        rows = (np.arange(c)[:, np.newaxis] * frames) + shown[:, np.newaxis]
        out = buffers.empty((len(shown), c, length, h, w), self.movie.frames.dtype)
        # NumPy copies in this thread alone. torch would wake all of its threads for each
        # batch, which costs more than the copy wherever other processes keep the cores busy.
        held = self.movie.seen(self.flip).numpy().reshape(c * frames, h * w)
        # The order was checked; without "clip" NumPy would gather into a copy of `out` first.
        np.take(held, rows, axis=0, out=out.numpy().reshape(*rows.shape, h * w), mode="clip")
        return out

    def _check(self, starts: npt.NDArray[np.integer], length: int) -> npt.NDArray[np.integer]:
        starts = np.asarray(starts)
        if starts.size and not 0 <= starts.min() <= starts.max() <= len(self) - length:
            raise InputError(
                "a stretch reaches beyond the stimulus",
                expected=f"starts from 0 to {len(self) - length}",
                found=f"{starts.min()} to {starts.max()}",
            )
        return starts

    def dense(self) -> torch.Tensor:
        """Lay out all that was shown, normalised: ``(channels, time, height, width)``."""
        return self.movie.normalize(self.chunks(np.zeros(1, dtype=np.int64), len(self))[0])


def not_finite(frames: npt.NDArray[Any]) -> list[str]:
    """Say which frames ``(channels, frames, height, width)`` hold NaN or infinite values, if any.

    Integers are not looked at. Others are summed, a slice at a time, so that a
    memory mapped movie is read once and never copied.
    """
    if frames.dtype.kind != "f":
        return []
    bad: set[int] = set()
    step = max(1, LOOKED_AT // max(frames[0, :1].nbytes, 1))
    for channel in frames:
        for first in range(0, len(channel), step):
            part = channel[first : first + step]
            with np.errstate(all="ignore"):
                total = part.sum(dtype=np.float64 if part.dtype == np.float64 else np.float32)
            if not np.isfinite(total):  # or the sum was too large: look closely
                bad.update((first + np.flatnonzero(~np.isfinite(part).all(axis=(1, 2)))).tolist())
    if not bad:
        return []
    shown = ", ".join(map(str, sorted(bad)[:8])) + (", ..." if len(bad) > 8 else "")
    return [f"NaN or infinite values in {len(bad)} of {frames.shape[1]} frames ({shown})"]
