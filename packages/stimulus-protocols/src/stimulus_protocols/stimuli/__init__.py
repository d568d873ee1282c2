"""Computed stimuli.

Shapes are ``(channels, time, height, width)``. Coordinates: x rightward, y up,
origin at the image centre, so the centre of column `j` is at
``j - (width - 1) / 2`` pixels. A direction is a direction of motion: 0 deg is
rightward, counter-clockwise. Frame `k` shows the time ``k / frame_rate_hz``.
"""

from stimulus_protocols.stimuli.apertures import Disc, GaussianWindow, RaisedCosine, Ring
from stimulus_protocols.stimuli.bars import MovingBar
from stimulus_protocols.stimuli.catalogue import BY_TYPE, AnyStimulus
from stimulus_protocols.stimuli.composition import (
    InTurn,
    Together,
    counterphase,
    in_turn,
    plaid,
    together,
)
from stimulus_protocols.stimuli.conventions import from_convention, to_convention
from stimulus_protocols.stimuli.discs import Annulus, Looming, Spot
from stimulus_protocols.stimuli.dots import DotTable, RandomDots
from stimulus_protocols.stimuli.full_field import (
    Chirp,
    ContrastStep,
    Flash,
    Flickering,
    FullField,
    Uniform,
)
from stimulus_protocols.stimuli.gratings import Grating
from stimulus_protocols.stimuli.m_sequences import MSequence, m_sequence
from stimulus_protocols.stimuli.moving_images import MovingImage
from stimulus_protocols.stimuli.sparse import LocallySparseNoise, SparseNoise
from stimulus_protocols.stimuli.stimulus import Stimulus
from stimulus_protocols.stimuli.textures import MotionCloud, PinkNoise
from stimulus_protocols.stimuli.white_noise import WhiteNoise

__all__ = [
    "BY_TYPE",
    "Annulus",
    "AnyStimulus",
    "Chirp",
    "ContrastStep",
    "Disc",
    "DotTable",
    "Flash",
    "Flickering",
    "FullField",
    "GaussianWindow",
    "Grating",
    "InTurn",
    "LocallySparseNoise",
    "Looming",
    "MSequence",
    "MotionCloud",
    "MovingBar",
    "MovingImage",
    "PinkNoise",
    "RaisedCosine",
    "RandomDots",
    "Ring",
    "SparseNoise",
    "Spot",
    "Stimulus",
    "Together",
    "Uniform",
    "WhiteNoise",
    "counterphase",
    "from_convention",
    "in_turn",
    "m_sequence",
    "plaid",
    "to_convention",
    "together",
]
