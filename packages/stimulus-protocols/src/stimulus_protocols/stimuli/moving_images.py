"""Pictures from files that drift or jitter, by parts of a pixel."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError
from pydantic import field_validator

from neuroai_core.errors import DataError, InputError, NotFoundError
from neuroai_core.rng import generator
from stimulus_protocols.stimuli.geometry import heading
from stimulus_protocols.stimuli.stimulus import Stimulus
from stimulus_protocols.values import NotNegative, Number, Whole


class MovingImage(Stimulus):
    """A grey picture that moves behind the field, which is cut from its middle.

    Values between pixels are interpolated linearly; beyond its edges the
    picture repeats. The signal is the picture's luminance scaled from black
    (-1) to white (1).

    Parameters
    ----------
    path
        A file that Pillow reads, at least as large as the field.
    speed_px_s, direction_deg
        Drift of the picture.
    jitter_px
        Standard deviation of the step, along x and along y, that is added in
        every frame: a Gaussian walk. Steps are keyed by the seed.
    """

    type: Literal["moving_image"] = "moving_image"
    path: str
    speed_px_s: NotNegative = 0.0
    direction_deg: Number = 0.0
    jitter_px: NotNegative = 0.0
    seed: Whole = 0

    @field_validator("path")
    @classmethod
    def _is_there(cls, path: str) -> str:
        if not Path(path).is_file():
            raise InputError("the picture is not there", expected="a file", found=path)
        return path

    def positions_px(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Give how far the picture has moved at some frames, ``(time, 2)``: rightward and up."""
        drift = self.speed_px_s * self.times_s(start, stop)[:, np.newaxis]
        moved = drift * np.array(heading(self.direction_deg))
        if self.jitter_px:
            # Frame 0 is where it was; the same numbers come however many are drawn.
            steps = generator(self.seed, self.type).standard_normal((max(stop, 1), 2))
            steps[0] = 0
            moved = moved + self.jitter_px * np.cumsum(steps, axis=0)[start:stop]
        return np.asarray(moved)

    def paint(self, out: npt.NDArray[np.float32], start: int, gain: float, mean: float) -> None:
        """Write frames from `start` on into `out` (see `Stimulus.paint`)."""
        picture = _grey(self.path, Path(self.path).stat().st_mtime_ns)
        tall, wide = picture.shape
        if tall < self.height or wide < self.width:
            raise InputError(
                "the picture is smaller than the field",
                expected=f"{self.height} x {self.width} or more",
                found=f"{tall} x {wide}",
            )
        top, left = (tall - self.height) // 2, (wide - self.width) // 2
        for frame, (x, y) in zip(
            out[0], self.positions_px(start, start + out.shape[1]), strict=True
        ):
            row, column = top + y, left - x
            r, c = int(np.floor(row)), int(np.floor(column))
            rows = np.arange(r, r + self.height + 1) % tall
            columns = np.arange(c, c + self.width + 1) % wide
            part = picture[np.ix_(rows, columns)]
            part = part[:-1] * (1 - (row - r)) + part[1:] * (row - r)
            part = part[:, :-1] * (1 - (column - c)) + part[:, 1:] * (column - c)
            frame[:] = mean + gain * part
        out[1:] = out[0]


@lru_cache(maxsize=4)
def _grey(path: str, _changed: int) -> npt.NDArray[np.float64]:
    """Read a picture as luminance from -1 to 1; again when the file has changed."""
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("L"), np.float64) / 127.5 - 1
    except FileNotFoundError:
        raise NotFoundError("the picture is not there", path=path) from None
    except (UnidentifiedImageError, OSError) as error:
        raise DataError(f"the picture cannot be read: {error}", path=path) from error
