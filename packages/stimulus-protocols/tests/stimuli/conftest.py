from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stimulus_protocols.stimuli import (
    Annulus,
    Chirp,
    ContrastStep,
    Disc,
    Flash,
    Flickering,
    Grating,
    LocallySparseNoise,
    Looming,
    MotionCloud,
    MovingBar,
    MovingImage,
    MSequence,
    PinkNoise,
    RandomDots,
    SparseNoise,
    Spot,
    Stimulus,
    Uniform,
    WhiteNoise,
    in_turn,
    plaid,
    together,
)

SIZE = {"frames": 9, "height": 6, "width": 8, "channels": 2, "frame_rate_hz": 30.0}


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A smooth picture of 24 x 32 pixels."""
    path = tmp_path_factory.mktemp("pictures") / "smooth.png"
    y, x = np.mgrid[:24, :32]
    wave = 127.5 + 100 * np.cos(2 * np.pi * x / 16) * np.cos(2 * np.pi * y / 12)
    Image.fromarray(np.rint(wave).astype(np.uint8)).save(path)
    return path


@pytest.fixture(scope="session")
def one_of_each(picture: Path) -> dict[str, Stimulus]:
    grating = Grating(**SIZE, spatial_frequency_cpp=0.13, temporal_frequency_hz=2.7)
    return {
        "grating": grating,
        "moving_bar": MovingBar(**SIZE, width_px=2, length_px=3, speed_px_s=40, direction_deg=33),
        "uniform": Uniform(**SIZE),
        "flash": Flash(**SIZE, onset_s=0.1, duration_s=0.1),
        "flickering": Flickering(**SIZE, temporal_frequency_hz=4),
        "contrast_step": ContrastStep(**SIZE, temporal_frequency_hz=4, step_s=0.15),
        "chirp": Chirp(**{**SIZE, "frame_rate_hz": 20.0, "frames": 660}),
        "spot": Spot(**SIZE, radius_px=2.2, x_px=1, onset_s=0.1, aperture=Disc(radius_px=2)),
        "annulus": Annulus(**SIZE, radius_px=3, inner_px=1.5),
        "looming": Looming(**SIZE, l_over_v_s=0.05, collision_s=0.25, distance_px=10),
        "white_noise": WhiteNoise(**SIZE, frames_per_update=2, channel_contrasts=(1, -0.5)),
        "sparse_noise": SparseNoise(**SIZE, check_px=2, frames_per_update=3),
        "locally_sparse_noise": LocallySparseNoise(**SIZE, exclusion_checks=2),
        "m_sequence": MSequence(**SIZE, order=8, check_px=2),
        "pink_noise": PinkNoise(**SIZE, frames_per_update=2),
        "motion_cloud": MotionCloud(**SIZE, period_frames=6),
        "random_dots": RandomDots(**SIZE, dots=12, coherence=0.5, lifetime_s=0.11),
        "moving_image": MovingImage(**SIZE, path=str(picture), speed_px_s=12, jitter_px=0.4),
        "together": together(grating, Flash(**SIZE, contrast=0.2)),
        "in_turn": in_turn(Uniform(**SIZE), plaid(grating, 60), grating),
    }
