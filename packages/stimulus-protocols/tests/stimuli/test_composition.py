from __future__ import annotations

import numpy as np
import pytest

from neuroai_core import InputError
from stimulus_protocols.stimuli import (
    Flash,
    GaussianWindow,
    Grating,
    Uniform,
    counterphase,
    from_convention,
    in_turn,
    plaid,
    to_convention,
    together,
)

SIZE = {"frames": 16, "height": 15, "width": 17, "frame_rate_hz": 32.0}


def test_a_plaid_is_two_gratings():
    grating = Grating(**SIZE, spatial_frequency_cpp=0.1, temporal_frequency_hz=2, contrast=0.8)
    turned = grating.model_copy(update={"direction_deg": 70.0})
    expected = (grating.signal() + turned.signal()) / 2
    assert np.allclose(plaid(grating, 70).signal(), expected, atol=1e-6)


@pytest.mark.parametrize(("direction", "phase"), [(0, 0), (30, 0), (120, 77)])
def test_counterphase_is_a_product(direction, phase):
    grating = Grating(
        **SIZE,
        spatial_frequency_cpp=0.1,
        temporal_frequency_hz=3,
        direction_deg=direction,
        phase_deg=phase,
    )
    x, y = np.arange(17) - 8.0, 7.0 - np.arange(15)
    a = np.deg2rad(direction)
    u = x * np.cos(a) + y[:, None] * np.sin(a)
    t = np.arange(16)[:, None, None] / 32
    expected = np.cos(2 * np.pi * 0.1 * u + np.deg2rad(phase)) * np.cos(2 * np.pi * 3 * t)
    assert np.allclose(counterphase(grating).signal()[0], expected, atol=1e-5)


def test_a_gabor_is_a_grating_in_a_gaussian():
    grating = Grating(**SIZE, spatial_frequency_cpp=0.1, aperture=GaussianWindow(sigma_px=3))
    x, y = np.arange(17) - 8.0, 7.0 - np.arange(15)
    expected = np.cos(2 * np.pi * 0.1 * x) * np.exp(-(x**2 + y[:, None] ** 2) / 18)
    assert np.allclose(grating.signal()[0, 0], expected, atol=1e-6)


def test_lengths_of_what_comes_in_turn_add():
    a, b = Uniform(**SIZE), Flash(**SIZE, onset_s=0.25)
    whole = in_turn(a, b, a)
    assert len(whole) == len(a) + len(b) + len(a)
    rendered = np.concatenate([a.render(), b.render(), a.render()], axis=1)
    assert (whole.render() == rendered).all()


def test_parts_that_differ():
    small = Uniform(frames=16, height=4, width=4, frame_rate_hz=32.0)
    for make in (together, in_turn):
        with pytest.raises(InputError, match="not like the whole"):
            make(Uniform(**SIZE), small)
    with pytest.raises(InputError, match="not like the whole"):
        together(Uniform(**SIZE), Uniform(**{**SIZE, "frames": 4}))


def test_what_comes_in_turn_has_one_mean_and_amplitude():
    a = Uniform(**SIZE)
    for other, name in [({"mean": 0.3}, "mean"), ({"amplitude": 0.2}, "amplitude")]:
        with pytest.raises(InputError, match="luminance of the whole") as caught:
            in_turn(a, Uniform(**SIZE, **other))
        assert caught.value.key == f"parts.1.{name}"
    # Said or not, it is the same.
    assert len(in_turn(a, Uniform(**SIZE, amplitude=0.5))) == 32


@pytest.mark.parametrize("convention", ["psychopy", "allen", "qdspy"])
def test_conventions_there_and_back(convention):
    for angle in range(-360, 720, 15):
        there = to_convention(from_convention(angle, convention), convention)
        assert there == angle % 360
    with pytest.raises(InputError, match="did you mean 'psychopy'"):
        from_convention(0, "psychpy")


def test_the_moving_bar_of_qdspy():
    # Its script starts at (cos(a - 90), -sin(a - 90)) and moves towards the centre.
    for angle in (0, 45, 90, 180, 225, 270, 315):
        a = np.deg2rad(angle - 90)
        vx, vy = -np.cos(a), np.sin(a)
        ours = np.rad2deg(np.arctan2(vy, vx)) % 360
        assert abs((from_convention(angle, "qdspy") - ours + 180) % 360 - 180) < 1e-9
