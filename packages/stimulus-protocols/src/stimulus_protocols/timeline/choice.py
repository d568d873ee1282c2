"""One of several timelines, drawn for every trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field, model_validator

from neuroai_core.errors import InputError
from neuroai_core.rng import Key, generator
from stimulus_protocols.table import Writer
from stimulus_protocols.timeline.timeline import Timeline
from stimulus_protocols.values import NotNegative

if TYPE_CHECKING:
    # At run time, all kinds of timelines: `catalogue` says which.
    AnyTimeline = Timeline


class Choice(Timeline):
    """One of several timelines, drawn for every trial.

    Parameters
    ----------
    options
        The timelines to draw from.
    weights
        How often each is drawn, relative to each other; equally often by default.
    """

    type: Literal["choice"] = "choice"
    options: tuple[AnyTimeline, ...] = Field(min_length=1)
    weights: tuple[NotNegative, ...] | None = None

    @model_validator(mode="after")
    def _weighted(self) -> Choice:
        if self.weights is not None and (
            len(self.weights) != len(self.options) or sum(self.weights) == 0
        ):
            raise InputError(
                "the weights do not fit the options",
                key="weights",
                expected=f"{len(self.options)} numbers, not all 0",
                found=list(self.weights),
            )
        return self

    def __len__(self) -> int:
        return max(map(len, self.options))

    @property
    def children(self) -> tuple[Timeline, ...]:
        """The timelines to draw from."""
        return self.options

    @property
    def is_random(self) -> bool:
        """Always."""
        return True

    def resolve(self, *keys: Key) -> Timeline:
        """Draw one, and what is random in it."""
        weights = np.asarray(self.weights or [1.0] * len(self.options))
        drawn = generator(*keys, "choice").random() * weights.sum()
        index = int(np.searchsorted(np.cumsum(weights), drawn, side="right"))
        return self.options[index].resolve(*keys, index)

    def fill(self, writer: Writer, layer: int, at: int, start: int, stop: int) -> None:
        """Refuse: `table` asks for a drawn trial first."""
        raise InputError("a choice has not been drawn", hint="timeline.resolve(seed, image)")
