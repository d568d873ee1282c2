from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core import InputError
from retina_data.orders import BatchOrder, ChunkOrder

stretches = st.lists(st.integers(0, 30), min_size=1, max_size=5).map(
    lambda lengths: np.array(
        [[sum(lengths[:i]) + 7 * i, sum(lengths[: i + 1]) + 7 * i] for i in range(len(lengths))]
    )
)


@given(stretches, st.integers(1, 10), st.integers(0, 3), st.integers(0, 5))
def test_every_chunk_lies_in_a_stretch_and_none_is_lost(stretches, chunk, seed, epoch):
    order = ChunkOrder(stretches, chunk_size=chunk, seed=seed, name="s")
    starts = order.starts(epoch)
    assert len(starts) == len(order) == sum((b - a) // chunk for a, b in stretches)
    for start in starts:
        assert any(a <= start and start + chunk <= b for a, b in stretches)
    for a, b in stretches:  # each keeps its number of chunks
        assert ((a <= starts) & (starts < b)).sum() == (b - a) // chunk


def test_every_frame_comes_up():
    order = ChunkOrder(np.array([[3, 50]]), chunk_size=10, name="s")
    seen = {s + i for epoch in range(200) for s in order.starts(epoch).tolist() for i in range(10)}
    assert seen == set(range(3, 50))


def test_epochs_differ_and_are_repeatable():
    order = ChunkOrder(np.array([[0, 1000]]), chunk_size=10, seed=1, name="s")
    again = ChunkOrder(np.array([[0, 1000]]), chunk_size=10, seed=1, name="s")
    assert (order.starts(0) == again.starts(0)).all()
    assert (order.starts(0) != order.starts(1)).any()
    other = ChunkOrder(np.array([[0, 1000]]), chunk_size=10, seed=1, name="t")
    assert (order.starts(0) != other.starts(0)).any()


def test_chunks_of_a_whole_clip_are_shuffled():
    """Upstream does not shuffle when the chunk is as long as the clip."""
    clips = np.stack([np.arange(0, 400, 10), np.arange(10, 410, 10)], axis=1)
    order = ChunkOrder(clips, chunk_size=10, name="s")
    assert order.starts(0).tolist() != sorted(order.starts(0).tolist())
    assert sorted(order.starts(0).tolist()) == list(range(0, 400, 10))
    assert order.starts(0).tolist() != order.starts(1).tolist()


def test_without_shuffling_the_chunks_stand_end_to_end():
    order = ChunkOrder(np.array([[5, 17]]), chunk_size=4, shuffle=False)
    assert order.starts(0).tolist() == order.starts(9).tolist() == [5, 9, 13]


@given(st.integers(0, 20), st.integers(1, 7), st.booleans())
def test_batches_are_the_order_in_pieces(chunks, size, drop):
    order = ChunkOrder(np.array([[0, chunks * 5]]), chunk_size=5, name="s")
    batches = BatchOrder(order, size, drop_last=drop)
    got = list(batches)
    assert len(got) == len(batches)
    expected = order.starts(0).tolist()
    if drop:
        expected = expected[: len(expected) // size * size]
    assert [s for b in got for s in b.tolist()] == expected


def test_each_iteration_is_the_next_epoch():
    order = ChunkOrder(np.array([[0, 500]]), chunk_size=5, name="s")
    batches = BatchOrder(order, 10, drop_last=False)
    first, second = (np.concatenate(list(batches)) for _ in range(2))
    assert (first == order.starts(0)).all()
    assert (second == order.starts(1)).all()
    batches.set_epoch(0)
    assert (np.concatenate(list(batches)) == first).all()


def test_bad_sizes():
    order = ChunkOrder(np.array([[0, 10]]), chunk_size=5)
    with pytest.raises(InputError):
        BatchOrder(order, 0, drop_last=False)
    with pytest.raises(InputError):
        BatchOrder(order, 1, drop_last=False).batch(0, 2)
