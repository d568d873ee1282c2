"""Memory of batches: used again when a batch is let go, and never before."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch

from neural_shards import create_shards_from_arrays, create_webdataset_dataloader
from neural_shards.buffers import Arena, Buffers, Packed


def test_a_piece_is_free_again_when_its_last_array_is_gone():
    buffers = Buffers(2, 100, shared=False)
    piece = buffers.lease(buffers.take())
    tensor = torch.from_numpy(piece[:8].view("<f4"))[1:]
    assert buffers.take() == 1
    assert buffers.take() is None
    del piece
    gc.collect()
    assert buffers.take() is None
    del tensor
    gc.collect()
    assert buffers.take() == 0


def test_what_was_reserved_and_never_came_is_taken_back_but_nothing_that_lives():
    buffers = Buffers(3, 100, shared=True)
    held = buffers.lease(buffers.take())
    assert [buffers.take(), buffers.take(), buffers.take()] == [1, 2, None]
    buffers.take_back()
    assert [buffers.take(), buffers.take(), buffers.take()] == [1, 2, None]
    assert len(held) >= 100


def test_arrays_do_not_overlap_and_what_does_not_fit_has_its_own():
    buffers = Buffers(1, 4096, shared=False)
    arena = Arena(buffers.lease(buffers.take()), np.empty)
    arrays = [arena.allocate((3, n), np.dtype("<i4")) for n in (1, 0, 5, 300, 60, 2)]
    for i, array in enumerate(arrays):
        array[...] = i
    assert all((array == i).all() for i, array in enumerate(arrays))


def test_a_batch_comes_out_of_a_piece_as_it_went_in(monkeypatch):
    buffers = Buffers(1, 4096, shared=True)
    number = buffers.take()
    x = Arena(buffers.piece(number), np.empty).allocate((2, 3), np.dtype("<f8"))
    x[...] = np.arange(6.0).reshape(2, 3)
    batch = {"x": x, "own": np.arange(3), "side": ["l", "r"], "name": np.array(["a"])}
    packed = Packed.pack(batch, buffers, number)
    assert not isinstance(packed.batch["x"], torch.Tensor)
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor, *_: tensor.clone())
    for got in (packed.pin_memory(), packed.unpack()):
        assert torch.equal(got["x"], torch.arange(6.0, dtype=torch.float64).reshape(2, 3))
        assert torch.equal(got["own"], torch.arange(3))
        assert (got["side"], got["name"].tolist()) == (["l", "r"], ["a"])


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_batches_that_are_kept_are_not_written_over(tmp_path, workers):
    x = np.random.default_rng(0).normal(size=(60, 5))
    create_shards_from_arrays(tmp_path, {"x": x}, shard_size=7)
    loader = create_webdataset_dataloader(
        tmp_path, 4, workers, shuffle=False, persistent_workers=workers > 0
    )
    iterator = iter(loader)
    broken_off = [next(iterator)["x"] for _ in range(3)]
    del iterator
    kept = [batch["x"] for batch in loader]  # more than there are buffers
    again = [batch["x"].clone() for batch in loader]
    together = (
        [(a["x"], b["x"]) for a, b in zip(loader, loader, strict=True)] if not workers else []
    )
    np.testing.assert_array_equal(torch.cat(broken_off), x[:12])
    np.testing.assert_array_equal(torch.cat(kept), x)
    np.testing.assert_array_equal(torch.cat(again), x)
    for a, b in together:
        assert torch.equal(a, b)


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_a_batch_that_is_kept_leaves_memory_for_the_others(tmp_path, monkeypatch, workers):
    create_shards_from_arrays(tmp_path, {"x": np.arange(200.0).reshape(40, 5)}, shard_size=7)
    taken, take = [], Buffers.take
    monkeypatch.setattr(Buffers, "take", lambda self: taken.append(take(self)) or taken[-1])
    loader = create_webdataset_dataloader(tmp_path, 4, workers, persistent_workers=workers > 0)
    for _ in loader:  # the last one stays
        pass
    for batch in loader:
        x = batch["x"]
    assert x.shape == (4, 5)
    assert len(taken) == 20
    assert None not in taken
