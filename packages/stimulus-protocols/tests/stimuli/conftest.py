from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stimulus_protocols.examples import example_stimuli
from stimulus_protocols.stimuli import BY_TYPE, Stimulus


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A smooth picture of 24 x 32 pixels."""
    path = tmp_path_factory.mktemp("pictures") / "smooth.png"
    y, x = np.mgrid[:24, :32]
    wave = 127.5 + 100 * np.cos(2 * np.pi * x / 16) * np.cos(2 * np.pi * y / 12)
    Image.fromarray(np.rint(wave).astype(np.uint8)).save(path)
    return path


@pytest.fixture(scope="session")
def examples(picture: Path) -> dict[str, list[Stimulus]]:
    """The examples of the gallery by their type, small, each channel at a contrast of its own."""
    shown = example_stimuli(picture, frames=20, height=14, width=18, channels=2)
    by_type: dict[str, list[Stimulus]] = {name: [] for name in BY_TYPE}
    for one in shown.values():
        two = one.model_copy(update={"channel_contrasts": (1.0, -0.5)})
        by_type[one.model_dump()["type"]] += [one, two]
    return by_type
