from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core.errors import InputError
from vision_data import ImageFolder, get_data_loader, get_data_transform, split_folder
from vision_data.round_robin import RoundRobin


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.integers(0, 3))
def test_classes_take_turns(labels, epoch):
    order = RoundRobin(labels, seed=1)
    whole = order.indices(epoch, np.arange(len(labels)))
    assert sorted(whole.tolist()) == list(range(len(labels)))
    left = {label: labels.count(label) for label in set(labels)}
    turn = set()
    for label in np.asarray(labels)[whole].tolist():
        if not set(left) - turn:
            turn = set()
        assert label not in turn  # no class comes twice in a turn
        turn.add(label)
        left[label] -= 1
        if not left[label]:
            del left[label]
            turn.discard(label)


def test_loader_takes_turns(photos):
    data = ImageFolder(photos, get_data_transform(["test", "cifar10"]))
    loader = get_data_loader(data, 2, order="round_robin", seed=0)
    assert all(sorted(labels[:, 0].tolist()) == [0, 1] for _, labels in loader)
    with pytest.raises(InputError, match="take turns"):
        get_data_loader([(1, 2)], order="round_robin")


def test_validation_has_the_test_transform(photos):
    train, val = split_folder(
        photos,
        0.25,
        train_transform=lambda im: "augmented",
        test_transform=lambda im: "plain",
        stratified=True,
    )
    assert {image for image, _ in train} == {"augmented"}
    assert [(image, label) for image, label in val] == [("plain", 0), ("plain", 1)]
    assert len(train) == 6
