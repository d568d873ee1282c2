from __future__ import annotations

import gc

import torch

from retina_data import buffers

BIG = (buffers.LARGE // 4 + 1,)


def test_memory_is_used_again_only_when_its_last_view_is_gone():
    first = buffers.empty(BIG, torch.float32)
    address = first.data_ptr()
    view = first[10:20]
    del first
    gc.collect()
    other = buffers.empty(BIG, torch.float32)
    assert other.data_ptr() != address  # the view still holds it
    del view
    gc.collect()
    assert buffers.empty(BIG, torch.float32).data_ptr() == address


def test_a_numpy_view_holds_the_memory_too():
    first = buffers.empty(BIG, torch.float32)
    address, array = first.data_ptr(), first.numpy()
    del first
    gc.collect()
    assert buffers.empty(BIG, torch.float32).data_ptr() != address
    array[:] = 1.0


def test_only_a_few_free_blocks_are_kept():
    held = [buffers.empty((buffers.LARGE + 8,), torch.uint8) for _ in range(8)]
    size = held[0].numel()
    held.clear()
    gc.collect()
    assert len(buffers._free[size]) == buffers.KEPT
