"""All computed stimuli, by the name that stands in their `type`."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from stimulus_protocols.stimuli.bars import MovingBar
from stimulus_protocols.stimuli.gratings import Grating
from stimulus_protocols.stimuli.white_noise import WhiteNoise

AnyStimulus: TypeAlias = Annotated[Grating | MovingBar | WhiteNoise, Field(discriminator="type")]
