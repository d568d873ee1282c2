from __future__ import annotations

import numpy as np
import pytest

from neuroai_core import InputError, UnknownArgumentError
from stimulus_protocols import generate_gratings, generate_moving_bar, generate_noise_stimulus

SHAPE = (2, 30, 16, 18)


@pytest.mark.parametrize("make", [generate_gratings, generate_noise_stimulus, generate_moving_bar])
def test_what_all_three_share(make):
    movie = make(SHAPE)
    assert movie.shape == SHAPE
    assert movie.dtype == np.float32
    # A lower contrast is the same signal, and centred data are the signal alone.
    lower = make(SHAPE, contrast=0.25, mean=0.8)
    assert np.allclose(lower / 0.8 - 1, 0.25 * (movie / 0.5 - 1), atol=1e-5)
    centred = make(SHAPE, mean=0.0, amplitude=1.0)
    assert np.allclose(centred, movie / 0.5 - 1, atol=1e-5)
    with pytest.raises(InputError, match="amplitude"):
        make(SHAPE, mean=0.0)
    with pytest.raises(InputError, match="axes"):
        make(SHAPE[1:])
    with pytest.raises(UnknownArgumentError, match="did you mean 'contrast'"):
        make(SHAPE, contrst=0.5)
