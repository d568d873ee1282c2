from __future__ import annotations

import h5py
import numpy as np

from retina_data import matlab


def test_axes_come_reversed_and_structs_as_groups(tmp_path):
    cells = np.arange(24.0).reshape(2, 3, 4)
    with h5py.File(tmp_path / "x.mat", "w") as file:
        matlab.write(
            file,
            {
                "cells": cells,
                "list": np.arange(3),
                "one": {"seed": -5, "deep": {"x": 1.5}},
                "many": [{"a": np.ones((2, i + 1)), "b": {"n": i}} for i in range(3)],
            },
        )
    with h5py.File(tmp_path / "x.mat") as file:
        assert file["cells"].shape == (4, 3, 2)
        assert file["list"].shape == (1, 3)
        (one,) = matlab.structs(file, "one")
        assert matlab.number(one, "seed") == -5
        assert matlab.number(one["deep"], "x") == 1.5
        many = matlab.structs(file, "many")
        assert [s["a"].shape for s in many] == [(1, 2), (2, 2), (3, 2)]
        assert [matlab.number(s["b"], "n") for s in many] == [0, 1, 2]
        assert h5py.check_ref_dtype(file["many/a"].dtype) is h5py.Reference


def test_what_is_not_there(tmp_path):
    with h5py.File(tmp_path / "x.mat", "w") as file:
        matlab.write(file, {"s": {"a": 1.5, "b": np.ones(2), "c": 7}})
        assert matlab.structs(file, "t") == []
        (struct,) = matlab.structs(file, "s")
        assert matlab.number(struct, "b") is None
        assert matlab.number(None, "a") is None
        found, problems = matlab.numbers(struct, ["a", "b", "c", "d"], "s")
    assert found == {"c": 7}
    assert problems == [f"s/{name}: no whole number" for name in "abd"]
