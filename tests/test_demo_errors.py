"""Bad input to the demo: one clear error each, and an exit code that is not 0."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]


@pytest.fixture
def data(tmp_path):
    """A small folder as the demo takes it, with a truncated recording."""
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        folder = tmp_path / "data" / "train" / name
        folder.mkdir(parents=True)
        for i in range(2):
            pixels = rng.integers(0, 256, (120, 120, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{i}.jpg")
    (tmp_path / "data" / "recording.nwb").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(500))
    return tmp_path / "data"


def demo(*arguments: object) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "demo", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stderr


def test_a_folder_that_is_not_there(tmp_path):
    code, error = demo("--data", tmp_path / "nowhere", "--output", tmp_path / "out")
    assert code == 1
    assert "error: there is no such folder" in error
    assert "nowhere" in error


def test_an_empty_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    code, error = demo("--data", tmp_path / "empty", "--output", tmp_path / "out")
    assert code == 1
    assert "expected: <class>/<image>" in error


def test_a_text_file_called_jpg(data, tmp_path):
    (data / "train" / "cat" / "text.jpg").write_text("no image")
    code, error = demo("--data", data, "--output", tmp_path / "out", "--group", "all")
    assert code == 1
    assert "text.jpg" in error
    assert len(error.splitlines()) < 8


def test_an_unknown_group(data, tmp_path):
    code, error = demo("--data", data, "--output", tmp_path / "out", "--group", "invertebrates")
    assert code == 1
    assert "'invertebrates'" in error
    assert "'half'" in error


def test_a_truncated_recording(data, tmp_path):
    code, error = demo("--data", data, "--output", tmp_path / "out")
    assert code == 1
    assert "recording.nwb" in error


def test_an_unknown_argument():
    code, error = demo("--date", "x")
    assert code == 2
    assert "--data" in error
