from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retina_data.karamanlis_2024 import fixations

screen, size = (12, 16), (6, 8)
points = st.tuples(st.integers(1, 2), st.integers(-20, 40), st.integers(-20, 40))


@given(st.lists(points, min_size=1, max_size=4), st.integers(5, 20), st.integers(5, 20))
def test_frames_are_the_image_around_the_fixation(shown, height, width):
    images = np.random.default_rng(0).integers(1, 255, (2, height, width))
    found = fixations.show(images, np.array(shown), size=size, screen=screen)
    for frame, (image, x, y) in zip(found, shown, strict=True):
        full = np.zeros(screen)  # pixel by pixel, as the authors' program draws it
        for row in range(screen[0]):
            for column in range(screen[1]):
                at = row + y - screen[0] // 2, column + x - screen[1] // 2
                if 0 <= at[0] < height and 0 <= at[1] < width:
                    full[row, column] = images[image - 1][at]
        expected = full.reshape(6, 2, 8, 2).mean(axis=(1, 3))
        np.testing.assert_allclose(frame, expected, atol=1e-4)


@given(st.lists(points, min_size=1, max_size=20))
def test_each_different_fixation_once_in_the_order_they_came(shown):
    different, which = fixations.unique_frames(np.array(shown))
    assert [tuple(different[i]) for i in which] == shown
    assert [tuple(d) for d in different] == list(dict.fromkeys(shown))
