"""Sparse and locally sparse noise."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from neuroai_core.rng import generator
from stimulus_protocols.stimuli.stimulus import Stimulus
from stimulus_protocols.stimuli.white_noise import show_checks
from stimulus_protocols.values import Fraction01, NotNegative, Size, Whole


class SparseNoise(Stimulus):
    """Bright and dark checks, few at a time, on the mean.

    Every update is a function of ``(seed, update)`` alone.

    Parameters
    ----------
    check_px, frames_per_update, seed
        As for white noise.
    density
        The probability of a check not to be the mean; half of those are bright.
    """

    type: Literal["sparse_noise"] = "sparse_noise"
    check_px: Size = 1
    frames_per_update: Size = 1
    density: Fraction01 = 0.1
    seed: Whole = 0

    def paint(self, out: npt.NDArray[np.float32], start: int, gain: float, mean: float) -> None:
        """Write frames from `start` on into `out` (see `Stimulus.paint`)."""

        def shown(update: int) -> npt.NDArray[np.float32]:
            return np.asarray(mean + np.float32(gain) * self.checks(update)[np.newaxis])

        show_checks(out[:1], start, self.check_px, self.frames_per_update, shown)
        out[1:] = out[:1]

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of checks."""
        return -(-self.height // self.check_px), -(-self.width // self.check_px)

    def checks(self, update: int) -> npt.NDArray[np.float32]:
        """Draw the signals of an update, ``(rows, columns)``: -1, 0 or 1."""
        u = generator(self.seed, self.type, update).random(self.grid)
        bright, any_ = u < self.density / 2, u < self.density
        return np.where(bright, 1, np.where(any_, -1, 0)).astype(np.float32)


class LocallySparseNoise(SparseNoise):
    """Sparse noise of which no two checks that differ from the mean are near each other.

    As in the Allen Brain Observatory (de Vries et al. 2020,
    doi:10.1038/s41593-019-0550-9). Checks are placed in a random order, each
    where no earlier one is near, until no place is left or `density` is reached.

    Parameters
    ----------
    exclusion_checks
        Two placed checks are more than this far apart, in checks.
    """

    type: Literal["locally_sparse_noise"] = "locally_sparse_noise"  # type: ignore[assignment]
    exclusion_checks: NotNegative = 5.0
    density: Fraction01 = 1.0

    def checks(self, update: int) -> npt.NDArray[np.float32]:
        """Draw the signals of an update, ``(rows, columns)``: -1, 0 or 1."""
        rows, columns = self.grid
        draw = generator(self.seed, self.type, update)
        order = draw.permutation(rows * columns)
        signs = 2 * draw.integers(0, 2, rows * columns) - 1
        signal = np.zeros((rows, columns), np.float32)
        free = np.ones((rows, columns), np.bool_)
        y, x = np.arange(rows)[:, np.newaxis], np.arange(columns)
        most = round(self.density * rows * columns)
        placed = 0
        for place in order:
            row, column = divmod(int(place), columns)
            if placed == most:
                break
            if free[row, column]:
                signal[row, column] = signs[place]
                free &= (y - row) ** 2 + (x - column) ** 2 > self.exclusion_checks**2
                placed += 1
        return signal
