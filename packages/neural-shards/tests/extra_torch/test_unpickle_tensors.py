"""Tensors come out of pickles without torch being asked."""

from __future__ import annotations

import pickle

import pytest
import torch

from neural_shards.unpickle import unpickle
from neuroai_core.errors import DataError

DTYPES = [torch.bool, torch.uint8, torch.int16, torch.int64, torch.float16, torch.float32]


@pytest.mark.parametrize("dtype", [*DTYPES, torch.float64, torch.complex64])
def test_tensors_come_back(dtype):
    tensor = torch.arange(24).reshape(2, 3, 4).to(dtype)
    for view in (tensor, tensor[:, 1:, ::2], tensor.permute(2, 0, 1), tensor[0, 0, 0], tensor[:0]):
        got = torch.from_numpy(unpickle(pickle.dumps(view), {}))
        assert got.dtype == dtype
        assert torch.equal(got, view)


def test_what_numpy_does_not_have_is_refused():
    with pytest.raises(DataError, match="BFloat16Storage"):
        unpickle(pickle.dumps(torch.zeros(2, dtype=torch.bfloat16)), {})


def test_a_view_that_is_larger_than_its_numbers_is_refused():
    with pytest.raises(DataError, match="outside"):
        unpickle(pickle.dumps(torch.zeros(1).expand(10**9)), {})


def test_a_module_is_refused():
    with pytest.raises(DataError):
        unpickle(pickle.dumps(torch.nn.Linear(2, 2)), {})
