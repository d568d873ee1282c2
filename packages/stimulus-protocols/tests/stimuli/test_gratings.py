"""Gratings against the definition, the Fourier transform and supersampling."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core import InputError
from stimulus_protocols import generate_gratings
from stimulus_protocols.stimuli import Grating


def definition(g: Grating) -> np.ndarray:
    """The formula of the definition, pixel by pixel in float64."""
    t = np.arange(g.frames)[:, None, None] / g.frame_rate_hz
    x = (np.arange(g.width) - (g.width - 1) / 2)[None, None, :]
    y = ((g.height - 1) / 2 - np.arange(g.height))[None, :, None]
    angle = np.deg2rad(g.direction_deg)
    u = x * np.cos(angle) + y * np.sin(angle)
    cycles = g.spatial_frequency_cpp * u - g.temporal_frequency_hz * t
    return g.mean * (1 + g.contrast * np.cos(2 * np.pi * cycles + np.deg2rad(g.phase_deg)))


gratings = st.builds(
    Grating,
    frames=st.integers(1, 12),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    channels=st.integers(1, 3),
    frame_rate_hz=st.sampled_from([30.0, 60.0, 29.97]),
    spatial_frequency_cpp=st.floats(0, 0.5),
    temporal_frequency_hz=st.sampled_from([0.0, 2.0, 7.3, 14.985]),
    direction_deg=st.floats(-720, 720),
    phase_deg=st.floats(-360, 360),
    contrast=st.floats(-1, 1),
    mean=st.floats(0.1, 2),
)


@given(gratings)
def test_the_definition(grating):
    expected = definition(grating)
    movie = grating.render()
    assert movie.shape == grating.shape
    for channel in movie:
        assert np.allclose(channel, expected, atol=1e-5)


@given(
    st.floats(1e-300, 11.9),
    st.sampled_from([24.0, 29.97, 60.0]),
    st.integers(0, 10**15 - 3),
    st.sampled_from(["sine", "square"]),
)
def test_frequencies_of_any_digits_are_exact_at_any_frame(frequency, rate, start, waveform):
    grating = Grating(
        frames=10**15,
        height=1,
        width=1,
        frame_rate_hz=rate,
        spatial_frequency_cpp=0,
        temporal_frequency_hz=frequency,
        waveform=waveform,
    )
    shown = grating.render(start, start + 3)[0, :, 0, 0]
    for k, value in zip(range(start, start + 3), shown, strict=True):
        cycles = float(Fraction(repr(frequency)) * k / Fraction(repr(rate)) % 1)
        wave = np.cos(2 * np.pi * cycles)
        if waveform == "sine":
            assert abs(value - (0.5 + 0.5 * wave)) < 1e-6
        elif abs(wave) > 1e-6:
            assert value == (wave > 0)


@given(gratings, st.sampled_from(["sine", "square"]), st.data())
def test_any_slice_equals_the_slice_of_the_whole(grating, waveform, data):
    grating = grating.model_copy(update={"waveform": waveform})
    start = data.draw(st.integers(0, grating.frames))
    stop = data.draw(st.integers(start, grating.frames))
    assert (grating.render(start, stop) == grating.render()[:, start:stop]).all()


@pytest.mark.parametrize(
    ("direction", "fx", "fy"), [(0, 4, 0), (90, 0, 4), (180, -4, 0), (270, 0, -4)]
)
def test_the_spectrum_has_one_peak_that_moves_the_right_way(direction, fx, fy):
    grating = Grating(
        frames=32,
        height=32,
        width=32,
        frame_rate_hz=32,
        spatial_frequency_cpp=4 / 32,
        temporal_frequency_hz=3,
        direction_deg=direction,
        contrast=0.8,
    )
    movie = grating.render()[0].astype(np.float64)
    spectrum = np.fft.fftn(movie - 0.5)
    peaks = np.argwhere(abs(spectrum) > 1e-3 * abs(spectrum).max())
    found = {tuple(int(k) if k < 16 else int(k) - 32 for k in peak) for peak in peaks}
    # Rows count downward where y counts up, and exp(i(ky - wt)) has opposite signs.
    assert found == {(-3, -fy, fx), (3, fy, -fx)}
    assert abs(movie.mean() - 0.5) < 1e-6
    assert abs((movie / 0.5 - 1).std() - 0.8 / np.sqrt(2)) < 1e-6


def test_orientation_is_that_of_the_bars():
    # Upright bars differ along x alone and move rightward.
    movie = generate_gratings(
        shape=(1, 3, 4, 8), temporal_frequency=3.75, spatial_frequency=0.125, orientation=90
    )[0]
    assert np.allclose(movie, movie[:, :1])
    assert np.allclose(movie[1, :, 1:], movie[0, :, :-1], atol=1e-6)
    level = generate_gratings(shape=(1, 3, 4, 8), spatial_frequency=0.125, orientation=0)[0]
    assert np.allclose(level, level[..., :1])


@pytest.mark.parametrize("direction", [0, 90, 30, 45, 137.5])
def test_square_waves_are_area_means(direction):
    grating = Grating(
        frames=2,
        height=5,
        width=7,
        spatial_frequency_cpp=0.09,
        temporal_frequency_hz=4,
        direction_deg=direction,
        phase_deg=20,
        waveform="square",
    )
    n = 400
    inside = (np.arange(n) + 0.5) / n - 0.5
    angle = np.deg2rad(direction)
    for k, frame in enumerate(grating.render()[0]):
        for i in range(5):
            for j in range(7):
                x = j - 3 + inside[None, :]
                y = 2 - i + inside[:, None]
                u = x * np.cos(angle) + y * np.sin(angle)
                phase = 2 * np.pi * (0.09 * u - 4 * k / 30) + np.deg2rad(20)
                expected = 0.5 + 0.5 * np.sign(np.cos(phase)).mean()
                assert abs(frame[i, j] - expected) < 2e-3


def test_phases_are_exact_after_a_million_frames():
    grating = Grating(
        frames=10_000_000,
        height=2,
        width=16,
        spatial_frequency_cpp=0.1,
        temporal_frequency_hz=7.3,
        frame_rate_hz=60,
    )
    late = 9_999_999
    cycles = (73 * late % 600) / 600  # 7.3 / 60 cycles a frame, in whole numbers
    x = np.arange(16) - 7.5
    expected = 0.5 + 0.5 * np.cos(2 * np.pi * (0.1 * x - cycles))
    assert np.allclose(grating.render(late)[0, 0, 0], expected, atol=1e-6)


def test_the_same_motion_at_any_frame_rate():
    slow, fast = (
        Grating(
            frames=int(rate),
            height=6,
            width=6,
            frame_rate_hz=rate,
            spatial_frequency_cpp=0.2,
            temporal_frequency_hz=3,
            direction_deg=30,
        )
        for rate in (30.0, 120.0)
    )
    assert np.allclose(slow.render(), fast.render()[:, ::4], atol=1e-6)


@given(gratings, st.floats(0, 1), st.floats(0, 1))
def test_contrast_of_contrast(grating, a, b):
    def at(contrast):
        return grating.model_copy(update={"contrast": contrast}).render().astype(np.float64)

    m = grating.mean
    assert np.allclose(m + b * (at(a) - m), at(a * b), atol=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"spatial_frequency_cpp": 0.51},
        {"spatial_frequency_cpp": 0.6, "direction_deg": 30},
        {"temporal_frequency_hz": 15.1},
        {"temporal_frequency_hz": -1},
        {"contrast": 1.1},
        {"mean": 0.0},
        {"frames": 0},
        {"width": 2.5},
        {"waveform": "triangle"},
        {"frame_rate_hz": 0},
        {"phase_deg": float("inf")},
    ],
)
def test_impossible_gratings(wrong):
    good = {"frames": 2, "height": 4, "width": 4, "spatial_frequency_cpp": 0.1}
    with pytest.raises(InputError):
        Grating(**(good | wrong))
