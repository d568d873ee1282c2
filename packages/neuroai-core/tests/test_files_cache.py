import os
from pathlib import Path

import pytest

from neuroai_core.files import cache_folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "SOME_CACHE"):
        monkeypatch.delenv(name, raising=False)


BASE = "LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME"


def test_the_home_folder_is_the_last_resort(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert cache_folder("retina-data") == tmp_path / ".cache" / "retina-data"
    assert names(tmp_path) == []  # nothing is made


def test_the_users_cache_folder_comes_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(BASE, str(tmp_path))
    assert cache_folder("retina-data", "SOME_CACHE") == tmp_path / "retina-data"


def test_a_relative_one_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    # The XDG base directory specification: relative paths are to be ignored.
    monkeypatch.setenv(BASE, "relative")
    assert cache_folder("a") == Path.home() / ".cache" / "a"


def test_the_variable_names_the_folder_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(BASE, str(tmp_path / "not this"))
    monkeypatch.setenv("SOME_CACHE", str(tmp_path))
    assert cache_folder("a", "SOME_CACHE") == tmp_path
    monkeypatch.setenv("SOME_CACHE", "~/x")
    assert cache_folder("a", "SOME_CACHE") == Path("~/x").expanduser()
    monkeypatch.setenv("SOME_CACHE", "")
    assert cache_folder("a", "SOME_CACHE") == tmp_path / "not this" / "a"
