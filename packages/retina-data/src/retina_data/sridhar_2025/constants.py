"""What is fixed in the recordings of Sridhar et al. 2025 (doi:10.1101/2024.03.05.583449)."""

from __future__ import annotations

from typing import Literal

from retina_data.cards import CARDS
from retina_data.sessions import Recording

StimulusName = Literal["natural_movie", "whitenoise"]
FOLDER = f"{CARDS['sridhar_2025'].folder}/marmoset"
SESSIONS: dict[StimulusName, tuple[str, ...]] = {
    "natural_movie": ("01", "02", "03", "04"),
    "whitenoise": ("01", "02", "04"),
}
RESPONSES: dict[StimulusName, str] = {"natural_movie": "fixation_movie", "whitenoise": "wn"}
FIXATIONS = {
    "01": "complete_fixations_seed_2022and2023_s4_fixed.txt",
    "02": "complete_fixations_seed2022_s4.txt",
    "03": "complete_fixations_seed_2022and2023_s4_fixed.txt",
    "04": "complete_fixations_seed_2022and2023_s4_fixed.txt",
}
NOISE = {"01": 1, "02": 1, "04": 2}
#: Height and width of a source frame, of the window around a fixation, and of what is used.
SOURCE, WINDOW, SIZE = (300, 350), (150, 200), (80, 90)
#: Pixels that source frames have around the movie, and that windows lose above and left.
PADDING, CROP = 50, (35, 55)
#: Trials of which the second shows again what the first did; they stay in one split.
SAME = {9: 0, 19: 10}
#: Only these test trials of session 01 were shown the same.
TEST_TRIALS_01 = 10
CLIP_LENGTH = 300

RECORDING = Recording(
    species="marmoset",
    method="multielectrode array",
    rate_hz=85.0,
    pixel_um=30.0,
    units="spikes a frame",
    doi=CARDS["sridhar_2025"].data_doi,
)
