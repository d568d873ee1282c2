from __future__ import annotations

import numpy as np
import pytest

from neuroai_core import InputError
from neuroai_core.rng import generator
from stimulus_protocols.stimuli import MotionCloud, PinkNoise


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0, 3.0])
def test_the_slope_of_log_power(exponent):
    noise = PinkNoise(frames=12, height=96, width=128, power_exponent=exponent, seed=4)
    signal = noise.signal()[0].astype(np.float64)
    assert np.allclose(signal.mean((1, 2)), 0, atol=1e-5)
    assert np.allclose(signal.std((1, 2)), 1, atol=1e-5)
    power = (abs(np.fft.fft2(signal)) ** 2).mean(0).ravel()
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(128), np.fft.fftfreq(96))).ravel()
    band = (frequency > 0.02) & (frequency < 0.5)
    slope = np.polyfit(np.log(frequency[band]), np.log(power[band]), 1)[0]
    assert abs(slope + exponent) < 0.1


@pytest.mark.parametrize(("direction", "speed"), [(0, 30.0), (180, 30.0), (90, 15.0), (45, 24.0)])
def test_a_motion_cloud_moves_as_it_says(direction, speed):
    cloud = MotionCloud(
        frames=64,
        height=64,
        width=64,
        direction_deg=direction,
        speed_px_s=speed,
        speed_bandwidth_px_s=3,
        spatial_frequency_cpp=0.12,
        seed=3,
    )
    signal = cloud.signal()[0].astype(np.float64)
    assert abs(signal.mean()) < 1e-5
    assert abs(signal.std() - 1) < 1e-5
    power = abs(np.fft.fftn(signal)) ** 2
    ft = np.fft.fftfreq(64)[:, None, None]
    fy = -np.fft.fftfreq(64)[None, :, None]
    fx = np.fft.fftfreq(64)[None, None, :]
    # Energy lies on the plane ft = -v . f: the velocity by weighted least squares.
    f = np.stack(np.broadcast_arrays(fx, fy)).reshape(2, -1)
    f = np.stack([np.broadcast_to(p, power.shape).ravel() for p in (fx, fy)])
    w, target = power.ravel(), -np.broadcast_to(ft, power.shape).ravel()
    velocity = np.linalg.solve((f * w) @ f.T, (f * w) @ target) * 30
    angle = np.deg2rad(direction)
    along = velocity @ [np.cos(angle), np.sin(angle)]
    assert abs(along - speed) < 0.05 * speed
    # The middle of the band of spatial frequencies.
    radius = np.hypot(fx, fy)
    log = np.log(np.where(radius == 0, 1, radius))
    middle = np.exp((power * log).sum() / power.sum())
    assert 0.08 < middle < 0.16


@pytest.mark.parametrize(("direction", "seed"), [(0.0, 0), (67.0, 1), (200.0, 2)])
def test_a_motion_cloud_is_white_noise_through_the_published_envelope(direction, seed):
    T, H, W = 12, 16, 20
    cloud = MotionCloud(
        frames=T,
        height=H,
        width=W,
        spatial_frequency_cpp=0.15,
        spatial_bandwidth_octaves=0.3,
        direction_deg=direction,
        direction_bandwidth_deg=20,
        speed_px_s=24,
        speed_bandwidth_px_s=6,
        seed=seed,
    )
    # All of Fourier space, one frequency at a time, in the paper's own variables.
    vx, vy = 24 / 30 * np.cos(np.deg2rad(direction)), -24 / 30 * np.sin(np.deg2rad(direction))
    amplitude = np.zeros((T, H, W))
    for t, ft in enumerate(np.fft.fftfreq(T)):
        for row, fy in enumerate(np.fft.fftfreq(H)):
            for column, fx in enumerate(np.fft.fftfreq(W)):
                radius = np.hypot(fx, fy)
                if radius == 0:
                    continue
                turn = np.arctan2(fy, fx) + np.deg2rad(direction)
                amplitude[t, row, column] = (
                    np.exp(-0.5 * (np.log(radius / 0.15) / np.log(2**0.3)) ** 2)
                    / radius
                    * np.exp(np.cos(2 * turn) / 4 / np.deg2rad(20) ** 2)
                    * np.exp(-0.5 * ((ft + fx * vx + fy * vy) / (6 / 30 * radius)) ** 2)
                )
    white = generator(seed, "motion_cloud").standard_normal((T, H, W), dtype=np.float32)
    expected = np.fft.ifftn(np.fft.fftn(white) * amplitude).real
    assert np.allclose(cloud.signal()[0], expected / expected.std(), atol=1e-3)


def test_a_cloud_without_any_frequency():
    with pytest.raises(InputError, match="no frequency"):
        MotionCloud(frames=2, height=1, width=1).render()
    with pytest.raises(InputError, match="faster"):
        MotionCloud(frames=2, height=9, width=9, speed_px_s=200)
