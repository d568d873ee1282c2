"""Batches in torch: workers, ranks, exact and elastic resume."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
import torch

from neural_shards import (
    WebDatasetLoader,
    collate_webdataset,
    create_shards_from_arrays,
    create_webdataset_dataloader,
)

N = 50


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("set")
    spikes = np.random.default_rng(0).normal(size=(N, 3, 2)).astype(np.float32)
    create_shards_from_arrays(folder, {"number": np.arange(N), "spikes": spikes}, shard_size=8)
    return folder


def numbers(batches):
    return [batch["number"].tolist() for batch in batches]


def flat(lists):
    return list(itertools.chain.from_iterable(lists))


def test_a_batch_is_a_dict_of_tensors(numbered):
    loader = create_webdataset_dataloader(numbered, batch_size=8, num_workers=0, shuffle=False)
    batch = next(iter(loader))
    assert batch["spikes"].shape == (8, 3, 2)
    assert batch["spikes"].dtype == torch.float32
    assert [m["sample_id"] for m in batch["metadata"]][:1] == ["sample_000000001"]
    assert len(loader) == 7
    assert numbers(loader)[-1] == [48, 49]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_batches_do_not_depend_on_the_workers(numbered, workers):
    alone = create_webdataset_dataloader(numbered, batch_size=8, num_workers=0)
    with_workers = create_webdataset_dataloader(numbered, batch_size=8, num_workers=workers)
    for _ in range(2):
        for a, b in zip(alone, with_workers, strict=True):
            assert a.keys() == b.keys()
            assert torch.equal(a["number"], b["number"])
            assert torch.equal(a["spikes"], b["spikes"])
            assert a["metadata"] == b["metadata"]


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_run_goes_on_exactly_at_every_batch(numbered, shuffle):
    def make(workers=0):
        return create_webdataset_dataloader(numbered, 8, workers, shuffle, seed=3)

    undisturbed = make()
    whole = numbers(undisturbed) + numbers(undisturbed)
    for stop in range(len(whole)):
        loader, got = make(), []
        while len(got) < stop:
            for batch in loader:
                got.append(batch["number"].tolist())
                if len(got) == stop:
                    break
        state = json.loads(json.dumps(loader.state_dict()))
        resumed = make()
        resumed.load_state_dict(state)
        while len(got) < len(whole):
            got += numbers(resumed)
        assert got == whole


def test_prefetched_batches_are_not_lost(numbered):
    whole = numbers(create_webdataset_dataloader(numbered, 4, 0))
    loader = create_webdataset_dataloader(numbered, 4, 2, prefetch_factor=4)
    iterator = iter(loader)
    got = [next(iterator)["number"].tolist() for _ in range(3)]
    state = loader.state_dict()
    del iterator
    resumed = create_webdataset_dataloader(numbered, 4, 0)
    resumed.load_state_dict(state)
    assert got + numbers(resumed) == whole


def test_ranks_share_a_global_batch_and_another_number_goes_on(numbered):
    alone = numbers(create_webdataset_dataloader(numbered, 8, 0, tail="drop"))
    ranks = [
        create_webdataset_dataloader(numbered, 4, 0, tail="drop", rank=rank, world_size=2)
        for rank in range(2)
    ]
    iterators = [iter(loader) for loader in ranks]
    together = [flat(next(it)["number"].tolist() for it in iterators) for _ in range(3)]
    assert together == alone[:3]
    assert ranks[0].state_dict() == ranks[1].state_dict()
    resumed = create_webdataset_dataloader(numbered, 8, 0, tail="drop")
    resumed.load_state_dict(ranks[1].state_dict())
    assert numbers(resumed) == alone[3:]


def test_a_plain_torch_loader_deals_whole_shards(numbered):
    loader = torch.utils.data.DataLoader(
        WebDatasetLoader(numbered, shuffle=False),
        batch_size=4,
        num_workers=2,
        collate_fn=collate_webdataset,
    )
    batches = numbers(loader)
    assert sorted(flat(batches)) == list(range(N))
    assert batches[:4] == [[0, 1, 2, 3], [8, 9, 10, 11], [4, 5, 6, 7], [12, 13, 14, 15]]


def test_a_plain_torch_loader_has_new_epochs_too(numbered):
    loader = torch.utils.data.DataLoader(
        WebDatasetLoader(numbered), batch_size=4, num_workers=1, collate_fn=collate_webdataset
    )
    first, second = flat(numbers(loader)), flat(numbers(loader))
    assert sorted(first) == sorted(second) == list(range(N))
    assert first != second
    alone = WebDatasetLoader(numbered)
    assert [int(s["number"]) for s in alone] == first
    assert [int(s["number"]) for s in alone] == second
