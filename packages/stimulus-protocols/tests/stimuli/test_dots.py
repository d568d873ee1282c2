from __future__ import annotations

import numpy as np
import pytest

from stimulus_protocols.stimuli import RandomDots

SIZE = {"height": 60, "width": 80, "frame_rate_hz": 30.0}


@pytest.mark.parametrize("rule", ["exact", "bernoulli"])
@pytest.mark.parametrize("coherence", [0.0, 0.3, 1.0])
def test_the_table_gives_the_coherence_back(rule, coherence):
    dots = RandomDots(
        **SIZE,
        frames=40,
        dots=300,
        coherence=coherence,
        coherence_rule=rule,
        direction_deg=30,
        lifetime_s=0.2,
        seed=5,
    )
    table = dots.dot_table()
    moved_x, moved_y = np.diff(table.x_px, axis=0), np.diff(table.y_px, axis=0)
    same_life = np.diff(table.life, axis=0) == 0
    inside = same_life & (abs(moved_x) < 5) & (abs(moved_y) < 5)
    # Every dot goes straight at the same speed, 1 px a frame.
    assert np.allclose(np.hypot(moved_x, moved_y)[inside], 1, atol=1e-9)
    angle = np.rad2deg(np.arctan2(moved_y, moved_x)) % 360
    together = abs(angle - 30) < 1e-6
    share = together[inside].mean()
    lives = 300 * (40 / 30 / 0.2)
    assert abs(share - coherence) <= (0.02 if rule == "exact" else 5 * 0.5 / np.sqrt(lives))
    assert (together == table.signal[1:])[inside].all()
    if rule == "exact":
        assert (table.signal.sum(1) == round(coherence * 300)).all()


def test_lives_last_as_long_as_they_should():
    table = RandomDots(**SIZE, frames=60, dots=50, lifetime_s=0.2).dot_table()
    births = np.diff(table.life, axis=0)
    assert set(np.unique(births)) <= {0, 1}
    for dot in range(50):
        when = np.flatnonzero(births[:, dot])
        assert set(np.diff(when)) == {6}


def test_dots_are_uniform_over_the_field():
    table = RandomDots(**SIZE, frames=2, dots=20000).dot_table(0, 1)
    assert abs(table.x_px).max() <= 40
    assert abs(table.y_px).max() <= 30
    counts, _, _ = np.histogram2d(table.x_px[0], table.y_px[0], bins=8)
    assert (abs(counts - 20000 / 64) < 5 * np.sqrt(20000 / 64)).all()


def test_a_dot_is_painted_where_the_table_says():
    dots = RandomDots(**SIZE, frames=20, dots=1, radius_px=3, seed=8)
    table = dots.dot_table()
    y, x = np.mgrid[:60, :80]
    for k, frame in enumerate(dots.signal()[0]):
        px, py = table.x_px[k, 0], table.y_px[k, 0]
        if abs(px) < 35 and abs(py) < 25:
            assert abs(((x - 39.5) * frame).sum() / frame.sum() - px) < 0.05
            assert abs((-(y - 29.5) * frame).sum() / frame.sum() - py) < 0.05
            assert abs(frame.sum() / (np.pi * 9) - 1) < 0.03


def test_the_same_motion_at_any_frame_rate():
    slow, fast = (
        RandomDots(height=60, width=80, frame_rate_hz=rate, frames=int(rate), lifetime_s=0.25)
        for rate in (20.0, 80.0)
    )
    assert np.allclose(slow.dot_table().x_px, fast.dot_table().x_px[::4])
