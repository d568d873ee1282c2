from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core.errors import DataError, InputError, UnknownNameError
from vision_data import Catalog, TargetTransform, get_target_transform


@given(st.lists(st.integers(0, 10**6), unique=True, min_size=1))
def test_there_and_back(ids):
    transform = TargetTransform(ids)
    assert [transform(i) for i in ids] == list(range(len(ids)))
    assert [transform.inverse(k) for k in range(len(ids))] == ids
    assert transform(torch.tensor([ids])).tolist() == [list(range(len(ids)))]
    assert transform.inverse(torch.arange(len(ids))).tolist() == ids


def test_outside_the_group():
    transform = get_target_transform("mnist_89")
    for wrong in (7, torch.tensor([8, 7])):
        with pytest.raises(DataError, match="not in the group"):
            transform(wrong)
    for wrong in (2, -1, torch.tensor([5])):
        with pytest.raises(DataError, match="not in the group"):
            transform.inverse(wrong)


def test_every_shipped_group_has_a_transform():
    for data_set in Catalog.shipped().data_sets.values():
        for group, ids in data_set.groups.items():
            assert get_target_transform(f"{data_set.name}_{group}").ids == ids
    assert get_target_transform("cifar100_all").ids == tuple(range(100))


def test_underscores_and_unknown_names():
    catalog = Catalog.shipped().with_groups({"my_set": {"odd_ones": [3, 1]}})
    assert get_target_transform("my_set_odd_ones", catalog=catalog).ids == (3, 1)
    with pytest.raises(UnknownNameError, match="did you mean 'cifar100_invertebrates'"):
        get_target_transform("cifar100_invertebrate")
    twice = Catalog.shipped().with_groups({"a": {"b_c": [1]}, "a_b": {"c": [2]}})
    with pytest.raises(InputError, match="more than one way"):
        get_target_transform("a_b_c", catalog=twice)


@pytest.mark.parametrize("ids", [[1, 1], [-1]])
def test_ids_come_once(ids):
    with pytest.raises(InputError):
        TargetTransform(ids)
