"""What is fixed in the recordings of Hoefling et al. 2024 (doi:10.7554/eLife.86860)."""

from __future__ import annotations

from typing import Literal

from retina_data.sessions import Recording

Resolution = Literal["low", "high"]
StimulusName = Literal["natural", "chirp", "mb"]
Trace = Literal["spikes", "raw", "preprocessed", "detrended"]

#: Frames a second of the movie, and of the responses after interpolation.
RATE_HZ = 30
#: Frames of a clip.
CLIP_LENGTH = 150
#: Clips of the training movie.
NUM_CLIPS = 108
#: Clips of the test movie, and how often it was shown.
TEST_CLIPS, REPEATS = 5, 3
#: From a clip's trigger to its last frame, in seconds.
CLIP_S = 4.9666667
#: For the stimuli that identify cell types: triggers of a repetition, from which of them the
#: responses are taken, their duration in seconds, and their frames at RATE_HZ. Of a chirp the
#: second trigger comes 5 s after the first; of a moving bar each direction has one.
CHIRP_S, CHIRP_FRAMES, CHIRP_TRIGGERS = 32.98999999, 990, 2
BAR_S, BAR_FRAMES = 4.054001, 123
#: Directions of motion of the moving bar, in degrees, in the order they were shown.
BAR_DIRECTIONS_DEG = (0, 180, 45, 225, 90, 270, 135, 315)
#: Clips for validation in the paper's models.
VALIDATION_CLIPS = (0, 4, 10, 11, 18, 30, 45, 62, 67, 77, 79, 80, 81, 83, 95)
#: Labelled left in the file, in truth a right eye.
MISLABELLED_RIGHT = "session_2_ventral2_20200626"

FOLDER = "euler_lab/hoefling_2024"
MOVIES: dict[Resolution, str] = {
    "low": f"{FOLDER}/stimuli/rgc_natstim_18x16_joint_normalized_2024-01-11.zip",
    "high": f"{FOLDER}/stimuli/rgc_natstim_72x64_joint_normalized_2024-10-11.zip",
}
RESPONSES = f"{FOLDER}/responses/rgc_natstim_2024-08-14.zip"
#: Height and width of a frame, in pixels, and a pixel on the retina, in um.
SIZES: dict[Resolution, tuple[int, int]] = {"low": (18, 16), "high": (72, 64)}
PIXELS_UM: dict[Resolution, float] = {"low": 50.0, "high": 12.5}

RECORDING = Recording(
    species="mouse",
    method="two-photon calcium imaging",
    rate_hz=RATE_HZ,
    units="inferred spikes, divided by their standard deviation",
    doi="10.7554/eLife.86860",
)


def test_blocks(num_clips: int) -> tuple[int, int, int]:
    """Give the places, in clips, at which the three showings of the test movie begin."""
    half = num_clips // 2
    return 0, TEST_CLIPS + half, 2 * TEST_CLIPS + 2 * half
