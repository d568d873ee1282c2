from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from neuroai_core import DataError, InputError, UnknownArgumentError
from retina_data import BaseDataLoader, DataPoint, LongCycler


class MyExperimentDataLoader(BaseDataLoader):
    """The example of the documentation, as it stands there."""

    def __init__(self, data_path, **kwargs):
        super().__init__(**kwargs)
        # Load your data
        self.stimuli = torch.from_numpy(np.load(f"{data_path}/stimuli.npy"))
        self.responses = torch.from_numpy(np.load(f"{data_path}/responses.npy"))

    def __len__(self):
        return len(self.stimuli)

    def get_item(self, idx):
        return {"stimulus": self.stimuli[idx], "response": self.responses[idx]}


@pytest.fixture
def folder(tmp_path):
    np.save(tmp_path / "stimuli.npy", np.random.default_rng(0).random((7, 1, 5, 4, 3)))
    np.save(tmp_path / "responses.npy", np.random.default_rng(1).random((7, 2, 5)))
    return tmp_path


def test_it_is_a_data_set_and_makes_a_loader(folder):
    mine = MyExperimentDataLoader(folder, batch_size=3)
    assert len(mine) == 7
    assert isinstance(mine[2], DataPoint)
    assert torch.equal(mine[-1].inputs, mine.stimuli[6])
    assert len(list(mine)) == 7
    loader = mine.loader()
    assert isinstance(loader, DataLoader)
    assert [len(inputs) for inputs, targets in loader] == [3, 3, 1]
    assert torch.equal(torch.cat([targets for _, targets in loader]), mine.responses)


def test_torch_and_the_cyclers_take_it_as_it_is(folder):
    mine = MyExperimentDataLoader(folder, batch_size=3, drop_last=True)
    assert len(next(iter(DataLoader(mine, batch_size=5))).inputs) == 5
    assert [len(batch.inputs) for key, batch in LongCycler({"mine": mine})] == [3, 3]


@pytest.mark.parametrize(
    "item", [(1, 2), [1, 2], {"inputs": 1, "targets": 2}, {"stimulus": 1, "response": 2}]
)
def test_what_a_sample_may_be(item):
    class One(BaseDataLoader):
        def __len__(self):
            return 1

        def get_item(self, idx):
            return item

    assert One()[0] == DataPoint(1, 2)


@pytest.mark.parametrize("item", [None, (1,), (1, 2, 3), {"stimulus": 1}, {"a": 1, "response": 2}])
def test_what_it_may_not_be(item):
    class One(BaseDataLoader):
        def __len__(self):
            return 1

        def get_item(self, idx):
            return item

    with pytest.raises(DataError, match=r"One\.get_item gave no sample"):
        One()[0]


def test_a_class_that_defines_nothing():
    with pytest.raises(NotImplementedError, match="__len__"):
        len(BaseDataLoader())
    with pytest.raises(NotImplementedError, match="get_item"):
        BaseDataLoader().get_item(0)


def test_an_unknown_argument_names_the_near_one(folder):
    with pytest.raises(UnknownArgumentError, match="batch_size"):
        MyExperimentDataLoader(folder, batchsize=3)
    with pytest.raises(InputError):
        MyExperimentDataLoader(folder, batch_size=0)
