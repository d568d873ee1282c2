"""What is fixed in the recordings of Karamanlis et al. 2024 (doi:10.1038/s41586-024-08212-3)."""

from __future__ import annotations

from typing import Literal

from retina_data.cards import CARDS

Species = Literal["mouse", "marmoset"]
StimulusName = Literal[
    "fixationmovie", "gratingflicker", "imagesequence", "frozencheckerflicker", "gratingflashes"
]

FOLDER = f"{CARDS['karamanlis_2024'].folder}/sessions"
#: Response values a second, where the file beside the stimulus does not say.
RATES_HZ: dict[Species, float] = {"mouse": 75.0, "marmoset": 85.0}
#: Width of a screen pixel on the retina, where the file does not say (2.5 in a few recordings).
PIXEL_UM = 7.5
#: Height and width of the screen in pixels, and of the frames that are made of it here.
SCREEN, SIZE = (600, 800), (60, 80)
#: Frames of a clip that validation is drawn from.
CLIP_LENGTH = 75
