from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroai_core import InputError
from stimulus_protocols.stimuli import (
    Annulus,
    Disc,
    GaussianWindow,
    Looming,
    MovingBar,
    RaisedCosine,
    Ring,
    Spot,
)
from stimulus_protocols.stimuli.coverage import disc_coverage


@settings(max_examples=40)
@given(st.floats(0.5, 12), st.floats(-3, 3), st.floats(-3, 3))
def test_the_area_of_a_disc(radius, x, y):
    disc = Disc(radius_px=radius, x_px=x, y_px=y).window(41, 41)
    assert abs(disc.sum() / (np.pi * radius**2) - 1) < 1e-9
    # The centre of pixels weighted by area is the disc's, but for what pixels can tell.
    rows, columns = np.mgrid[:41, :41] - 20.0
    assert abs((disc * columns).sum() / disc.sum() - x) < 0.2 / max(radius, 1) ** 2 + 1e-6
    assert abs(-(disc * rows).sum() / disc.sum() - y) < 0.2 / max(radius, 1) ** 2 + 1e-6


def test_coverage_of_a_disc_against_supersampling():
    n = 400
    inside = (np.arange(n) + 0.5) / n - 0.5
    x, y = np.arange(7) - 3.3, 2.9 - np.arange(6)
    covered = disc_coverage(x, y, 2.4)
    for i in range(6):
        for j in range(7):
            there = np.hypot(x[j] + inside[None, :], y[i] + inside[:, None]) < 2.4
            assert abs(covered[i, j] - there.mean()) < 2e-3


@pytest.mark.parametrize("direction", [0, 30, 90, 222])
def test_a_bar_of_finite_length_against_supersampling(direction):
    bar = MovingBar(
        frames=3,
        height=9,
        width=10,
        width_px=2.3,
        length_px=4.1,
        speed_px_s=20,
        direction_deg=direction,
        start_px=-1,
    )
    n = 200
    inside = (np.arange(n) + 0.5) / n - 0.5
    angle = np.deg2rad(direction)
    for k, frame in enumerate(bar.signal()[0]):
        middle = -1 + 20 * k / 30
        for i in range(9):
            for j in range(10):
                x, y = j - 4.5 + inside[None, :], 4 - i + inside[:, None]
                u = x * np.cos(angle) + y * np.sin(angle)
                v = -x * np.sin(angle) + y * np.cos(angle)
                there = (abs(u - middle) <= 1.15) & (abs(v) <= 2.05)
                assert abs(frame[i, j] - there.mean()) < 4e-3
        assert abs(frame.sum() - 2.3 * 4.1) < 1e-4


def test_rings_and_soft_edges():
    ring = Ring(inner_px=3, outer_px=6).window(31, 31)
    assert abs(ring.sum() - np.pi * 27) < 0.02
    edge = RaisedCosine(radius_px=5, edge_px=4).window(31, 31)
    row = edge[15, 15:]
    assert (row[:6] == 1).all()
    assert np.allclose(row[5:10], [1, 0.854, 0.5, 0.146, 0], atol=1e-3)
    gauss = GaussianWindow(sigma_px=3).window(31, 31)
    assert np.isclose(gauss[15, 18], np.exp(-0.5))
    with pytest.raises(InputError):
        Ring(inner_px=3, outer_px=3)


def test_spots_and_rings_that_are_flashed():
    spot = Spot(frames=3, height=31, width=31, radius_px=5, onset_s=0.04, frame_rate_hz=25)
    assert np.allclose(spot.signal().sum((0, 2, 3)), [0, np.pi * 25, np.pi * 25], rtol=0.01)
    ring = Annulus(frames=1, height=31, width=31, radius_px=8, inner_px=5)
    assert np.isclose(ring.signal().sum(), np.pi * 39, rtol=0.01)
    with pytest.raises(InputError):
        Annulus(frames=1, height=31, width=31, radius_px=5, inner_px=8).render()


def test_looming_follows_l_over_v_at_any_frame_rate():
    def loom(rate):
        return Looming(
            frames=int(rate),
            height=81,
            width=81,
            frame_rate_hz=rate,
            l_over_v_s=0.05,
            collision_s=1.1,
            distance_px=60,
        )

    slow, fast = loom(20.0).render(), loom(80.0).render()
    assert np.allclose(slow, fast[:, ::4], atol=1e-6)
    t = np.arange(20) / 20
    radius = 60 * 0.05 / (1.1 - t)
    area = loom(20.0).signal().sum((0, 2, 3))
    assert np.allclose(area, np.pi * radius**2, rtol=0.01)
    # tan of the half-angle times the time left is l / v.
    assert np.allclose(loom(20.0).radii_px(0, 20) / 60 * (1.1 - t), 0.05)
    after = loom(20.0).model_copy(update={"frames": 30, "collision_s": 1.0}).signal()
    assert (after[:, 20:] == 1).all()
