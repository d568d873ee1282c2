"""Small data sets that several test modules share."""

from __future__ import annotations

from pathlib import Path

import pytest

from imagenet_dm import write_fake


@pytest.fixture(scope="session")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of 3 classes, 12 training and 5 validation images each."""
    return write_fake(tmp_path_factory.mktemp("fake") / "imagenet", classes=3, train=12, val=5)


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own: the user's is never touched."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("IMAGENET_DM_CACHE", str(folder))
    return folder
