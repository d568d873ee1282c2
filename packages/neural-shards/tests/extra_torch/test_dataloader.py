"""Batches in torch: workers, ranks, exact and elastic resume."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_shards import (
    WebDatasetLoader,
    collate_webdataset,
    create_shards_from_arrays,
    create_webdataset_dataloader,
)
from neuroai_core.errors import DataError, InputError

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


@pytest.mark.parametrize("context", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")  # 3.12: pytest has threads
def test_persistent_workers_of_any_kind_go_on_in_mid_epoch_and_across_its_end(numbered, context):
    options = {"seed": 5, "persistent_workers": True, "multiprocessing_context": context}
    alone = create_webdataset_dataloader(numbered, 8, 0, seed=5)
    whole = [batch for _ in range(3) for batch in numbers(alone)]
    loader = create_webdataset_dataloader(numbered, 8, 2, **options)
    got = numbers(loader)
    for batch in loader:
        got.append(batch["number"].tolist())
        if len(got) == 10:
            break
    state = loader.state_dict()
    fresh = create_webdataset_dataloader(numbered, 8, 0, seed=5)
    fresh.load_state_dict(state)
    assert got + numbers(fresh) + numbers(fresh) == whole
    loader.load_state_dict(state)  # and the same loader, whose workers are running
    assert got + numbers(loader) + numbers(loader) == whole


@pytest.mark.parametrize("world", [1, 2, 4])
@pytest.mark.parametrize("tail", ["drop", "pad", "spread"])
def test_ranks_make_equal_steps_and_cover_the_epoch(numbered, world, tail):
    loaders = [
        create_webdataset_dataloader(numbered, 4, 0, tail=tail, rank=rank, world_size=world)
        for rank in range(world)
    ]
    batches = [list(loader) for loader in loaders]
    assert len({len(b) for b in batches}) == 1
    assert all(len(loader) == len(b) for loader, b in zip(loaders, batches, strict=True))
    seen = [n for b in batches for batch in b for n in batch["number"].tolist()]
    if tail == "pad":
        valid = [v for b in batches for batch in b for v in batch["valid"].tolist()]
        seen = [n for n, v in zip(seen, valid, strict=True) if v]
    expected = N if tail != "drop" else N // (4 * world) * 4 * world
    assert len(seen) == len(set(seen)) == expected


@settings(max_examples=12)
@given(st.lists(st.tuples(st.sampled_from([1, 2, 4]), st.integers(0, 5)), max_size=4))
def test_any_ranks_take_over_from_any_others(numbered, legs):
    """Each leg runs some ranks for some steps; the global batch stays 8."""
    whole = flat(numbers(create_webdataset_dataloader(numbered, 8, 0, tail="drop")))
    got, state = [], None
    for world, steps in [*legs, (1, 99)]:
        options = {"tail": "drop", "world_size": world}
        ranks = [
            create_webdataset_dataloader(numbered, 8 // world, 0, rank=rank, **options)
            for rank in range(world)
        ]
        for loader in ranks:
            if state is not None:
                loader.load_state_dict(state)
        for step, batches in enumerate(zip(*ranks, strict=True)):
            got += flat(batch["number"].tolist() for batch in batches)
            state = ranks[0].state_dict()
            if step + 1 == steps:
                break
        if len(got) >= len(whole):
            break
    assert got[: len(whole)] == whole


KILLED = """
import json, multiprocessing, sys
from neural_shards import create_webdataset_dataloader

if __name__ == "__main__":
    loader = create_webdataset_dataloader(sys.argv[1], 4, 2)
    got = []
    try:
        for batch in loader:
            got.append(batch["number"].tolist())
            if len(got) == 2:
                for child in multiprocessing.active_children():
                    child.kill()
    except RuntimeError as error:
        print(json.dumps({"error": str(error), "got": got, "state": loader.state_dict()}))
