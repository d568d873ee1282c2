"""Image series whose frames lie in video files beside the recording: the very frames."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from pynwb import NWBHDF5IO, NWBFile
from pynwb.image import ImageSeries

from neural_shards.nwb.plan import plan
from neural_shards.nwb.specfile import spec_of
from neural_shards.nwb.video import Frames, read_film
from neuroai_core import DataError, NotFoundError

WIDTH, HEIGHT, BITS = 96, 64, 8


def picture(number: int) -> np.ndarray:
    """Draw a number as stripes of black and white that survive compression."""
    bits = [(number >> bit) & 1 for bit in range(BITS)]
    return np.repeat(np.array(bits, np.uint8) * 255, WIDTH // BITS)[None].repeat(HEIGHT, axis=0)


def number_of(frame: np.ndarray) -> int:
    """Read the number back."""
    grey = frame.reshape(HEIGHT, WIDTH, -1).mean(axis=(0, 2))
    bits = grey.reshape(BITS, -1).mean(axis=1) > 127
    return int((bits << np.arange(BITS)).sum())


def film(path: Path, numbers: range, codec: str, pixels: str, **options: str) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixels
        stream.time_base = Fraction(1, 30)
        for count, number in enumerate(numbers):
            frame = av.VideoFrame.from_ndarray(picture(number), format="gray")
            frame.pts = count
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


KINDS: list[Any] = [
    pytest.param("mp4", "libx264", "yuv420p", {"bf": "3", "g": "25"}, id="h264 with B-frames"),
    pytest.param("avi", "mjpeg", "yuvj420p", {}, id="avi"),
    pytest.param("avi", "mpeg4", "yuv420p", {"g": "12"}, id="mpeg4 in avi"),
    pytest.param("mkv", "ffv1", "gray", {}, id="grey"),
]


@pytest.mark.parametrize(("ending", "codec", "pixels", "options"), KINDS)
def test_every_frame_whatever_was_read_before(
    tmp_path: Path, ending: str, codec: str, pixels: str, options: dict[str, str]
) -> None:
    path = film(tmp_path / f"a.{ending}", range(100), codec, pixels, **options)
    frames = Frames([read_film(str(path))])
    assert frames.shape == (100, HEIGHT, WIDTH, 3)[: 3 + (pixels != "gray")]
    assert [number_of(f) for f in frames[0:100]] == list(range(100))
    for first, stop in ((40, 45), (45, 60), (3, 5), (4, 5), (99, 100), (0, 1), (24, 27), (26, 80)):
        assert [number_of(f) for f in frames[first:stop]] == list(range(first, stop))
    assert frames[5:5].shape[0] == 0


def recording(path: Path, files: list[str], **kwargs: Any) -> Path:
    file = NWBFile("a test", "video", datetime(2024, 1, 1, tzinfo=UTC))
    series = ImageSeries(
        name="camera", external_file=files, format="external", unit="n.a.", **kwargs
    )
    file.add_acquisition(series)
    file.add_unit(spike_times=np.arange(0, 5, 0.01))
    with NWBHDF5IO(str(path), "w") as out:
        out.write(file)
    return path


SPEC = spec_of({"modalities": ["spikes", "video"], "bin_ms": 50, "windows": {"length": 10}})


def test_frames_stand_at_their_times(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", range(40), "libx264", "yuv420p", bf="2")
    film(tmp_path / "b.mp4", range(40, 90), "libx264", "yuv420p", bf="2")
    rng = np.random.default_rng(0)
    times = 0.2 + np.cumsum(rng.uniform(0.02, 0.045, 90))  # a camera that does not keep time
    path = recording(
        tmp_path / "r.nwb", ["a.mp4", "./b.mp4"], timestamps=times, starting_frame=[0, 40]
    )
    made = plan(path, SPEC)
    assert len(made) >= 5
    for sample, about in made.samples():
        centres = about["t_start"] + 0.05 * (np.arange(10) + 0.5)
        shown = np.searchsorted(times, centres + 1e-9, side="right") - 1
        assert [number_of(f) for f in sample["video"]] == shown.tolist()
    (series,) = made.session["modalities"]["video"]["series"]
    assert [file["frames"] for file in series["files"]] == [40, 50]
    later = list(made.samples(3, 4))  # of its own, as another process reads it
    assert np.array_equal(later[0][0]["video"], list(made.samples())[3][0]["video"])
    shutil.copy(tmp_path / "a.mp4", tmp_path / "b.mp4")
    with pytest.raises(DataError, match="has changed"):
        next(made.samples())


def test_files_that_are_not_what_the_recording_says(tmp_path: Path) -> None:
    at = np.arange(60) / 30
    film(tmp_path / "a.avi", range(30), "mjpeg", "yuvj420p")
    missing = recording(
        tmp_path / "1.nwb", ["a.avi", "b.avi"], timestamps=at[:50], starting_frame=[0, 30]
    )
    with pytest.raises(NotFoundError, match="no such video file") as raised:
        plan(missing, SPEC)
    assert "b.avi" in str(raised.value)
    film(tmp_path / "b.avi", range(30, 50), "mjpeg", "yuvj420p")
    assert len(plan(missing, SPEC)) == 3
    wrong = recording(
        tmp_path / "2.nwb", ["a.avi", "b.avi"], timestamps=at[:50], starting_frame=[0, 29]
    )
    with pytest.raises(DataError, match="starting_frame does not fit"):
        plan(wrong, SPEC)
    few = recording(tmp_path / "3.nwb", ["a.avi"], timestamps=at[:31])
    with pytest.raises(DataError, match="another number of samples"):
        plan(few, SPEC)
    (tmp_path / "c.avi").write_text("no video")
    with pytest.raises(DataError, match="no video file"):
        plan(recording(tmp_path / "4.nwb", ["c.avi"], timestamps=at), SPEC)
