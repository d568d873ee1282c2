"""Which engine is taken, and how the user is told."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from jpeg_crops import CropError, crop_batch, engine_info, engines, native, native_available


def test_info_and_availability_agree():
    info = engine_info()
    assert native_available() == (info.name == "native")
    assert bool(info.reason) != native_available()


def test_pillow_instead_of_native_is_told_once(jpegs, monkeypatch, caplog):
    monkeypatch.setattr(engines, "engine_info", lambda: engines.EngineInfo("pillow", "of a test"))
    monkeypatch.setattr(engines, "_told", [])
    with caplog.at_level(logging.INFO):
        crop_batch(jpegs[:1], [(0, 0, 8, 8)], 8, engine="pillow")
        assert not caplog.records
        for _ in range(3):
            crop_batch(jpegs[:1], [(0, 0, 8, 8)], 8)
    assert len(caplog.records) == 1
    assert "because of a test" in caplog.text
    assert "engine='pillow'" in caplog.text
    with pytest.raises(CropError, match="native engine is not there"):
        crop_batch(jpegs[:1], [(0, 0, 8, 8)], 8, engine="native")


def test_a_library_that_does_not_load_or_fit_is_a_reason(tmp_path, monkeypatch):
    (tmp_path / "_native.so").write_bytes(b"no library")
    reason = native._load(tmp_path / "_native.so")
    assert isinstance(reason, str)
    assert "does not load" in reason
    if native_available():
        monkeypatch.setattr(native, "INTERFACE", -1)
        path = next(Path(native.__file__).parent.glob("_native.[sd]*"))
        assert "another version" in str(native._load(path))


def test_the_build_says_why_there_is_no_library(tmp_path, monkeypatch):
    monkeypatch.setattr(native, "__file__", str(tmp_path / "native.py"))
    assert native.library.__wrapped__() == "this build holds no library"
    (tmp_path / "_native_missing.txt").write_text("there was no compiler\n")
    assert native.library.__wrapped__() == "there was no compiler"