"""


def test_a_worker_that_is_killed_is_an_error_and_the_state_goes_on(numbered, tmp_path):
    # In a process of its own: torch raises from a signal handler, so anywhere, in pytest too.
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    run = subprocess.run([sys.executable, script, numbered], stdout=subprocess.PIPE, check=False)
    said = json.loads(run.stdout)
    assert "worker" in said["error"]
    whole = numbers(create_webdataset_dataloader(numbered, 4, 0))
    resumed = create_webdataset_dataloader(numbered, 4, 0)
    resumed.load_state_dict(said["state"])
    assert said["got"] + numbers(resumed) == whole


def test_damaged_samples_are_skipped_and_listed(tmp_path):
    create_shards_from_arrays(tmp_path, {"number": np.arange(12), "x": np.zeros((12, 99))}, 4)
    shard = tmp_path / "shard_000001.tar"
    content = bytearray(shard.read_bytes())
    content[content.index(b"sample_000000006.x") + 700] ^= 1
    shard.write_bytes(content)
    loader = create_webdataset_dataloader(tmp_path, 4, 1, False, on_error="skip")
    assert numbers(loader) == [[0, 1, 2, 3], [4, 6, 7], [8, 9, 10, 11]]
    assert len(loader.skipped) == 1
    assert "sample_000000006" in str(loader.skipped[0])


def test_collate_is_what_a_batch_is():
    samples = [{"x": np.full(2, i), "t": torch.full((2,), i), "s": "a", "n": i} for i in range(3)]
    batch = collate_webdataset(samples)
    assert batch["x"].tolist() == batch["t"].tolist() == [[0, 0], [1, 1], [2, 2]]
    assert batch["n"].tolist() == [0, 1, 2]
    assert batch["s"] == ["a"] * 3
    with pytest.raises(DataError, match="lacks a modality"):
        collate_webdataset([*samples, {"x": np.zeros(2)}])
    ragged = collate_webdataset([{"x": np.zeros(i)} for i in range(3)], ragged="pad")
    assert ragged["x_mask"].sum(dim=1).tolist() == [0, 1, 2]


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


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_state_goes_on_in_a_plain_torch_loader_or_is_refused(numbered, shuffle):
    alone = WebDatasetLoader(numbered, shuffle)
    samples = iter(alone)
    for _ in range(5):
        next(samples)
    state = alone.state_dict()
    whole = [int(s["number"]) for s in WebDatasetLoader(numbered, shuffle)]

    def plain(workers, load):
        loader = WebDatasetLoader(numbered, shuffle)
        load(loader)
        options = {"num_workers": workers, "collate_fn": collate_webdataset, "batch_size": 4}
        return torch.utils.data.DataLoader(loader, **options)

    at = alone.get_state()
    for load in (lambda one: one.load_state_dict(state), lambda one: one.set_state(at)):
        with pytest.raises(InputError, match="several readers"):
            list(plain(2, load))
        one = plain(1, load)  # its only worker reads what was read alone
        epochs = [flat(numbers(one)) for _ in range(2)]
        assert epochs[0] == whole[5:]
        assert sorted(epochs[1]) == sorted(whole)  # and the next epoch is whole
    done = list(samples)
    assert len(done) == N - 5
    between = alone.state_dict()  # nothing of the next epoch was delivered: all workers know it
    two = plain(2, lambda one: one.load_state_dict(between))
    assert sorted(flat(numbers(two))) == list(range(N))


def test_an_emptied_batch_is_left_out_by_one_rank_and_an_error_for_several(tmp_path):
    create_shards_from_arrays(tmp_path, {"number": np.arange(16)}, 4)
    (tmp_path / "shard_000001.tar").unlink()
    options = {"on_error": "skip", "pin_memory": False}
    for more in ({}, {"modalities": ["number"]}, {"tail": "pad"}):
        loader = create_webdataset_dataloader(tmp_path, 4, 0, False, **options, **more)
        assert numbers(loader) == [[0, 1, 2, 3], [8, 9, 10, 11], [12, 13, 14, 15]]
        assert len(loader.skipped) == 4
    counts = []
    for rank in range(2):
        loader = create_webdataset_dataloader(
            tmp_path, 4, 0, False, **options, rank=rank, world_size=2
        )
        if rank == 0:
            counts.append(len(numbers(loader)))
        else:
            with pytest.raises(DataError, match=r"equal numbers[\s\S]*rank 1 of 2"):
                numbers(loader)
    assert counts == [2]


def test_a_modality_that_has_the_name_of_valid_is_refused(tmp_path):
    create_shards_from_arrays(tmp_path, {"valid": np.arange(5), "x": np.arange(5)})
    options = {"num_workers": 0, "pin_memory": False}
    with pytest.raises(InputError, match="valid"):
        create_webdataset_dataloader(tmp_path, 2, tail="pad", **options)
    batches = list(
        create_webdataset_dataloader(tmp_path, 2, tail="pad", modalities=["x"], **options)
    )
    assert sum(int(batch["valid"].sum()) for batch in batches) == 5
    kept = next(iter(create_webdataset_dataloader(tmp_path, 2, tail="drop", **options)))
    assert kept["valid"].dtype == torch.int64
