from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from neuroai_core import DataError, InputError
from stimulus_protocols.stimuli import MovingImage

SIZE = {"frames": 30, "height": 8, "width": 10, "frame_rate_hz": 30.0}


def test_whole_pixels_are_shifted_copies(picture):
    movie = MovingImage(**SIZE, path=str(picture), speed_px_s=30).signal()[0]
    pixels = np.asarray(Image.open(picture), np.float64) / 127.5 - 1
    for k in range(30):
        shifted = np.roll(pixels, k, axis=1)  # rightward
        assert np.allclose(movie[k], shifted[8:16, 11:21], atol=1e-6)
    up = MovingImage(**SIZE, path=str(picture), speed_px_s=30, direction_deg=90).signal()[0]
    assert np.allclose(up[3], np.roll(pixels, -3, axis=0)[8:16, 11:21], atol=1e-6)


def test_parts_of_a_pixel_follow_the_smooth_picture(picture):
    still = MovingImage(**SIZE, path=str(picture), speed_px_s=11.3, direction_deg=200)
    x0, y0 = 11, 8
    for k, (dx, dy) in enumerate(still.positions_px(0, 30)):
        y, x = np.mgrid[y0 : y0 + 8, x0 : x0 + 10]
        wave = 100 * np.cos(2 * np.pi * (x - dx) / 16) * np.cos(2 * np.pi * (y + dy) / 12)
        assert np.allclose(still.signal(k, k + 1)[0, 0], wave / 127.5, atol=0.06)


def test_the_walk_has_its_step(picture):
    walk = MovingImage(**{**SIZE, "frames": 20000}, path=str(picture), jitter_px=0.3, seed=2)
    steps = np.diff(walk.positions_px(0, 20000), axis=0)
    assert np.allclose(steps.std(0), 0.3, rtol=0.03)
    assert np.allclose(steps.mean(0), 0, atol=0.01)
    assert (walk.positions_px(0, 1) == 0).all()
    assert np.allclose(walk.positions_px(500, 510), walk.positions_px(0, 20000)[500:510])


def test_pictures_that_are_none(tmp_path):
    with pytest.raises(InputError, match="not there"):
        MovingImage(**SIZE, path=str(tmp_path / "none.png"))
    text = tmp_path / "text.png"
    text.write_text("no picture")
    with pytest.raises(DataError, match="cannot be read"):
        MovingImage(**SIZE, path=str(text)).render()
    Image.new("L", (4, 4)).save(tmp_path / "small.png")
    with pytest.raises(InputError, match="smaller"):
        MovingImage(**SIZE, path=str(tmp_path / "small.png")).render()
