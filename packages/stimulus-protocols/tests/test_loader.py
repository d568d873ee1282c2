from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from neuroai_core import DataError, InputError
from stimulus_protocols import (
    Between,
    Presentation,
    StimulusProtocolDataLoader,
    blank,
    image,
)

ONE = blank(1) >> image(2)


class Stream(IterableDataset):
    def __iter__(self):
        return iter([(torch.full((1, 2, 2), float(i)), i) for i in range(5)])


def labels_of(loader):
    return torch.cat([labels for _, labels, *_ in loader]).tolist()


def test_an_iterable_data_set():
    loader = StimulusProtocolDataLoader(Stream(), ONE, batch_size=2)
    assert labels_of(loader) == [[-1, i, i] for i in range(5)]


def test_an_existing_loader_keeps_its_batches(numbered):
    inside = DataLoader(numbered(5), batch_size=2, drop_last=True, generator=torch.Generator())
    loader = StimulusProtocolDataLoader(inside, ONE)
    assert labels_of(loader) == [[-1, 10 * i, 10 * i] for i in range(4)]
    assert len(loader) == 2
    assert loader.batch_size == 2
    assert loader.sampler is inside.sampler


def test_a_loader_that_is_only_iterable():
    batches = [(np.ones((2, 1, 2, 2), np.float32), np.array([[3], [4]]))]
    (images, labels), *_ = StimulusProtocolDataLoader(iter(batches), ONE)
    assert images.shape == (2, 3, 1, 2, 2)
    assert labels.tolist() == [[-1, 3, 3], [-1, 4, 4]]


def test_a_pipeline_that_begins_with_a_loader_is_a_loader(numbered):
    class Pipeline(IterableDataset):  # as webdataset's WebLoader is made
        def __init__(self, *stages):
            self.pipeline = list(stages)

        def __iter__(self):
            return iter(self.pipeline[0])

    inside = Pipeline(DataLoader(numbered(4), batch_size=2, generator=torch.Generator()))
    assert labels_of(StimulusProtocolDataLoader(inside, ONE)) == [
        [-1, 10 * i, 10 * i] for i in range(4)
    ]


def test_batches_that_are_mappings():
    batches = [{"image": torch.ones(2, 1, 2, 2), "label": torch.tensor([3, 4]), "key": ["a", "b"]}]
    (_, labels, keys), *_ = StimulusProtocolDataLoader(iter(batches), ONE)
    assert labels.tolist() == [[-1, 3, 3], [-1, 4, 4]]
    assert keys == ["a", "b"]


def test_what_else_a_sample_holds_comes_along():
    data = [(torch.ones(1, 2, 2), i, f"name {i}") for i in range(3)]
    batches = list(StimulusProtocolDataLoader(data, ONE, batch_size=2))
    assert [list(batch[2]) for batch in batches] == [["name 0", "name 1"], ["name 2"]]


def test_pictures_of_pillow_become_numbers_from_0_to_1():
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3) * 20
    images, _ = next(iter(StimulusProtocolDataLoader([(Image.fromarray(pixels), 1)], ONE)))
    assert torch.allclose(images[0, 1], torch.from_numpy(pixels).permute(2, 0, 1) / 255)


def test_lazy_batches_hold_each_image_once(numbered):
    loader = StimulusProtocolDataLoader(numbered(4), blank(500) >> image(500), lazy=True)
    shown = next(iter(loader))
    assert isinstance(shown, Presentation)
    assert shown.images.shape == (1, 3, 4, 5)
    assert len(shown) == 1000


def test_shuffling_is_a_function_of_the_seed_and_the_epoch(numbered):
    def run(epochs, **arguments):
        loader = StimulusProtocolDataLoader(
            numbered(20), ONE, shuffle=True, batch_size=4, **arguments
        )
        return [labels_of(loader) for _ in range(epochs)]

    first, second = run(2, seed=1)
    assert first != second
    assert sorted(first) == sorted(second) == [[-1, 10 * i, 10 * i] for i in range(20)]
    assert run(1, seed=1) == [first]
    assert run(1, seed=2) != [first]


