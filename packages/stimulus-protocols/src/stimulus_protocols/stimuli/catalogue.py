"""All computed stimuli, by the name that stands in their `type`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias, get_args

from pydantic import Field

from stimulus_protocols.stimuli import composition
from stimulus_protocols.stimuli.bars import MovingBar
from stimulus_protocols.stimuli.composition import InTurn, Together
from stimulus_protocols.stimuli.discs import Annulus, Looming, Spot
from stimulus_protocols.stimuli.dots import RandomDots
from stimulus_protocols.stimuli.full_field import Chirp, ContrastStep, Flash, Flickering, Uniform
from stimulus_protocols.stimuli.gratings import Grating
from stimulus_protocols.stimuli.m_sequences import MSequence
from stimulus_protocols.stimuli.moving_images import MovingImage
from stimulus_protocols.stimuli.sparse import LocallySparseNoise, SparseNoise
from stimulus_protocols.stimuli.stimulus import Stimulus
from stimulus_protocols.stimuli.textures import MotionCloud, PinkNoise
from stimulus_protocols.stimuli.white_noise import WhiteNoise

#: Every kind of stimulus, in the order in which they are listed.
KINDS: tuple[type[Stimulus], ...] = (
    Grating,
    MovingBar,
    Uniform,
    Flash,
    Flickering,
    ContrastStep,
    Chirp,
    Spot,
    Annulus,
    Looming,
    WhiteNoise,
    SparseNoise,
    LocallySparseNoise,
    MSequence,
    PinkNoise,
    MotionCloud,
    RandomDots,
    MovingImage,
    Together,
    InTurn,
)

#: The kinds by name.
BY_TYPE: dict[str, type[Stimulus]] = {
    get_args(kind.model_fields["type"].annotation)[0]: kind for kind in KINDS
}

if TYPE_CHECKING:
    AnyStimulus: TypeAlias = Stimulus
else:
    from typing import Union

    AnyStimulus = Annotated[Union[KINDS], Field(discriminator="type")]  # noqa: UP007
    # Stimuli made of stimuli could not name all kinds before these were there.
    for _kind in (Together, InTurn):
        _kind.model_rebuild(_types_namespace={**vars(composition), "AnyStimulus": AnyStimulus})
