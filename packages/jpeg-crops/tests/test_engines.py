"""Which engine is taken, and how the user is told."""

from __future__ import annotations

import logging

import pytest

from jpeg_crops import CropError, crop_batch, engine_info, engines, native_available


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
