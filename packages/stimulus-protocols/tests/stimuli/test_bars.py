"""Bars against supersampling and their centre of mass."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core import InputError
from stimulus_protocols import generate_moving_bar
from stimulus_protocols.stimuli import MovingBar
from stimulus_protocols.stimuli.coverage import below_edge


@pytest.mark.parametrize("direction", [0, 90, 180, 270, 30, 45, 222.2])
def test_area_against_supersampling(direction):
    bar = MovingBar(
        frames=5,
        height=6,
        width=7,
        width_px=1.7,
        speed_px_s=33.3,
        direction_deg=direction,
        start_px=-2.2,
    )
    n = 400
    inside = (np.arange(n) + 0.5) / n - 0.5
    angle = np.deg2rad(direction)
    movie = bar.render()[0]
    for k in range(5):
        middle = -2.2 + 33.3 * k / 30
        for i in range(6):
            for j in range(7):
                x, y = j - 3 + inside[None, :], 2.5 - i + inside[:, None]
                u = x * np.cos(angle) + y * np.sin(angle)
                expected = 0.5 + 0.5 * (abs(u - middle) <= 1.7 / 2).mean()
                assert abs(movie[k, i, j] - expected) < 2e-3


@given(
    st.floats(-3, 3),
    st.floats(0, 360),
)
def test_below_edge_is_a_share_and_symmetric(distance, angle):
    u = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    share = below_edge(np.array([distance, -distance]), *u)
    assert (share >= 0).all()
    assert (share <= 1).all()
    assert abs(share.sum() - 1) < 1e-9


@pytest.mark.parametrize("direction", [0, 45, 90, 160, 200, 270, 290])
@pytest.mark.parametrize("speed", [0.3, 1.0, 1.37])
def test_the_centre_of_mass_moves_at_the_stated_speed_and_direction(direction, speed):
    size, count = 101, int(60 / speed)
    bar = MovingBar(
        frames=count,
        height=size,
        width=size,
        width_px=3,
        speed_px_s=speed * 30,
        direction_deg=direction,
        start_px=-30,
    )
    x = np.arange(size) - 50.0
    angle = np.deg2rad(direction)
    # The bar is endless: a window along it, smooth and still, makes it a blob.
    across = -x[None, :] * np.sin(angle) - x[:, None] * np.cos(angle)
    mass = (bar.render()[0].astype(np.float64) - 0.5) * np.exp(-(across**2) / (2 * 5.0**2))
    total = mass.sum(axis=(1, 2))
    centres = np.stack(
        [(mass * x[None, None, :]).sum((1, 2)) / total, (mass * -x[:, None]).sum((1, 2)) / total]
    )
    t = np.arange(count) - (count - 1) / 2
    vx, vy = (centres * t).sum(1) / (t**2).sum()
    assert abs(np.hypot(vx, vy) - speed) < 0.01
    turned = np.rad2deg(np.arctan2(vy, vx)) - direction
    assert abs((turned + 180) % 360 - 180) < 0.01
    along = centres[0] * np.cos(angle) + centres[1] * np.sin(angle)
    assert np.allclose(along, bar.positions_px(0, count), atol=0.06)


@pytest.mark.parametrize("direction", [0, 90, 180, 270])
def test_along_an_axis_it_covers_exactly_its_width(direction):
    bar = MovingBar(
        frames=10,
        height=41,
        width=41,
        width_px=3.3,
        speed_px_s=41.1,
        direction_deg=direction,
        start_px=-8,
    )
    covered = (bar.render()[0].astype(np.float64) - 0.5).sum(axis=(1, 2)) / 0.5
    assert np.allclose(covered, 3.3 * 41, atol=1e-4)


def test_it_enters_and_leaves():
    movie = generate_moving_bar((2, 30, 16, 18), width=2, speed=1, direction=0)
    assert movie.shape == (2, 30, 16, 18)
    assert (movie[:, 0] == 0.5).all()
    assert (movie[:, 1, :, 0] == 1).all()
    assert (movie[:, 1, :, 1:] == 0.5).all()
    assert (movie[:, 20:] == 0.5).all()
    left = generate_moving_bar((2, 30, 16, 18), width=2, speed=1, direction=180)
    assert (left == movie[..., ::-1]).all()
    up = generate_moving_bar((1, 30, 18, 16), width=2, speed=1, direction=90)
    assert (up[0] == movie[0, :, :, :].transpose(0, 2, 1)[:, ::-1]).all()


@given(
    st.floats(0, 360), st.floats(0.1, 5), st.floats(0, 100), st.integers(0, 8), st.integers(0, 8)
)
def test_any_slice_equals_the_slice_of_the_whole(direction, width, speed, a, b):
    bar = MovingBar(
        frames=8, height=5, width=6, width_px=width, speed_px_s=speed, direction_deg=direction
    )
    start, stop = sorted((a, b))
    assert (bar.render(start, stop) == bar.render()[:, start:stop]).all()


def test_impossible_bars():
    for wrong in ({"width": 0}, {"width": -1}, {"speed": -1}, {"speed": float("nan")}):
        with pytest.raises(InputError):
            generate_moving_bar((1, 2, 3, 4), **wrong)
    with pytest.raises(InputError, match="axes"):
        generate_moving_bar((2, 3, 4))
