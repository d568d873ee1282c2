"""White noise on a grid of checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

from neuroai_core.rng import generator
from stimulus_protocols.stimuli.stimulus import Stimulus
from stimulus_protocols.values import Size, Whole

_BYTES = np.arange(256, dtype=np.uint8)[:, np.newaxis]
#: The eight signals that a random byte stands for.
_SIGNS = 2 * np.unpackbits(_BYTES, axis=1, bitorder="little").astype(np.float32) - 1


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

    def paint(self, out: npt.NDArray[np.float32], start: int, gain: float, mean: float) -> None:
        """Write frames from `start` on into `out` (see `Stimulus.paint`)."""
        drawn = 1 if self.channels_alike else self.channels
        if self.distribution == "binary" and self._plain:
            self._bits(out[:drawn], start, gain, mean)
            out[drawn:] = out[:1]
            return
        rows, columns = -(-self.height // self.check_px), -(-self.width // self.check_px)

        def checks(update: int) -> npt.NDArray[np.float32]:
            signal = self._checks(update, drawn * rows * columns)
            signal *= np.float32(gain)
            signal += np.float32(mean)
            return signal.reshape(drawn, rows, columns)

        show_checks(out[:drawn], start, self.check_px, self.frames_per_update, checks)
        out[drawn:] = out[:1]

    @property
    def _plain(self) -> bool:
        """Whether every pixel of every frame is a draw of its own."""
        whole_bytes = self.height * self.width % 8 == 0
        return self.check_px == self.frames_per_update == 1 and whole_bytes

    def _checks(self, update: int, count: int) -> npt.NDArray[np.float32]:
        """Draw the signals of the checks of an update, ``(count,)``."""
        if self.distribution == "binary":
            bits = np.take(_SIGNS, self._words(update, 1, count)[0], axis=0)
            return np.asarray(bits.ravel()[:count])
        draw = generator(self.seed, "white_noise", self.distribution, update)
        if self.distribution == "gaussian":
            return draw.standard_normal(count, dtype=np.float32)
        if self.distribution == "ternary":
            return draw.integers(-1, 2, count, dtype=np.int8).astype(np.float32)
        return np.asarray(2 * draw.random(count, dtype=np.float32) - 1)

    def _words(self, update: int, updates: int, count: int) -> npt.NDArray[np.uint8]:
        """Draw `count` random bits for each of some updates: bytes ``(updates, >= count / 8)``."""
        # The generator counts in blocks of 4 words, so each update is a jump away.
        blocks = -(-count // 256)
        source = generator(self.seed, "white_noise", "binary").bit_generator
        source.advance(update * blocks)  # type: ignore[attr-defined]
        words = source.random_raw(4 * blocks * updates).astype("<u8", copy=False)
        return np.asarray(words.view(np.uint8).reshape(updates, 32 * blocks))

    def _bits(self, out: npt.NDArray[np.float32], start: int, gain: float, mean: float) -> None:
        """Fill 8 pixels a random byte, at the speed of memory."""
        channels, frames, *_ = out.shape
        eights = self.height * self.width // 8
        drawn = self._words(start, frames, 8 * eights * channels)
        levels = (mean + np.float32(gain) * _SIGNS).astype(np.float32)
        for channel, shown in enumerate(out):
            bits = drawn[:, channel * eights : (channel + 1) * eights]
            np.take(levels, bits, axis=0, out=shown.reshape(frames, eights, 8), mode="clip")


def show_checks(
    out: npt.NDArray[np.float32],
    start: int,
    check_px: int,
    frames_per_update: int,
    checks: Callable[[int], npt.NDArray[np.float32]],
) -> None:
    """Fill frames with checks that are held for some frames.

    Parameters
    ----------
    out
        ``(channels, time, height, width)``.
    start
        The first frame.
    check_px, frames_per_update
        Side of a check, counted from the top left, and how long it is held.
    checks
        Gives ``(channels, rows, columns)`` for the number of an update.
    """
    height, width = out.shape[2:]
    for at in range(out.shape[1]):
        frame = start + at
        if at and frame % frames_per_update:
            out[:, at] = out[:, at - 1]
            continue
        drawn = checks(frame // frames_per_update)
        if check_px > 1:
            drawn = drawn.repeat(check_px, 1).repeat(check_px, 2)
        out[:, at] = drawn[:, :height, :width]
