from __future__ import annotations

import subprocess

import imageio_ffmpeg
import numpy as np

from stimulus_protocols.export import export
from stimulus_protocols.stimuli import MovingBar


def test_a_movie_read_back(tmp_path):
    bar = MovingBar(frames=20, height=31, width=32, width_px=6, speed_px_s=60, start_px=-10)
    export(bar, tmp_path / "a.mp4", scale=2)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(tmp_path / "a.mp4")]
    read = subprocess.run(
        [*command, "-f", "rawvideo", "-pix_fmt", "gray", "-"], capture_output=True, check=True
    )
    frames = np.frombuffer(read.stdout, np.uint8).reshape(20, 62, 64)
    assert b"30 fps" in read.stderr
    expected = bar.render()[0].repeat(2, 1).repeat(2, 2) * 255
    assert abs(frames.astype(float) - expected).mean() < 4
