"""Windows through which a stimulus is seen, as weights from 0 to 1."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from neuroai_core.errors import InputError
from stimulus_protocols.stimuli.coverage import disc_coverage
from stimulus_protocols.stimuli.geometry import grid
from stimulus_protocols.values import NotNegative, Number, Positive, Value


class Aperture(Value):
    """A window around a point.

    Parameters
    ----------
    x_px, y_px
        Its middle: pixels rightward and up from the image centre.
    """

    x_px: Number = 0.0
    y_px: Number = 0.0

    @abstractmethod
    def window(self, height: int, width: int) -> npt.NDArray[np.float64]:
        """Give the weight of every pixel, ``(height, width)``, 0 to 1."""

    def _distance(self, height: int, width: int) -> npt.NDArray[np.float64]:
        x, y = grid(height, width)
        return np.hypot(x - self.x_px, (y - self.y_px)[:, np.newaxis])


class Disc(Aperture):
    """All within a radius; pixels at the edge by the part of their area that is inside.

    Examples
    --------
    >>> float(Disc(radius_px=5).window(21, 21).sum() / (np.pi * 5**2)).__round__(4)
    1.0
    """

    type: Literal["disc"] = "disc"
    radius_px: Positive

    def window(self, height: int, width: int) -> npt.NDArray[np.float64]:
        """Give the weight of every pixel, ``(height, width)``, 0 to 1."""
        x, y = grid(height, width)
        return disc_coverage(x - self.x_px, y - self.y_px, self.radius_px)


class Ring(Aperture):
    """All between two radii, by the part of each pixel's area that is inside."""

    type: Literal["ring"] = "ring"
    inner_px: NotNegative
    outer_px: Positive

    @model_validator(mode="after")
    def _ordered(self) -> Ring:
        if self.inner_px >= self.outer_px:
            raise InputError(
                "a ring is empty",
                key="inner_px",
                expected=f"less than outer_px, {self.outer_px:g}",
                found=self.inner_px,
            )
        return self

    def window(self, height: int, width: int) -> npt.NDArray[np.float64]:
        """Give the weight of every pixel, ``(height, width)``, 0 to 1."""
        x, y = grid(height, width)
        x, y = x - self.x_px, y - self.y_px
        return disc_coverage(x, y, self.outer_px) - disc_coverage(x, y, self.inner_px)


class RaisedCosine(Aperture):
    """A disc whose edge falls off as half a cosine, from `radius_px` over `edge_px` to 0."""

    type: Literal["raised_cosine"] = "raised_cosine"
    radius_px: NotNegative
    edge_px: Positive

    def window(self, height: int, width: int) -> npt.NDArray[np.float64]:
        """Give the weight of every pixel, ``(height, width)``, 0 to 1."""
        beyond = (self._distance(height, width) - self.radius_px) / self.edge_px
        return np.asarray(0.5 + 0.5 * np.cos(np.pi * np.clip(beyond, 0, 1)))


class GaussianWindow(Aperture):
    """A Gaussian, ``exp(-r^2 / (2 sigma_px^2))``."""

    type: Literal["gaussian"] = "gaussian"
    sigma_px: Positive

    def window(self, height: int, width: int) -> npt.NDArray[np.float64]:
        """Give the weight of every pixel, ``(height, width)``, 0 to 1."""
        return np.asarray(np.exp(-(self._distance(height, width) ** 2) / (2 * self.sigma_px**2)))


AnyAperture: TypeAlias = Annotated[
    Disc | Ring | RaisedCosine | GaussianWindow, Field(discriminator="type")
]
