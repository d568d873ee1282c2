"""An example of every stimulus, protocol and preset, by its title."""

from __future__ import annotations

import os
from typing import Any

from stimulus_protocols import presets, protocols
from stimulus_protocols.stimuli import (
    Annulus,
    Chirp,
    ContrastStep,
    Flash,
    Flickering,
    GaussianWindow,
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
    counterphase,
    in_turn,
    plaid,
)
from stimulus_protocols.timeline import Timeline


def example_stimuli(
    picture: str | os.PathLike[str],
    *,
    frames: int = 60,
    height: int = 48,
    width: int = 64,
    channels: int = 1,
) -> dict[str, Stimulus]:
    """Give an example of every stimulus, by its title; at 30 Hz.

    Parameters
    ----------
    picture
        An image file for the stimulus that moves one, as large as the rest or larger.
    frames, height, width, channels
        Size of all of them; but a chirp has its own length.

    Examples
    --------
    >>> from PIL import Image
    >>> Image.new("L", (64, 48)).save("picture.png")
    >>> example_stimuli("picture.png", frames=10)["Plaid"].shape
    (1, 10, 48, 64)
    """
    size: dict[str, Any] = {"frames": frames, "height": height, "width": width}
    size |= {"channels": channels, "frame_rate_hz": 30.0}
    drifting = Grating(
        **size, spatial_frequency_cpp=0.08, temporal_frequency_hz=2, direction_deg=30
    )
    return {
        "Uniform field": Uniform(**size),
        "Drifting grating": drifting,
        "Square-wave grating": drifting.model_copy(update={"waveform": "square"}),
        "Gabor": drifting.model_copy(update={"aperture": GaussianWindow(sigma_px=9)}),
        "Plaid": plaid(drifting, 60),
        "Counterphase grating": counterphase(drifting),
        "Moving bar": MovingBar(**size, width_px=6, speed_px_s=50, direction_deg=30),
        "Moving bar of finite length": MovingBar(
            **size, width_px=6, length_px=20, speed_px_s=50, direction_deg=210, contrast=-1
        ),
        "Flash": Flash(**size, onset_s=0.5, duration_s=1),
        "Flicker": Flickering(**size, temporal_frequency_hz=2),
        "Contrast step": ContrastStep(**size, temporal_frequency_hz=4, step_s=1),
        "Chirp": Chirp(**{**size, "frames": Chirp.frames_at(30)}),
        "Spot": Spot(**size, radius_px=12, onset_s=0.5, duration_s=1),
        "Annulus": Annulus(**size, radius_px=20, inner_px=10, onset_s=0.5, duration_s=1),
        "Looming": Looming(**size, l_over_v_s=0.05, collision_s=1.8, distance_px=60, contrast=-1),
        "White noise, Gaussian": WhiteNoise(**size, contrast=0.3),
        "White noise, binary checks": WhiteNoise(
            **size, distribution="binary", check_px=4, frames_per_update=6
        ),
        "White noise, ternary": WhiteNoise(
            **size, distribution="ternary", check_px=4, frames_per_update=6
        ),
        "Sparse noise": SparseNoise(**size, check_px=4, frames_per_update=6, density=0.05),
        "Locally sparse noise": LocallySparseNoise(**size, check_px=4, frames_per_update=6),
        "M-sequence": MSequence(**size, check_px=4, frames_per_update=2),
        "1/f noise": PinkNoise(**size, frames_per_update=6, contrast=0.3),
        "Motion cloud": MotionCloud(**size, contrast=0.3, direction_deg=30),
        "Random dots": RandomDots(
            **size, dots=80, coherence=0.5, lifetime_s=0.4, radius_px=1.5, direction_deg=30
        ),
        "Drifting image": MovingImage(**size, path=str(picture), speed_px_s=20),
        "Jittered image": MovingImage(**size, path=str(picture), jitter_px=0.7),
        "In turn": in_turn(Uniform(**size), drifting),
    }


def example_protocols() -> dict[str, Timeline]:
    """Give an example of every protocol."""
    return {
        "Duration": protocols.duration(40, 16, 8),
        "Interval": protocols.interval(40, 8, 8, 4),
        "Paired pulse, control A-B": protocols.interval(40, 8, 8, 4, pair="AB"),
        "Contrast ramp": protocols.contrast_ramp(40, 24, 8),
        "Contrast step": protocols.contrast_step(40, 24, 12, 8),
        "Flicker": protocols.flicker(40, 32, 8, 4),
        "Saccades": protocols.saccades(5, 8),
        "Adaptation with a top-up": protocols.adaptation(
            60, 20, 4, 8, 2, top_ups=1, top_up_duration=8
        ),
        "Backward masking": protocols.masking(30, 4, 8, 8, 4),
        "Forward masking": protocols.masking(30, 4, 12, 8, 4, order="forward"),
        "Delayed match to sample": protocols.delayed_match(50, 10, 20, 10, 4),
        "RSVP with two targets": protocols.rsvp(10, 4, target=2, lag=3),
        "Oddball": protocols.oddball(12, 3, 1, probability=0.3),
        "Oddball, many standards": protocols.oddball(12, 3, 1, control="many_standards"),
        "Oddball, flip-flop": protocols.oddball(12, 3, 1, probability=0.3, control="flip_flop"),
        "Omission": protocols.omission(8, 3, 2, omitted=5),
        "Idle warm-up": protocols.idle(protocols.duration(20, 8, 4), 20),
        "Catch trials": protocols.catch(protocols.duration(20, 8, 4), 0.5) * 4,
    }


def example_presets() -> dict[str, Stimulus | Timeline]:
    """Give every preset, shortened where it is long."""
    shorter: dict[str, dict[str, Any]] = {
        "allen_drifting_gratings": {"height": 48, "width": 60, "repeats": 1, "blanks": 2},
        "allen_static_gratings": {
            "height": 48,
            "width": 60,
            "repeats": 1,
        },
        "allen_locally_sparse_noise": {"px_per_deg": 0.5, "updates": 20},
        "euler_dense_noise": {"seconds": 5.0},
    }
    return {name: make(**shorter.get(name, {})) for name, make in presets.BY_NAME.items()}
