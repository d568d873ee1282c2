import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagenet_dm.resolution import Resolution
from neuroai_core.errors import InputError


@given(st.integers(0, 200))
def test_grows_as_in_ffcv_imagenet(epoch):
    # https://github.com/libffcv/ffcv-imagenet: interp, then round to a multiple of 32.
    if epoch <= 64:
        oracle = 160
    elif epoch >= 76:
        oracle = 192
    else:
        oracle = int(np.round(np.interp([epoch], [64, 76], [160, 192])[0] / 32)) * 32
    assert Resolution.of({64: 160, 76: 192})(epoch) == oracle


def test_one_size_and_odd_sizes_stay_what_they_are():
    assert Resolution.of(225)(7) == 225
    assert Resolution.of({0: 100, 10: 300})(0) == 100
    assert Resolution.of({0: 100, 10: 100, 20: 300})(5) == 100
    assert Resolution.of({"0": 128, "4": 160})(4) == 160


@pytest.mark.parametrize("wrong", [0, {}, {-1: 32}, {0: 0}])
def test_what_is_no_size_is_an_error(wrong):
    with pytest.raises(InputError, match="no size by epoch"):
        Resolution.of(wrong)