def test_any_number_of_workers_gives_the_same(numbered):
    protocol = blank(Between(low=0, high=3)) >> image(2) >> image(1, 1)

    def run(workers):
        loader = StimulusProtocolDataLoader(
            numbered(8), protocol, shuffle=True, seed=3, batch_size=3, num_workers=workers
        )
        return list(loader)

    for (a, b), (c, d) in zip(run(0), run(2), strict=True):
        assert torch.equal(a, c)
        assert torch.equal(b, d)


def test_a_trial_does_not_depend_on_its_batch(numbered):
    protocol = blank(Between(low=0, high=3)) >> image(2) >> image(1, 1)

    def rows(batch_size):
        loader = StimulusProtocolDataLoader(
            numbered(8), protocol, seed=5, batch_size=batch_size, lazy=True
        )
        return [
            row[valid].tolist()
            for shown in loader
            for row, valid in zip(shown.labels, shown.mask, strict=True)
        ]

    assert rows(1) == rows(3) == rows(8)
    assert len({len(row) for row in rows(1)}) > 1


def test_other_images_of_a_trial_are_never_its_own(numbered):
    loader = StimulusProtocolDataLoader(numbered(5), image(1) >> image(1, 1) >> image(1, 2))
    for _, labels in loader:
        assert len(set(labels[0].tolist())) == 3


def test_other_images_come_from_the_batch_where_there_is_only_a_loader(numbered):
    inside = DataLoader(numbered(4), batch_size=4, generator=torch.Generator())
    _, labels = next(iter(StimulusProtocolDataLoader(inside, image(1) >> image(1, 1))))
    assert labels.tolist() == [[0, 10], [10, 20], [20, 30], [30, 0]]
    small = DataLoader(numbered(1), batch_size=1, generator=torch.Generator())
    with pytest.raises(DataError, match="too few images"):
        next(iter(StimulusProtocolDataLoader(small, image(1) >> image(1, 1))))
    with pytest.raises(InputError, match="too few samples"):
        StimulusProtocolDataLoader(numbered(1), image(1) >> image(1, 1))


@pytest.mark.parametrize("stop", range(1, 6))
def test_a_stopped_epoch_goes_on_where_it_was(numbered, stop):
    def make():
        return StimulusProtocolDataLoader(
            numbered(11),
            image(1) >> blank(Between(low=1, high=4)),
            shuffle=True,
            batch_size=2,
            seed=9,
        )

    whole = [labels.tolist() for _ in range(2) for labels in (b[1] for b in make())]
    loader = make()
    assert len(loader) == 6
    two = [b[1].tolist() for b in loader]  # the first epoch
    iterator = iter(loader)
    two += [next(iterator)[1].tolist() for _ in range(stop)]
    state = loader.state_dict()
    again = make()
    again.load_state_dict(state)
    rest = [b[1].tolist() for b in again]
    two_whole = make()
    expected = [b[1].tolist() for b in two_whole] + [b[1].tolist() for b in two_whole]
    assert two + rest == expected
    assert whole[:6] == two[:6]


def test_a_look_at_the_first_batch_does_not_move_the_place(numbered):
    def make():
        return StimulusProtocolDataLoader(numbered(8), ONE, batch_size=2)

    loader = make()
    next(iter(loader))  # an iteration that is given up
    iterator = iter(loader)
    assert loader.state_dict()["delivered"] == 0
    assert next(iterator)[1].tolist() == [[-1, 0, 0], [-1, 10, 10]]
    again = make()
    again.load_state_dict(loader.state_dict())
    next(iter(again))  # and once more, where it went on
    assert labels_of(again) == [[-1, 10 * i, 10 * i] for i in range(2, 8)]
    assert labels_of(again) == [[-1, 10 * i, 10 * i] for i in range(8)]


