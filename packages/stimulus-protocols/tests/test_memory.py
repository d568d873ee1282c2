from __future__ import annotations

import pytest
import torch

from stimulus_protocols.memory import new_memory


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64, torch.uint8])
@pytest.mark.parametrize("shape", [(2, 3, 4), (1,), (2, 0, 3), ()])
def test_any_shape_and_type(shape, dtype):
    made = new_memory(shape, dtype)
    assert made.shape == shape
    assert made.dtype == dtype
    assert made.is_contiguous()
    made.fill_(1)
    assert (made == 1).all()


def test_every_tensor_has_memory_of_its_own():
    one, other = (new_memory((64, 64), torch.float32) for _ in range(2))
    one.zero_()
    other.fill_(7)
    assert (one == 0).all()


def test_where_there_is_no_memory_of_the_cpu():
    assert new_memory((2, 3), torch.float32, "meta").device.type == "meta"
