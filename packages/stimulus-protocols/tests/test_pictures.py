from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from neuroai_core import InputError
from stimulus_protocols.pictures import to_8bit, write_contact_sheet, write_gif


def frames(count=7, channels=1):
    drawn = np.random.Generator(np.random.PCG64(5)).random((count, channels, 6, 8))
    return drawn.astype(np.float32)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_gif_read_back(tmp_path, channels):
    movie = np.repeat(frames(channels=channels) > 0.5, 1, axis=1).astype(np.float32)
    write_gif(movie, tmp_path / "a.gif", frame_rate_hz=30, scale=2)
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.n_frames == 7
        total = 0
        for k in range(7):
            gif.seek(k)
            total += gif.info["duration"]
            shown = np.asarray(gif.convert("RGB"))[::2, ::2]
            expected = np.broadcast_to(movie[k].transpose(1, 2, 0), (6, 8, 3)) * 255
            assert (shown == expected).all()
        assert abs(total - 7000 / 30) <= 10
        assert gif.info["loop"] == 0


def test_a_contact_sheet_read_back(tmp_path):
    movie = frames()
    write_contact_sheet(movie, tmp_path / "a.png", columns=3, scale=1, low=0, high=1)
    with Image.open(tmp_path / "a.png") as sheet:
        pixels = np.asarray(sheet)
    assert pixels.shape == (3 * (6 + 14 + 2) + 2, 3 * 10 + 2, 3)
    # Frame 4 is in the second row, second column.
    tile = pixels[2 + 22 : 2 + 22 + 6, 2 + 10 : 2 + 10 + 8, 0]
    assert (abs(tile - movie[4, 0] * 255) <= 0.5 + 2e-3).all()


def test_8_bits_are_kept_as_they_are():
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    assert (to_8bit(pixels)[0, ..., 0] == pixels[0, 0]).all()


def test_two_channels_are_green_and_magenta():
    movie = np.zeros((1, 2, 1, 2))
    movie[0, 0, 0, 0] = movie[0, 1, 0, 1] = 1
    assert to_8bit(movie)[0, 0].tolist() == [[0, 255, 0], [255, 0, 255]]


def test_gamma_is_undone_by_the_screen():
    shown = to_8bit(np.linspace(0, 1, 11).reshape(1, 1, 1, 11), gamma=2.2) / 255
    assert np.allclose(shown[0, 0, :, 0] ** 2.2, np.linspace(0, 1, 11), atol=0.01)


@pytest.mark.parametrize(
    "make",
    [
        lambda path: write_gif(frames(channels=4), path),
        lambda path: write_gif(frames(0), path),
        lambda path: write_gif(frames()[0], path),
        lambda path: write_gif(frames() * np.nan, path),
        lambda path: write_gif(frames(), path, frame_rate_hz=60),
        lambda path: write_gif(frames(), path, scale=0),
        lambda path: write_contact_sheet(frames(), path, captions=["one"]),
        lambda path: write_contact_sheet(frames(), path, columns=0),
        lambda path: write_contact_sheet(frames(), path, low=2, high=1),
    ],
)
def test_impossible_pictures_leave_no_file(tmp_path, make):
    with pytest.raises(InputError):
        make(tmp_path / "a")
    assert not list(tmp_path.iterdir())
