"""Noise on what is presented, with a stated signal-to-noise ratio."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from neuroai_core.errors import DataError, InputError
from neuroai_core.rng import Key, generator
from stimulus_protocols.values import Positive, Value, Whole

Array = npt.NDArray[np.float64]

#: After how many time constants the memory of correlated noise is cut off.
_MEMORY = 6


class Noise(Value):
    """Noise that is added to every frame of a trial.

    A frame's noise is a function of ``(seed, image, frame)`` alone.

    Parameters
    ----------
    kind
        ``"gaussian"`` and ``"uniform"``: each pixel and channel for itself;
        ``"pink"``: 1/f, the same in all channels; ``"phase_scrambled"``: the
        trial's own first image with random phases, shared by its channels;
        ``"salt_and_pepper"``: some pixels become the image's least or greatest
        value; ``"poisson"``: counts of photons, more where it is brighter.
    snr
        Signal-to-noise ratio: variance of the trial's first image over that of
        the noise.
    dynamics
        ``"static"``: the same in all frames; ``"dynamic"``: drawn anew in
        each; ``"correlated"``: drawn anew, with a correlation over time of
        ``exp(-lag / tau_frames)``.
    tau_frames
        For correlated noise.
    where
        ``"all"`` frames, blanks too, or only where there is a ``"stimulus"``.

    Raises
    ------
    InputError
        For a ratio of 0 (that is noise alone, of any strength), and for
        Poisson or salt-and-pepper noise that is correlated over time, which
        are no sums.
    """

    kind: Literal[
        "gaussian", "uniform", "pink", "phase_scrambled", "salt_and_pepper", "poisson"
    ] = "gaussian"
    snr: Positive
    dynamics: Literal["static", "dynamic", "correlated"] = "dynamic"
    tau_frames: Positive | None = None
    where: Literal["all", "stimulus"] = "all"
    seed: Whole = 0

    @model_validator(mode="after")
    def _agrees(self) -> Noise:
        if (self.dynamics == "correlated") != (self.tau_frames is not None):
            raise InputError(
                "a time constant belongs to correlated noise, and it to a time constant",
                key="tau_frames",
                found=f"dynamics {self.dynamics!r}, tau_frames {self.tau_frames}",
            )
        if self.dynamics == "correlated" and self.kind in ("poisson", "salt_and_pepper"):
            raise InputError(
                f"{self.kind} noise cannot be correlated over time",
                key="dynamics",
                expected="'static' or 'dynamic'",
            )
        return self

    def of(self, image: Array, picture: Array, key: Key, frame: int) -> Array:
        """Give the noise on one frame of one trial.

        Parameters
        ----------
        image
            ``(channels, height, width)``: the trial's first image, which says
            how strong the noise is.
        picture
            What the frame shows without noise, same shape.
        key, frame
            Of the trial and the frame.

        Returns
        -------
        float64 array of the same shape, to be added.

        Raises
        ------
        DataError
            If the image cannot have noise of this kind and strength.
        """
        variance = float(image.var()) / self.snr
        if variance == 0:
            return np.zeros_like(picture)
        if self.kind == "salt_and_pepper":
            return self._salt_and_pepper(image, picture, variance, key, frame)
        if self.kind == "poisson":
            return self._poisson(image, picture, variance, key, frame)
        return math.sqrt(variance) * self._unit(image, key, frame)

    def _number(self, frame: int) -> int:
        return 0 if self.dynamics == "static" else frame

    def _unit(self, image: Array, key: Key, frame: int) -> Array:
        """Give noise of variance 1."""
        if self.tau_frames is None:
            return self._draw(image, key, self._number(frame))
        # A sum of independent frames whose weights decay: correlation exp(-lag / tau).
        weights = np.exp(-np.arange(math.ceil(_MEMORY * self.tau_frames)) / self.tau_frames)
        weights /= math.sqrt(float((weights**2).sum()))
        drawn = (w * self._draw(image, key, frame - lag) for lag, w in enumerate(weights))
        return np.asarray(sum(drawn))

    def _draw(self, image: Array, key: Key, number: int) -> Array:
        draw = generator(self.seed, "noise", self.kind, key, number)
        if self.kind == "gaussian":
            return draw.standard_normal(image.shape)
        if self.kind == "uniform":
            return draw.uniform(-math.sqrt(3), math.sqrt(3), image.shape)
        if self.kind == "pink":
            return np.broadcast_to(_pink(draw, image.shape[1:]), image.shape)
        scrambled = scramble(image, draw)
        scrambled = scrambled - image.mean(axis=(1, 2), keepdims=True)
        return np.asarray(scrambled / math.sqrt(float(image.var(axis=(1, 2)).mean())))

    def _salt_and_pepper(
        self, image: Array, picture: Array, variance: float, key: Key, frame: int
    ) -> Array:
        low, high = image.min(), image.max()
        share = variance / float((((low - image) ** 2 + (high - image) ** 2) / 2).mean())
        if share > 1:
            raise DataError(
                "salt-and-pepper noise cannot be so strong: every pixel would be replaced",
                key="snr",
                expected=f"{self.snr * share:.3g} or more for this image",
                found=self.snr,
            )
        u = generator(self.seed, "noise", self.kind, key, self._number(frame)).random(image.shape)
        replaced = np.where(u < share / 2, low, np.where(u < share, high, picture))
        return np.asarray(replaced - picture)

    def _poisson(
        self, image: Array, picture: Array, variance: float, key: Key, frame: int
    ) -> Array:
        # Counts above the darkest pixel: their variance is their mean over the gain.
        low = min(float(image.min()), float(picture.min()))
        photons = float((image - low).mean()) / variance
        draw = generator(self.seed, "noise", self.kind, key, self._number(frame))
        counted = draw.poisson(np.maximum(picture - low, 0) * photons) / photons + low
        return np.asarray(counted - picture)


def scramble(image: Array, draw: np.random.Generator) -> Array:
    """Give an image random phases: the same spectrum and mean, nothing to recognise.

    The same phases are added in every channel, so colours stay.

    Parameters
    ----------
    image
        ``(channels, height, width)``.
    draw
        Where the phases come from.
    """
    height, width = image.shape[1:]
    # Phases of real noise have the symmetry that keeps the image real.
    noise = np.fft.rfft2(draw.standard_normal((height, width)))
    turn = noise / np.maximum(abs(noise), np.finfo(float).tiny)
    turn[0, 0] = 1
    return np.asarray(np.fft.irfft2(np.fft.rfft2(image) * turn, s=(height, width)))


def _pink(draw: np.random.Generator, shape: tuple[int, ...]) -> Array:
    white = draw.standard_normal(shape)
    noise = np.fft.irfft2(np.fft.rfft2(white) * _falling(shape[0], shape[1]), s=shape)
    return np.asarray(noise / max(float(noise.std()), np.finfo(float).tiny))


@lru_cache(maxsize=8)
def _falling(height: int, width: int) -> Array:
    """Give 1/f as an amplitude, without the mean."""
    frequency = np.hypot(np.fft.fftfreq(height)[:, np.newaxis], np.fft.rfftfreq(width))
    frequency[0, 0] = 1
    amplitude = 1 / frequency
    amplitude[0, 0] = 0
    return np.asarray(amplitude)
