"""Sizes from the header."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jpeg_crops import CropError, image_size, image_sizes


@settings(max_examples=25)
@given(
    shape=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    kind=st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"]),
    mode=st.sampled_from(["L", "RGB"]),
)
def test_image_size(encode, shape, kind, mode):
    image = encode(Image.new(mode, shape[::-1]), kind)
    assert image_size(image) == shape
    assert all(type(x) is int for x in image_size(image))


def test_many(jpegs, tmp_path):
    sizes = image_sizes(jpegs, threads=2)
    assert sizes.dtype == np.int64
    np.testing.assert_array_equal(sizes, [image_size(jpeg) for jpeg in jpegs])
    assert image_sizes([]).shape == (0, 2)
    (tmp_path / "a.JPEG").write_bytes(jpegs[0])
    assert image_size(tmp_path / "a.JPEG") == tuple(sizes[0])


def test_pixels_are_not_needed(jpegs):
    assert image_size(jpegs[0][:700]) == image_size(jpegs[0])


def test_errors_name_the_items(jpegs):
    with pytest.raises(CropError) as caught:
        image_sizes([jpegs[0], b"", jpegs[1], b"text"])
    assert caught.value.index == 1
    assert [other.index for other in caught.value.others] == [3]
    assert "0 bytes" in str(caught.value)