@pytest.mark.parametrize("kind", ["loader", "iterable"])
def test_a_look_at_the_first_batch_does_not_change_the_trials(numbered, kind):
    def make():
        inside = Stream()
        if kind == "loader":
            inside = DataLoader(numbered(5), batch_size=2, generator=torch.Generator())
        arguments = {} if kind == "loader" else {"batch_size": 2}
        return StimulusProtocolDataLoader(
            inside, blank(Between(low=0, high=9)) >> image(1), lazy=True, **arguments
        )

    loader = make()
    next(iter(loader))
    for shown, whole in zip(loader, make(), strict=True):
        assert shown.keys.tolist() == whole.keys.tolist()
        assert torch.equal(shown.labels, whole.labels)


def test_a_stream_that_cannot_begin_anew_counts_on(numbered):
    inside = iter(DataLoader(numbered(6), batch_size=2, generator=torch.Generator()))
    loader = StimulusProtocolDataLoader(inside, ONE, lazy=True)
    assert next(iter(loader)).keys.tolist() == [0, 1]
    assert [shown.keys.tolist() for shown in loader] == [[2, 3], [4, 5]]


def test_a_loader_that_resumes_is_followed_once(numbered):
    class Resuming:
        start = 0

        def __iter__(self):
            first, self.start = self.start, 0
            for i in range(first, 4):
                yield torch.ones(1, 1, 2, 2), torch.tensor([i])

        def state_dict(self):
            return {"start": 2}

        def load_state_dict(self, state):
            self.start = state["start"]

    loader = StimulusProtocolDataLoader(Resuming(), ONE, lazy=True)
    state = {"version": 1, "delivered": 2, "epoch": 0, "loader": {"start": 2}}
    loader.load_state_dict(state)
    assert [shown.keys.tolist() for shown in loader] == [[2], [3]]
    assert [shown.keys.tolist() for shown in loader] == [[0], [1], [2], [3]]


def test_a_state_that_is_none(numbered):
    with pytest.raises(DataError):
        StimulusProtocolDataLoader(numbered(2), ONE).load_state_dict({"epoch": 1})
    with pytest.raises(InputError, match="state_dict"):
        StimulusProtocolDataLoader(DataLoader(numbered(2)), ONE).state_dict()


def test_samplers_of_torch_are_kept(numbered):
    sampler = torch.utils.data.DistributedSampler(
        numbered(6), num_replicas=2, rank=1, shuffle=False
    )
    loader = StimulusProtocolDataLoader(numbered(6), image(1), sampler=sampler, batch_size=3)
    assert labels_of(loader) == [[10], [30], [50]]
    loader.set_epoch(4)
    assert sampler.epoch == 4


@pytest.mark.parametrize(
    "batch",
    [
        (torch.ones(2, 3, 1, 4, 4), torch.tensor([1, 2])),
        (torch.ones(2, 1, 4, 4), torch.tensor([1.0, 2.0])),
        (torch.ones(2, 1, 4, 4), torch.tensor([1, 2, 3])),
        ("images", "labels"),
    ],
)
def test_batches_that_are_none(batch):
    with pytest.raises(DataError):
        next(iter(StimulusProtocolDataLoader(iter([batch]), ONE)))


def test_arguments_that_contradict(numbered):
    with pytest.raises(InputError, match="existing loader"):
        StimulusProtocolDataLoader(DataLoader(numbered(2)), ONE, batch_size=2)
    with pytest.raises(InputError, match="no timeline"):
        StimulusProtocolDataLoader(numbered(2), "duration")


def test_a_tensor_data_set_without_labels():
    loader = StimulusProtocolDataLoader(TensorDataset(torch.ones(3, 1, 2, 2)), ONE, batch_size=3)
    _, labels = next(iter(loader))
    assert (labels == -1).all()
