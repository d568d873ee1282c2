"""Checkerboards that follow an m-sequence."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from neuroai_core.errors import InputError
from stimulus_protocols.stimuli.stimulus import Stimulus
from stimulus_protocols.stimuli.white_noise import show_checks
from stimulus_protocols.values import Size, Whole

#: Primitive polynomials over two elements: the exponents of each beside 0.
_TAPS = {
    2: (2, 1),
    3: (3, 2),
    4: (4, 3),
    5: (5, 3),
    6: (6, 5),
    7: (7, 6),
    8: (8, 6, 5, 4),
    9: (9, 5),
    10: (10, 7),
    11: (11, 9),
    12: (12, 11, 10, 4),
    13: (13, 12, 11, 8),
    14: (14, 13, 12, 2),
    15: (15, 14),
    16: (16, 15, 13, 4),
}


@lru_cache(maxsize=8)
def m_sequence(order: int) -> npt.NDArray[np.int8]:
    """Compute the binary sequence of maximal length of a shift register.

    Parameters
    ----------
    order
        Bits of the register, 2 to 16.

    Returns
    -------
    int8 array of -1 and 1, read-only, of length ``2**order - 1``. Its
    circular autocorrelation is that length at lag 0 and -1 elsewhere. Source:
    Golomb, Shift Register Sequences (1967).

    Examples
    --------
    >>> m_sequence(3).tolist()
    [-1, -1, -1, 1, 1, -1, 1]
    """
    if order not in _TAPS:
        raise InputError("there is no such order", key="order", expected="2 to 16", found=order)
    length = 2**order - 1
    bits = np.ones(length, np.int8)
    taps = _TAPS[order]
    for n in range(order, length):
        bits[n] = sum(int(bits[n - tap]) for tap in taps) % 2
    sequence = (1 - 2 * bits).astype(np.int8)
    sequence.setflags(write=False)
    return sequence


class MSequence(Stimulus):
    """A checkerboard whose checks follow one m-sequence, each at a lag of its own.

    Parameters
    ----------
    order
        The sequence is ``2**order - 1`` updates long, and then begins again.
    check_px, frames_per_update
        Side of a check, and how long it is held.
    lag
        Updates between the sequences of neighbouring checks in reading order;
        by default as many as spread all checks evenly over the sequence.

    Examples
    --------
    >>> board = MSequence(frames=7, height=1, width=2, order=3)
    >>> board.signal()[0, :, 0, 0].tolist()
    [-1.0, -1.0, -1.0, 1.0, 1.0, -1.0, 1.0]
    """

    type: Literal["m_sequence"] = "m_sequence"
    order: Annotated[Whole, Field(ge=2, le=16)] = 10
    check_px: Size = 1
    frames_per_update: Size = 1
    lag: Size | None = None

    @model_validator(mode="after")
    def _checks_fit(self) -> MSequence:
        length, (rows, columns) = 2**self.order - 1, self.grid
        if rows * columns * (self.lag or 1) > length:
            raise InputError(
                "there are more checks than the sequence has lags",
                key="order",
                expected=f"at most {length} checks times lags between them",
                found=f"{rows} x {columns} checks, lag {self.lag or 1}",
            )
        return self

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of checks."""
        return -(-self.height // self.check_px), -(-self.width // self.check_px)

    @property
    def lags(self) -> npt.NDArray[np.int64]:
        """How many updates the sequence of each check is ahead, ``(rows, columns)``."""
        rows, columns = self.grid
        step = self.lag or (2**self.order - 1) // (rows * columns)
        return (np.arange(rows * columns) * step).reshape(rows, columns)

    def paint(self, out: npt.NDArray[np.float32], start: int, gain: float, mean: float) -> None:
        """Write frames from `start` on into `out` (see `Stimulus.paint`)."""
        sequence = m_sequence(self.order).astype(np.float32)
        levels, lags = (mean + gain * sequence).astype(np.float32), self.lags[np.newaxis]

        def shown(update: int) -> npt.NDArray[np.float32]:
            return levels[(lags + update) % len(levels)]

        show_checks(out[:1], start, self.check_px, self.frames_per_update, shown)
        out[1:] = out[:1]
