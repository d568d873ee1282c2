from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core import InputError
from stimulus_protocols import (
    FrameTable,
    LabelPolicy,
    StimulusProtocolDataLoader,
    blank,
    image,
    loss_mask,
    masked_cross_entropy,
)

TIMELINE = blank(1) >> image(2) >> blank(2) >> image(1, 1) >> image(2, label=7) >> blank(2)


def labels(policy, timeline=TIMELINE):
    table = policy.apply(timeline.table())
    return table.labels(np.array([[4, 5]]), -1)[0].tolist()


def test_the_policies_on_an_example():
    assert labels(LabelPolicy()) == [-1, 4, 4, -1, -1, 5, 7, 7, -1, -1]
    assert labels(LabelPolicy(kind="hold")) == [-1, 4, 4, 4, 4, 5, 7, 7, 7, 7]
    assert labels(LabelPolicy(kind="hold", steps=1)) == [-1, 4, 4, 4, -1, 5, 7, 7, 7, -1]
    delayed = LabelPolicy(kind="delayed", steps=3)
    assert labels(delayed) == [-1, -1, -1, -1, 4, 4, -1, -1, 5, 7]
    assert labels(LabelPolicy(kind="next_item")) == [-1, 5, 5, -1, -1, 7, -1, -1, -1, -1]


@given(st.integers(1, 6))
def test_delaying_is_shifting(steps):
    before = labels(LabelPolicy())
    after = labels(LabelPolicy(kind="delayed", steps=steps))
    assert after == ([-1] * steps + before)[: len(before)]


def test_overlaid_labels_and_several_trials():
    table = (image(2) | image(4, 1)).table()
    held = LabelPolicy(kind="hold", steps=1).apply(FrameTable.stack([table, TIMELINE.table()]))
    whole = held.labels(np.array([[4, 5], [4, 5]]), -1)
    assert whole[0, :6].tolist() == [4, 4, 5, 5, 5, -1]
    assert whole[1].tolist() == labels(LabelPolicy(kind="hold", steps=1))
    assert (held.source == FrameTable.stack([table, TIMELINE.table()]).source).all()


def test_in_a_loader():
    data = [(torch.ones(1, 2, 2), 3)]
    policy = LabelPolicy(kind="delayed", steps=1)
    loader = StimulusProtocolDataLoader(data, image(2) >> blank(2), label_policy=policy)
    assert next(iter(loader))[1].tolist() == [[-1, 3, 3, -1]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "delayed"},
        {"kind": "stimulus", "steps": 2},
        {"kind": "hold", "steps": 0},
        {"kind": "held"},
    ],
)
def test_impossible_policies(wrong):
    with pytest.raises(InputError):
        LabelPolicy(**wrong)


def test_reaction_times_begin_at_every_label():
    y = torch.tensor([[-1, 4, 4, 4, 5, 5, -1, 5]])
    assert loss_mask(y).tolist() == [[False, True, True, True, True, True, False, True]]
    assert loss_mask(y, reaction_steps=1).tolist() == [
        [False, False, True, True, False, True, False, False]
    ]
    with pytest.raises(InputError):
        loss_mask(y, reaction_steps=-1)


@given(st.integers(0, 2**31), st.integers(1, 4), st.integers(1, 6))
def test_masked_cross_entropy_against_torch(seed, batch, time):
    random = torch.Generator().manual_seed(seed)
    logits = torch.randn(batch, time, 5, generator=random, requires_grad=True)
    y = torch.randint(-1, 5, (batch, time), generator=random)
    loss = masked_cross_entropy(logits, y)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()
    if (y != -1).any():
        plain = torch.nn.functional.cross_entropy(
            logits.detach().flatten(0, 1), y.flatten(), ignore_index=-1
        )
        assert torch.allclose(loss, plain, atol=1e-5)
    else:
        assert loss == 0
    assert (logits.grad[y == -1] == 0).all()


def test_a_mask_and_shapes_that_do_not_fit():
    logits, y = torch.zeros(2, 3, 4), torch.zeros(2, 3, dtype=torch.int64)
    none = torch.zeros(2, 3, dtype=torch.bool)
    assert masked_cross_entropy(logits, y, mask=none) == 0
    with pytest.raises(InputError):
        masked_cross_entropy(logits[:, :2], y)
