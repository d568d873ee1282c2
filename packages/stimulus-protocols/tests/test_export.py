from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from neuroai_core import InputError
from stimulus_protocols import blank, computed, image, movie, presets, protocols, specs
from stimulus_protocols.export import export
from stimulus_protocols.preview import write_preview
from stimulus_protocols.stimuli import Grating, WhiteNoise

GRATING = Grating(
    frames=12,
    height=8,
    width=10,
    frame_rate_hz=60,
    spatial_frequency_cpp=0.1,
    temporal_frequency_hz=5,
)


def test_npz_with_all_that_made_it(tmp_path):
    timeline = blank(3) >> computed(GRATING)
    export(timeline, tmp_path / "a.npz", start=2, stop=9)
    with np.load(tmp_path / "a.npz") as read:
        assert (read["frames"] == movie(timeline, 2, 9)).all()
        assert read["frame"].tolist() == list(range(2, 9))
    about = json.loads((tmp_path / "a.json").read_text())
    assert about["sha256"] == specs.content_hash(timeline)
    assert about["frame_rate_hz"] == 60
    again = specs.from_data({key: about[key] for key in ("version", "timeline")})
    assert again == timeline


def test_gifs_and_sheets(tmp_path):
    export(GRATING, tmp_path / "a.gif", scale=2)
    with Image.open(tmp_path / "a.gif") as gif:
        # 60 frames a second are more than a GIF can show: every second one.
        assert gif.n_frames == 6
        assert gif.size == (20, 16)
        assert gif.info["duration"] in (30, 40)
        first = np.asarray(gif.convert("L"))[::2, ::2]
        assert abs(first - GRATING.render(0, 1)[0, 0] * 255).max() <= 1
    export(GRATING, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as sheet:
        assert sheet.size[0] > 300


@pytest.mark.parametrize(
    "make",
    [
        lambda path: export(GRATING, path / "a.avi"),
        lambda path: export(GRATING, path / "a.npz", start=5, stop=5),
        lambda path: export(GRATING, path / "a.npz", stop=13),
        lambda path: export(image(3), path / "a.npz"),
    ],
)
def test_what_cannot_be_written(tmp_path, make):
    with pytest.raises(InputError):
        make(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "shown",
    [
        GRATING,
        blank(3) >> computed(GRATING),
        protocols.oddball(9, 2, 1),
        presets.allen_drifting_gratings(6, 6) * 100,
        (blank(3) >> image(7)) * 1_000_000,
        protocols.catch(protocols.duration(20, 8, 4), 0.5) * 3,
        WhiteNoise(frames=10_000_000, height=4, width=4, channels=2),
    ],
)
def test_previews_are_as_cheap_as_what_they_show(tmp_path, shown):
    write_preview(shown, tmp_path / "a.png", most=60)
    with Image.open(tmp_path / "a.png") as picture:
        pixels = np.asarray(picture)
    assert pixels.shape[1] > 700
    assert pixels.std() > 10


def test_a_preview_of_nothing(tmp_path):
    for make in (
        lambda: write_preview(GRATING, tmp_path / "a.png", start=5, stop=5),
        lambda: write_preview(GRATING, tmp_path / "a.png", stop=13),
        lambda: write_preview(GRATING, tmp_path / "a.png", start=-1),
    ):
        with pytest.raises(InputError):
            make()
    assert not list(tmp_path.iterdir())


TEN_MILLION = """
import resource, sys
from stimulus_protocols import describe, image, blank, computed, movie, specs
from stimulus_protocols.preview import write_preview
from stimulus_protocols.stimuli import Grating, RandomDots
size = {"height": 64, "width": 64, "frame_rate_hz": 60.0}
grating = Grating(frames=7, **size, spatial_frequency_cpp=0.1, temporal_frequency_hz=2)
dots = RandomDots(frames=10_000_000, **size, lifetime_s=0.2)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
shown = (blank(3) >> computed(grating)) * 1_000_000
present = (blank(3) >> image(7)) * 1_000_000
for one in (shown, present, dots):
    assert len(one) == 10_000_000
    assert "10,000,000" in describe(one)
    assert len(specs.content_hash(one)) == 64
    assert specs.from_yaml(specs.to_yaml(one)) == one
    write_preview(one, "a.png", most=40)
assert movie(shown[5_000_001:5_000_009]).shape == (1, 8, 64, 64)
assert dots.render(9_999_990).shape == (1, 10, 64, 64)
# One frame is 16 KB, all of them would be 160 GB.
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_ten_million_frames_are_described_cut_and_previewed_in_little_memory(tmp_path):
    pytest.importorskip("resource")  # not on Windows
    command = [sys.executable, "-c", TEN_MILLION]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 100  # MB
