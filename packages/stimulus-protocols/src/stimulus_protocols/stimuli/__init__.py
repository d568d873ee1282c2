"""Computed stimuli.

Shapes are ``(channels, time, height, width)``. Coordinates: x rightward, y up,
origin at the image centre, so the centre of column `j` is at
``j - (width - 1) / 2`` pixels. A direction is a direction of motion: 0 deg is
rightward, counter-clockwise. Frame `k` shows the time ``k / frame_rate_hz``.
"""

from stimulus_protocols.stimuli.bars import MovingBar
from stimulus_protocols.stimuli.gratings import Grating
from stimulus_protocols.stimuli.stimulus import Stimulus
from stimulus_protocols.stimuli.white_noise import WhiteNoise

__all__ = ["Grating", "MovingBar", "Stimulus", "WhiteNoise"]
