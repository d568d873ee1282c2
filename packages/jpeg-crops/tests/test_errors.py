"""The error travels and can be read."""

from __future__ import annotations

import pickle

from jpeg_crops import CropError


def test_survives_the_way_between_processes():
    other = CropError("worse", index=4, found="nothing")
    error = CropError("bad", index=3, path="a.JPEG", expected=1, found=2, others=[other])
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert isinstance(again, ValueError)
    assert (again.index, again.path, again.expected, again.found) == (3, "a.JPEG", 1, 2)
    assert [str(x) for x in again.others] == [str(other)]
