"""Quantities that go round: head direction, phase, orientation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]


@dataclass(frozen=True)
class Circle:
    """The range of a circular quantity: values from `low` to ``low + period``.

    Examples
    --------
    >>> Circle(360.0).wrapped(np.array([-90.0, 360.0])).tolist()
    [270.0, 0.0]
    >>> Circle(360.0).arc(np.array([358.0])).tolist()
    [-2.0]
    """

    period: float
    low: float = 0.0

    def wrapped(self, values: Values) -> Values:
        """Bring values into the range."""
        return self.low + np.mod(values - self.low, self.period)

    def arc(self, difference: Values) -> Values:
        """Give the shortest way round, between half a period back and half a period on."""
        half = self.period / 2
        return np.mod(difference + half, self.period) - half

    def points(self, values: Values) -> Values:
        """Put values on the unit circle, shape ``(..., 2)``."""
        angles = values * (2 * np.pi / self.period)
        return np.stack([np.cos(angles), np.sin(angles)], axis=-1)

    def values(self, points: Values) -> Values:
        """Take values back from points at any distance from the middle but 0."""
        angles = np.arctan2(points[..., 1], points[..., 0])
        return self.wrapped(angles * (self.period / (2 * np.pi)))
