"""A page with a picture of every stimulus, protocol and preset."""

from __future__ import annotations

import html
import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from neuroai_core.errors import strict_arguments
from neuroai_core.files import atomic_write
from stimulus_protocols import presets, protocols
from stimulus_protocols.describe import describe
from stimulus_protocols.export import export
from stimulus_protocols.preview import write_preview
from stimulus_protocols.progress import progress
from stimulus_protocols.specs import content_hash, to_yaml
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

_SIZE: dict[str, Any] = {"frames": 60, "height": 48, "width": 64, "frame_rate_hz": 30.0}

_STYLE = """body{font:15px/1.5 sans-serif;margin:2rem;background:#222;color:#ddd}
section{margin:0 0 2.5rem}img{image-rendering:pixelated;margin-right:1rem;vertical-align:top}
pre{background:#2c2c2c;padding:.6rem;overflow:auto;font-size:12px}h1,h2,h3{font-weight:600}
code{color:#9cd}"""


def example_stimuli(picture: str | os.PathLike[str]) -> dict[str, Stimulus]:
    """Give an example of every stimulus, small and two seconds long.

    Parameters
    ----------
    picture
        An image file for the stimulus that moves one.
    """
    drifting = Grating(
        **_SIZE, spatial_frequency_cpp=0.08, temporal_frequency_hz=2, direction_deg=30
    )
    return {
        "Drifting grating": drifting,
        "Square-wave grating": drifting.model_copy(update={"waveform": "square"}),
        "Gabor": drifting.model_copy(update={"aperture": GaussianWindow(sigma_px=9)}),
        "Plaid": plaid(drifting, 60),
        "Counterphase grating": counterphase(drifting),
        "Moving bar": MovingBar(**_SIZE, width_px=6, speed_px_s=50, direction_deg=30),
        "Moving bar of finite length": MovingBar(
            **_SIZE, width_px=6, length_px=20, speed_px_s=50, direction_deg=210, contrast=-1
        ),
        "Flash": Flash(**_SIZE, onset_s=0.5, duration_s=1),
        "Flicker": Flickering(**_SIZE, temporal_frequency_hz=2),
        "Contrast step": ContrastStep(**_SIZE, temporal_frequency_hz=4, step_s=1),
        "Chirp": Chirp(**{**_SIZE, "frames": Chirp.frames_at(30)}),
        "Spot": Spot(**_SIZE, radius_px=12, onset_s=0.5, duration_s=1),
        "Annulus": Annulus(**_SIZE, radius_px=20, inner_px=10, onset_s=0.5, duration_s=1),
        "Looming": Looming(**_SIZE, l_over_v_s=0.05, collision_s=1.8, distance_px=60, contrast=-1),
        "White noise, Gaussian": WhiteNoise(**_SIZE, contrast=0.3),
        "White noise, binary checks": WhiteNoise(
            **_SIZE, distribution="binary", check_px=4, frames_per_update=6
        ),
        "White noise, ternary": WhiteNoise(
            **_SIZE, distribution="ternary", check_px=4, frames_per_update=6
        ),
        "Sparse noise": SparseNoise(**_SIZE, check_px=4, frames_per_update=6, density=0.05),
        "Locally sparse noise": LocallySparseNoise(**_SIZE, check_px=4, frames_per_update=6),
        "M-sequence": MSequence(**_SIZE, check_px=4, frames_per_update=2),
        "1/f noise": PinkNoise(**_SIZE, frames_per_update=6, contrast=0.3),
        "Motion cloud": MotionCloud(**_SIZE, contrast=0.3, direction_deg=30),
        "Random dots": RandomDots(
            **_SIZE, dots=80, coherence=0.5, lifetime_s=0.4, radius_px=1.5, direction_deg=30
        ),
        "Drifting image": MovingImage(**_SIZE, path=str(picture), speed_px_s=20),
        "Jittered image": MovingImage(**_SIZE, path=str(picture), jitter_px=0.7),
        "In turn": in_turn(Uniform(**_SIZE), drifting),
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
        "Catch trials": protocols.catch(protocols.duration(20, 8, 4), 0.2),
    }


def example_presets() -> dict[str, Stimulus | Timeline]:
    """Give every preset, shortened where it is long."""
    shorter: dict[str, dict[str, Any]] = {
        "allen_drifting_gratings": {"height": 48, "width": 60, "repeats": 1, "blanks": 2},
        "allen_static_gratings": {
            "height": 48,
            "width": 60,
            "px_per_deg": 0.7,
            "repeats": 1,
        },
        "allen_locally_sparse_noise": {"px_per_deg": 0.5, "updates": 20},
        "euler_dense_noise": {"seconds": 5.0},
    }
    return {name: make(**shorter.get(name, {})) for name, make in presets.BY_NAME.items()}


@strict_arguments
def write_gallery(folder: str | os.PathLike[str], *, quiet: bool = False) -> Path:
    """Write ``index.html`` with a picture of everything there is.

    Parameters
    ----------
    folder
        Where to; it is made if need be.
    quiet
        Show no progress; none is shown where the output is no terminal.

    Returns
    -------
    The page.
    """
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    picture = root / "picture.png"
    _a_picture().save(picture)
    chapters: dict[str, dict[str, Any]] = {
        "Stimuli": example_stimuli(picture),
        "Protocols": example_protocols(),
        "Presets": example_presets(),
    }
    parts = ["<!doctype html><meta charset=utf-8><title>Stimuli and protocols</title>"]
    parts += [f"<style>{_STYLE}</style><h1>Stimuli and protocols</h1>"]
    with progress(quiet=quiet) as bar:
        for title, examples in chapters.items():
            parts.append(f"<h2>{title}</h2>")
            for name, spec in bar.track(examples.items(), description=title):
                parts.append(_section(root, name, spec))
    page = root / "index.html"
    atomic_write(page, "\n".join(parts) + "\n")
    return page


def _section(root: Path, name: str, spec: Stimulus | Timeline) -> str:
    stem = "".join(c if c.isalnum() else "_" for c in name.lower())
    kind = "stimulus" if isinstance(spec, Stimulus) else "timeline"
    files = [f"{stem}_{kind}.png"]
    write_preview(spec, root / files[0])
    if isinstance(spec, Stimulus):
        files.insert(0, f"{stem}.gif")
        export(spec, root / files[0], stop=min(spec.frames, 120), scale=4)
    images = "".join(f'<img src="{file}" alt="{html.escape(name)}">' for file in files)
    # Their folders differ; what is shown of a moved picture is its name.
    text = to_yaml(spec).replace(str(root) + os.sep, "")
    short = text if len(text) < 1500 else describe(spec)
    digest = f"<code>{content_hash(spec)[:16]}</code>"
    return (
        f"<section><h3>{html.escape(name)}</h3>{images}"
        f"<pre>{html.escape(short)}</pre>{digest}</section>"
    )


def _a_picture() -> Image.Image:
    """Draw a picture with edges and shades, so that the gallery needs none of its own."""
    y, x = np.mgrid[:96, :128]
    rings = np.cos(np.hypot(x - 40, y - 50) / 4) * np.exp(-np.hypot(x - 40, y - 50) / 60)
    boxes = ((x // 16 + y // 12) % 2) * (x > 70)
    shade = 0.5 + 0.35 * rings + 0.3 * (boxes - 0.5) * (x > 70)
    return Image.fromarray(np.clip(shade * 255, 0, 255).astype(np.uint8))
