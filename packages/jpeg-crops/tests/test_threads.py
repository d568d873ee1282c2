"""How many threads."""

from __future__ import annotations

import os

import pytest

from jpeg_crops import CropError
from jpeg_crops.threads import thread_count, usable_cpus


def test_not_more_than_items_and_never_none():
    assert thread_count(8, 3) == 3
    assert thread_count(2, 300) == 2
    assert thread_count(None, 0) == 1
    assert thread_count(None, 10**6) == usable_cpus()
    for wrong in (0, -1, True):
        with pytest.raises(CropError):
            thread_count(wrong, 3)


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "max 100000"}, None),
        ({"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({}, None),
    ],
)
def test_the_quota_of_a_container_counts(tmp_path, monkeypatch, files, limit):
    (tmp_path / "cpu").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(6)), raising=False)
    assert usable_cpus(tmp_path) == (limit or 6)
