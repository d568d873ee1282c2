"""Against closed forms: simulated trials with known signal and noise power."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core import InputError
from retina_data import reliability

ALL = [
    reliability.explainable_variance,
    reliability.split_half_correlation,
    reliability.leave_one_out_oracle,
    reliability.noise_ceiling,
]


def simulate(signal, noise, *, trials, neurons=40, time=2000, seed=0):
    random = np.random.default_rng(seed)
    shown = random.standard_normal((1, neurons, time)) * signal**0.5
    return shown + random.standard_normal((trials, neurons, time)) * noise**0.5


@pytest.mark.parametrize("trials", [2, 3, 10])
@pytest.mark.parametrize(("signal", "noise"), [(1, 0.5), (1, 1), (0.5, 2), (1, 1e-6)])
def test_closed_forms(signal, noise, trials):
    values = simulate(signal, noise, trials=trials)
    s, n = signal, noise
    half = trials // 2
    r = s / (s + n / half)
    expected = [
        s / (s + n),
        2 * r / (1 + r),
        s / np.sqrt((s + n) * (s + n / (trials - 1))),
        np.sqrt(s / (s + n / trials)),
    ]
    for measure, value in zip(ALL, expected, strict=True):
        found = measure(values)
        assert found.shape == (40,)
        assert found.mean() == pytest.approx(value, abs=0.015)


def test_pure_noise_has_nothing_to_explain():
    values = simulate(0, 1, trials=6)
    for measure in (ALL[0], ALL[2]):
        assert abs(measure(values).mean()) < 0.01
    assert reliability.noise_ceiling(values).mean() < 0.15


@given(st.integers(0, 5))
def test_missing_values_are_left_out(seed):
    values = simulate(1, 1, trials=6, neurons=3, seed=seed)
    ragged = np.concatenate([values, np.full_like(values[:2], np.nan)])
    for measure in (ALL[0], ALL[2], ALL[3]):
        np.testing.assert_allclose(measure(ragged), measure(values))
    short = ragged.copy()
    short[:, :, 1500:] = np.nan
    for measure in (ALL[0], ALL[2], ALL[3]):
        np.testing.assert_allclose(measure(short), measure(values[..., :1500]))


def test_too_few_trials_give_nan():
    for measure in ALL:
        assert np.isnan(measure(simulate(1, 1, trials=1, neurons=2))).all()


def test_a_silent_neuron_gives_nan():
    values = simulate(1, 1, trials=4, neurons=2)
    values[:, 0] = 0
    for measure in ALL:
        found = measure(values)
        assert np.isnan(found[0])
        assert np.isfinite(found[1])


def test_axes_are_checked():
    with pytest.raises(InputError, match="axes"):
        reliability.noise_ceiling(np.zeros((3, 4)))
