"""Installing as a user does: from source folders, and one wheel from a folder of wheels."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def environment(tmp_path):
    """An empty virtual environment, as a function that runs its Python."""
    subprocess.run([sys.executable, "-m", "virtualenv", "--quiet", tmp_path / "env"], check=True)
    python = tmp_path / "env" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [python, *arguments], capture_output=True, text=True, cwd=tmp_path, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


IMPORTS = "import neural_shards, sys; print(sorted({'torch', 'pynwb'} & set(sys.modules)))"


def test_two_packages_from_their_folders(environment, tmp_path):
    for name in ("neuroai-core", "neural-shards"):
        shutil.copytree(ROOT / "packages" / name, tmp_path / name)
    environment("-m", "pip", "install", "--quiet", "./neuroai-core", "./neural-shards")
    assert environment("-c", IMPORTS).strip() == "[]"
    assert "torch" not in environment("-m", "pip", "list").lower()


def test_one_wheel_from_a_folder_of_wheels(environment):
    links = str(ROOT / "dist")
    environment("-m", "pip", "install", "--quiet", "--find-links", links, "neural-shards")
    assert environment("-c", IMPORTS).strip() == "[]"
