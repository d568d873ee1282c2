from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core import InputError
from stimulus_protocols import Flicker, Ramp
from stimulus_protocols.contrast import gains


@given(st.floats(0, 1), st.floats(0, 1), st.integers(2, 50))
def test_a_ramp_goes_from_end_to_end_in_equal_steps(start, stop, length):
    ramp = gains(Ramp(start=start, stop=stop), np.arange(length), length)
    assert np.allclose(ramp, np.linspace(start, stop, length))


@given(st.floats(0.01, 1), st.floats(0.01, 1), st.integers(2, 50))
def test_a_logarithmic_ramp_has_equal_factors(start, stop, length):
    ramp = gains(Ramp(start=start, stop=stop, scale="log"), np.arange(length), length)
    assert np.allclose(ramp, np.geomspace(start, stop, length))


def test_a_flicker_has_its_frequency():
    gain = gains(Flicker(period_frames=8, low=0.2, high=0.8), np.arange(64), 64)
    spectrum = abs(np.fft.rfft(gain - gain.mean()))
    assert spectrum.argmax() == 8
    assert np.isclose(gain.mean(), 0.5)
    assert np.isclose(gain.max(), 0.8)
    with pytest.raises(InputError):
        Flicker(period_frames=1.9)
