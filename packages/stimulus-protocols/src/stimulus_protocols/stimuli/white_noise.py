"""White noise on a grid of checks."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from neuroai_core.rng import generator
from stimulus_protocols.stimuli.stimulus import Stimulus
from stimulus_protocols.values import Size, Whole

_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, np.newaxis], axis=1, bitorder="little")


class WhiteNoise(Stimulus):
    """Checks that are drawn anew, each independent of every other.

    Every update is a function of ``(seed, update)`` alone, so any frames can
    be computed without those before them.

    Parameters
    ----------
    distribution
        Of the signal: ``"gaussian"`` (standard deviation 1, so the contrast
        is the RMS contrast; not clipped), ``"binary"`` (-1 or 1),
        ``"ternary"`` (-1, 0 or 1, equally often), ``"uniform"`` (-1 to 1).
    check_px
        Side of a check in pixels; checks are counted from the top left.
    frames_per_update
        How many frames show the same checks.
    channels_alike
        Whether all channels show the same checks.
    seed
        Whole number.

    Examples
    --------
    >>> noise = WhiteNoise(frames=10, height=4, width=6, distribution="binary", seed=1)
    >>> sorted(set(noise.render().ravel().tolist()))
    [0.0, 1.0]
    >>> bool((noise.render(7, 9) == noise.render()[:, 7:9]).all())
    True
    """

    type: Literal["white_noise"] = "white_noise"
    distribution: Literal["gaussian", "binary", "ternary", "uniform"] = "gaussian"
    check_px: Size = 1
    frames_per_update: Size = 1
    channels_alike: bool = False
    seed: Whole = 0

    def paint(self, out: npt.NDArray[np.float32], start: int, gain: float) -> None:
        """Write frames from `start` on into `out` (see `Stimulus.paint`)."""
        channels, count, height, width = out.shape
        drawn = 1 if self.channels_alike else channels
        rows, columns = -(-height // self.check_px), -(-width // self.check_px)
        whole = self.check_px == 1
        for at in range(count):
            frame = start + at
            if at and frame % self.frames_per_update:
                out[:drawn, at] = out[:drawn, at - 1]
                continue
            checks = self._checks(frame // self.frames_per_update, drawn * rows * columns, gain)
            checks = checks.reshape(drawn, rows, columns)
            if not whole:
                checks = checks.repeat(self.check_px, 1).repeat(self.check_px, 2)
            out[:drawn, at] = checks[:, :height, :width]
        out[drawn:] = out[:1]

    def _checks(self, update: int, count: int, gain: float) -> npt.NDArray[np.float32]:
        """Draw the luminances of the checks of an update, ``(count,)``."""
        if self.distribution == "binary":
            return self._binary(update, count, gain)
        draw = generator(self.seed, "white_noise", self.distribution, update)
        if self.distribution == "gaussian":
            signal = draw.standard_normal(count, dtype=np.float32)
        elif self.distribution == "ternary":
            signal = draw.integers(-1, 2, count, dtype=np.int8).astype(np.float32)
        else:
            signal = 2 * draw.random(count, dtype=np.float32) - 1
        return np.asarray(np.float32(self.mean) + np.float32(gain) * signal)

    def _binary(self, update: int, count: int, gain: float) -> npt.NDArray[np.float32]:
        """Draw 64 checks a random word, at the speed of memory."""
        levels = np.array([self.mean - gain, self.mean + gain], np.float32)
        # The generator counts in blocks of 4 words, so each update is a jump away.
        blocks = -(-count // 256)
        source = generator(self.seed, "white_noise", "binary").bit_generator
        source.advance(update * blocks)  # type: ignore[attr-defined]
        words = source.random_raw(4 * blocks).astype("<u8").view(np.uint8)
        return np.take(levels[_BITS], words[: -(-count // 8)], axis=0).ravel()[:count]
