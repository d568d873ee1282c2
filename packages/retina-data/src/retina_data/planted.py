"""Neurons with known receptive fields, for synthetic recordings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuroai_core import rng

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Planted:
    """Linear-nonlinear neurons: a place, a time course and a colour each.

    Attributes
    ----------
    space
        ``(neurons, height, width)``, unit norm.
    time
        ``(neurons, lags)``, unit norm; lag 0 is the frame shown at the time
        of the response.
    colour
        ``(neurons, channels)``, unit norm.
    """

    space: Floats
    time: Floats
    colour: Floats

    @property
    def receptive_fields(self) -> Floats:
        """``(neurons, channels, lags, height, width)``, unit norm."""
        fields = np.einsum("nc,nt,nhw->ncthw", self.colour, self.time, self.space)
        return np.asarray(fields, np.float32)

    def drive(self, movie: npt.NDArray[np.floating]) -> Floats:
        """Filter a movie ``(channels, time, height, width)``: ``(neurons, time)``.

        What was before the movie counts as 0.
        """
        c, t, h, w = movie.shape
        pixels = movie.transpose(1, 0, 2, 3).reshape(t, c * h * w).astype(np.float32)
        maps = np.einsum("nc,nhw->nchw", self.colour, self.space).reshape(len(self.space), -1)
        still: Floats = maps @ pixels.T
        driven = np.zeros_like(still)
        for lag in range(self.time.shape[1]):
            driven[:, lag:] += self.time[:, lag : lag + 1] * still[:, : t - lag]
        return driven

    def rates(self, movie: npt.NDArray[np.floating]) -> Floats:
        """Give responses that are 0 or more, ``(neurons, time)``: a soft rectifier of the drive."""
        drive = self.drive(movie)
        scale = drive.std(axis=1, keepdims=True)
        rates = np.logaddexp(0, 2 * drive / np.where(scale > 0, scale, 1))
        return np.asarray(rates, np.float32)


def plant(
    neurons: int,
    *,
    size: tuple[int, int],
    channels: int = 1,
    lags: int = 12,
    peak: float = 4.0,
    seed: int = 0,
    name: str = "",
) -> Planted:
    """Draw neurons: Gaussian in space, a biphasic time course, on or off.

    Parameters
    ----------
    neurons
        How many.
    size
        Height and width in pixels.
    channels
        Colours.
    lags
        Frames of the time course.
    peak
        Lag of its first peak, in frames.
    seed, name
        They decide the neurons.
    """
    random = rng.generator(seed, name, "receptive fields")
    height, width = size
    y, x = np.mgrid[:height, :width]
    centre_y = random.uniform(0.2, 0.8, neurons)[:, None, None] * (height - 1)
    centre_x = random.uniform(0.2, 0.8, neurons)[:, None, None] * (width - 1)
    sigma = random.uniform(0.08, 0.12, neurons)[:, None, None] * min(size)
    space = np.exp(-((y - centre_y) ** 2 + (x - centre_x) ** 2) / (2 * sigma**2))
    lag = np.arange(lags)[None, :] / (peak * random.uniform(0.85, 1.15, (neurons, 1)))
    time = lag * np.exp(1 - lag) * np.cos(lag * 1.2) if lags > 1 else np.ones((neurons, 1))
    colour = random.uniform(0.5, 1, (neurons, channels)) * random.choice([-1, 1], (neurons, 1))
    return Planted(*(_unit(array) for array in (space, time, colour)))


def _unit(array: npt.NDArray[np.floating]) -> Floats:
    flat = array.reshape(len(array), -1)
    norm = np.linalg.norm(flat, axis=1).reshape(-1, *[1] * (array.ndim - 1))
    return np.asarray(array / norm, np.float32)


def noise_movie(
    frames: int,
    *,
    size: tuple[int, int],
    channels: int = 1,
    grain: int = 1,
    seed: int = 0,
    name: str = "",
) -> Floats:
    """Draw a movie of noise, ``(channels, frames, height, width)``, mean 0, sd 1.

    `grain` is the size of its squares in pixels; single pixels are smoothed a little.
    """
    random = rng.generator(seed, name, "movie")
    coarse = tuple(-(-n // grain) for n in size)
    movie = random.standard_normal((channels, frames, *coarse), dtype=np.float32)
    if grain > 1:
        squares = movie.repeat(grain, axis=2).repeat(grain, axis=3)
        return np.ascontiguousarray(squares[..., : size[0], : size[1]])
    for axis in (2, 3):
        movie = movie + 0.5 * (np.roll(movie, 1, axis) + np.roll(movie, -1, axis))
    return np.asarray(movie / movie.std(), dtype=np.float32)


def spikes(rates: npt.NDArray[np.floating], *keys: rng.Key) -> npt.NDArray[np.int64]:
    """Draw Poisson counts with these expectations."""
    return rng.generator(*keys, "spikes").poisson(rates)
