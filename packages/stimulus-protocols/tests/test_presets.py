from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from neuroai_core import InputError
from stimulus_protocols import blank, describe, events, image, movie, presets
from stimulus_protocols.stimuli import Flash


def test_the_drifting_gratings_of_the_allen_institute():
    timeline = presets.allen_drifting_gratings(height=4, width=4, frame_rate_hz=30.0)
    assert len(timeline) == (8 * 5 * 15 + 30) * 90
    table = timeline.table()
    kinds = [
        (s.direction_deg, s.temporal_frequency_hz, s.contrast, s.spatial_frequency_cpp)
        for s in table.stimuli
    ]
    assert sorted(kinds) == sorted(
        (d, f, 0.8, 0.04) for d in range(0, 360, 45) for f in (1, 2, 4, 8, 15)
    )
    shown = Counter(
        table.source[0, 0, start]
        for start in np.flatnonzero(table.since_onset[0, 0] == 0)
        if table.source[0, 0, start] < -1
    )
    assert set(shown.values()) == {15}
    rows = events(table, dt_ms=1000 / 30)
    sweeps = [r for r in rows if r["trial_type"] == "grating"]
    assert len(sweeps) == 600
    assert {r["duration"] for r in sweeps} == {2.0}
    assert {r["duration"] for r in rows if r["trial_type"] == "grey"} == {1.0}
    assert sum(r["trial_type"] == "blank_sweep" for r in rows) == 30
    again = presets.allen_drifting_gratings(height=4, width=4, frame_rate_hz=30.0, seed=1)
    assert again != timeline


def test_the_static_gratings_of_the_allen_institute():
    timeline = presets.allen_static_gratings(4, 4, px_per_deg=2.0, repeats=2)
    table = timeline.table()
    assert len(table.stimuli) == 120
    assert len(timeline) == 240 * 15
    with pytest.raises(InputError, match="finer"):
        presets.allen_static_gratings(4, 4, px_per_deg=0.5)


def test_the_moving_bars_of_the_euler_lab():
    bars = presets.euler_moving_bars(16, 18, frame_rate_hz=30.0)
    whole = bars.render()
    assert whole.min() == 0
    assert whole.max() == 1
    at = 0
    for before, bar, after in zip(bars.parts[::3], bars.parts[1::3], bars.parts[2::3], strict=True):
        assert (before.frames, after.frames) == (90, 30)
        part = whole[:, at + 90 : at + 90 + bar.frames]
        assert (whole[:, at : at + 90] == 0).all()
        # It starts outside, crosses, and has left at the end.
        assert part[:, 0].max() == 0
        assert part[:, -1].max() < 1
        # 300 x 1000 um are 6 x 20 px; the field is smaller than the bar is long.
        assert bar.width_px == 6
        assert bar.length_px == 20
        assert bar.speed_px_s == 20
        at += 90 + bar.frames + 30
    assert at == bars.frames


def test_the_dense_noise_of_the_euler_lab():
    noise = presets.euler_dense_noise(um_per_px=20, seconds=1).render()
    assert noise.shape == (2, 60, 30, 40)
    assert set(np.unique(noise)) == {0, 1}
    assert (noise[:, :, ::2, ::2].repeat(2, 2).repeat(2, 3) == noise).all()
    changes = (noise[0, 1:] != noise[0, :-1]).any((1, 2))
    assert np.flatnonzero(changes).tolist() == [11, 23, 35, 47]


def test_ten_million_frames_are_described_and_sliced():
    timeline = presets.allen_drifting_gratings(24, 24, frame_rate_hz=60.0) * 100
    assert len(timeline) > 10_000_000
    text = describe(timeline)
    assert text.splitlines()[0] == f"{len(timeline):,} steps: 100 times"
    assert "... and" in text
    one = len(timeline) // 100
    late = movie(timeline, 99 * one + 200, 99 * one + 260)
    assert late.shape == (1, 60, 24, 24)
    assert (late == movie(timeline, 200, 260)).all()


def test_only_computed_stimuli_are_a_movie():
    with pytest.raises(InputError, match="by itself"):
        movie(blank(1) >> image(2))
    with pytest.raises(InputError, match="by itself"):
        movie(blank(1))
    flash = Flash(frames=2, height=1, width=1)
    assert movie(flash).shape == (1, 2, 1, 1)
