from __future__ import annotations

import contextlib
import io
import os
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core import DataError
from retina_data import pickles


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_come_back(protocol):
    content = {
        "train": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
        "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "scalar": np.float64(3),
        "nested": {"mean": np.array([1.5]), "name": "x", "list": [1, 2.5, None, (True, b"x")]},
    }
    found = pickles.load(io.BytesIO(pickle.dumps(content, protocol)), path="p")
    np.testing.assert_array_equal(found["train"], content["train"])
    np.testing.assert_array_equal(found["fortran"], content["fortran"])
    assert found["scalar"] == 3
    assert found["nested"]["list"] == content["nested"]["list"]


def test_numpy_under_its_older_name():
    dumped = pickle.dumps(np.arange(3), 2).replace(b"numpy._core", b"numpy.core")
    assert pickles.load(io.BytesIO(dumped), path="p").tolist() == [0, 1, 2]


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_nothing_is_run(tmp_path, protocol):
    target = tmp_path / "made"
    with pytest.raises(DataError, match="more than arrays") as error:
        pickles.load(io.BytesIO(pickle.dumps({"a": Evil(target)}, protocol)), path="evil.pkl")
    assert not target.exists()
    assert error.value.path == "evil.pkl"


@given(st.data())
def test_damage_is_one_error(data):
    whole = pickle.dumps({"a": np.arange(5), "b": "text", "c": [1, 2]}, 4)
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    for content in (bytes(damaged), whole[:cut]):
        with contextlib.suppress(DataError):  # nothing else may come out
            pickles.load(io.BytesIO(content), path="p")
