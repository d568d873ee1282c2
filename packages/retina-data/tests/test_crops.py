from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core import InputError
from retina_data import Movie
from retina_data.crops import Crops

FRAMES = np.arange(3 * 7 * 9).reshape(1, 3, 7, 9).astype(np.uint8)
windows = st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 4), st.booleans())


@given(st.lists(windows, min_size=1, max_size=9), st.data())
def test_windows_are_cut_where_they_were_shown(shown, data):
    order, rows, columns, mirrored = (np.array(x) for x in zip(*shown, strict=True))
    crops = Crops(
        Movie(FRAMES.copy()),
        order,
        corners=np.stack([rows, columns], axis=1),
        upside_down=mirrored,
        size=(4, 5),
    )
    length = data.draw(st.integers(1, len(shown)))
    start = data.draw(st.integers(0, len(shown) - length))
    found = crops.chunks(np.array([start]), length)
    for i, (frame, row, column, flip) in enumerate(shown[start : start + length]):
        expected = FRAMES[0, frame, row : row + 4, column : column + 5]
        np.testing.assert_array_equal(found[0, 0, i], expected[::-1] if flip else expected)
    assert crops.shape == (1, len(shown), 4, 5)
    assert crops.dense().shape == crops.shape


@pytest.mark.parametrize("corner", [[-1, 0], [4, 0], [0, 5]])
def test_a_window_beyond_its_frame(corner):
    with pytest.raises(InputError, match="beyond its frame"):
        Crops(
            Movie(FRAMES.copy()),
            np.array([0]),
            corners=np.array([corner]),
            upside_down=np.array([False]),
            size=(4, 5),
        )
