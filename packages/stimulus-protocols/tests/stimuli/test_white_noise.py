"""Noise against its statistics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core import InputError
from stimulus_protocols import generate_noise_stimulus
from stimulus_protocols.stimuli import WhiteNoise

KINDS = ["gaussian", "binary", "ternary", "uniform"]


@pytest.mark.parametrize("kind", KINDS)
def test_moments_and_levels(kind):
    noise = generate_noise_stimulus((2, 60, 40, 40), kind, contrast=0.4, mean=0.5, seed=3)
    signal = (noise.astype(np.float64) / 0.5 - 1) / 0.4
    spread = {"gaussian": 1.0, "binary": 1.0, "ternary": np.sqrt(2 / 3), "uniform": np.sqrt(1 / 3)}
    n = signal.size
    assert abs(signal.mean()) < 5 * spread[kind] / np.sqrt(n)
    assert abs(signal.std() - spread[kind]) < 0.01
    levels = np.unique(signal.round(4))
    if kind == "binary":
        assert levels.tolist() == [-1, 1]
    elif kind == "ternary":
        assert levels.tolist() == [-1, 0, 1]
    elif kind == "uniform":
        assert -1 <= levels.min() < -0.999
        assert 0.999 < levels.max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_spectrum_is_flat(kind):
    noise = generate_noise_stimulus((2, 32, 32, 32), kind, seed=1).astype(np.float64)
    power = abs(np.fft.fftn(noise - noise.mean())) ** 2 / noise.size / noise.var()
    power = power.ravel()[1:]
    # Each half of the values are complex conjugates; their powers are exponential with mean 1.
    assert abs(power.mean() - 1) < 0.02
    assert power.max() < 25
    axes = abs(np.fft.fftn(noise - noise.mean())) ** 2 / noise.size / noise.var()
    for axis in range(4):
        marginal = axes.mean(axis=tuple(a for a in range(4) if a != axis))
        assert (abs(marginal - 1) < 0.15).all()


@given(
    st.sampled_from(KINDS),
    st.integers(1, 4),
    st.integers(1, 4),
    st.booleans(),
    st.integers(-5, 5),
    st.data(),
)
def test_any_slice_equals_the_slice_of_the_whole(kind, check, hold, alike, seed, data):
    noise = WhiteNoise(
        frames=9,
        height=5,
        width=7,
        channels=2,
        distribution=kind,
        check_px=check,
        frames_per_update=hold,
        channels_alike=alike,
        seed=seed,
    )
    start = data.draw(st.integers(0, 9))
    stop = data.draw(st.integers(start, 9))
    whole = noise.render()
    assert (noise.render(start, stop) == whole[:, start:stop]).all()
    # Constant inside a check and while it is held.
    for k in range(9):
        assert (whole[:, k] == whole[:, k // hold * hold]).all()
    corner = whole[:, :, ::check, ::check].repeat(check, 2).repeat(check, 3)[:, :, :5, :7]
    assert (whole == corner).all()
    assert alike == bool((whole[0] == whole[1]).all()) or check > 3


def test_seeds_and_updates_differ():
    def noise(seed):
        return generate_noise_stimulus((1, 4, 20, 20), "binary", seed=seed)

    assert (noise(1) == noise(1)).all()
    assert (noise(1) != noise(2)).any()
    frames = noise(1)[0]
    for a in range(4):
        for b in range(a):
            assert 100 < (frames[a] != frames[b]).sum() < 300


def test_unknown_distributions():
    with pytest.raises(InputError, match="distribution"):
        generate_noise_stimulus((1, 2, 3, 4), "gausian")
