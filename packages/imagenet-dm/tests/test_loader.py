import copy
import json
import threading

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from imagenet_dm import CentreView, ImageNetDataset, ImageNetLoader, RandomCrops, TrainingView
from imagenet_dm.folder import scan_folder
from imagenet_dm.policies import named_policies
from imagenet_dm.resolution import Resolution
from neuroai_core.errors import DataError, InputError, UnknownNameError


@pytest.fixture(scope="module")
def train(fake):
    return ImageNetDataset(
        scan_folder(fake, "train")[0], TrainingView(RandomCrops(0), Resolution.of(16))
    )


@pytest.fixture(scope="module")
def val(fake):
    return ImageNetDataset(scan_folder(fake, "val")[0], CentreView(16, 18))


def loader(dataset, batch_size=4, **kwargs):
    return ImageNetLoader(dataset, batch_size, **{"shuffle": True, "tail": "drop", **kwargs})


def stream(batches):
    """Every image by itself: what it is, its label and its pixels."""
    return [
        (int(which), int(label), image.numpy().tobytes())
        for batch in batches
        for which, label, image in zip(batch.request.images, batch[1], batch[0], strict=True)
    ]


@pytest.fixture(scope="module")
def reference(train):
    epochs = loader(train)
    return [stream(epochs) for _ in range(3)]


def test_an_epoch_has_every_image_once_and_epochs_differ(reference):
    for epoch in reference:
        assert sorted(image for image, _, _ in epoch) == list(range(36))
    assert reference[0] != reference[1]
    assert len({pixels for epoch in reference for _, _, pixels in epoch}) == 3 * 36


@pytest.mark.parametrize(
    ("engine", "num_workers"), [("threads", 1), ("threads", 3), ("workers", 2), ("auto", 1)]
)
def test_workers_and_threads_make_the_same_batches(train, reference, engine, num_workers):
    epochs = loader(train, engine=engine, num_workers=num_workers)
    assert [stream(epochs) for _ in range(2)] == reference[:2]


def test_augmentation_depends_on_the_image_alone_too(fake):
    view = TrainingView(
        RandomCrops(0), Resolution.of(16), named_policies("trivialaugment", colour_jitter=0.4)
    )
    dataset = ImageNetDataset(scan_folder(fake, "train")[0], view)
    plain = stream(loader(dataset))
    assert stream(loader(dataset, engine="threads", num_workers=3)) == plain
    other = stream(loader(dataset, batch_size=6))
    assert other == plain


@settings(max_examples=25)
@given(
    stop=st.integers(0, 9),
    epoch=st.integers(0, 1),
    before=st.sampled_from([(1, 4), (2, 2), (2, 4)]),
    after=st.sampled_from([(1, 4), (2, 2), (2, 4)]),
    threads=st.sampled_from([0, 1, 2, 4]),
)
def test_a_stopped_run_goes_on_exactly(train, reference, stop, epoch, before, after, threads):
    def ranks(world, batch_size, num_workers):
        return [
            loader(
                train,
                batch_size,
                rank=rank,
                world_size=world,
                engine="threads",
                num_workers=num_workers,
            )
            for rank in range(world)
        ]

    first = ranks(*before, 0)
    for each in first:
        each.set_epoch(epoch)
    steps = min(stop, len(first[0]))
    runs = [iter(each) for each in first]
    seen = [x for _ in range(steps) for run in runs for x in stream([next(run)])]
    state = json.loads(json.dumps(first[0].state_dict())) if steps else None
    second = ranks(*after, threads)
    for each in second:
        each.set_epoch(epoch)
        if state:
            each.load_state_dict(state)
    resumed = [list(each) for each in second]
    seen += [x for step in zip(*resumed, strict=True) for part in step for x in stream([part])]
    assert seen == reference[epoch][: len(seen)]
    assert len(seen) > 36 - 8


def test_without_a_word_about_the_epoch_the_next_one_follows(train, reference):
    run = loader(train)
    next(iter(run))  # an epoch that was left early
    assert stream(run) == reference[1]
    resumed = loader(train)
    resumed.load_state_dict(run.state_dict())  # taken at the end of an epoch
    assert stream(resumed) == reference[2]


def test_a_state_of_something_else_is_refused(train, val):
    state = loader(train).state_dict()
    with pytest.raises(DataError, match="data set has changed"):
        loader(val).load_state_dict(state)
    with pytest.raises(InputError, match="seed"):
        loader(train, seed=1).load_state_dict(state)
    broken = copy.deepcopy(state)
    del broken["epoch"]
    with pytest.raises(DataError, match="not a state"):
        loader(train).load_state_dict(broken)


@pytest.mark.parametrize("world", [1, 2, 3])
def test_validation_counts_each_image_once(val, world):
    ranks = [
        loader(val, 4, shuffle=False, tail="spread", rank=r, world_size=world) for r in range(world)
    ]
    assert len({len(r) for r in ranks}) == 1
    parts = [list(r) for r in ranks]
    assert {len(p) for p in parts} == {len(ranks[0])}
    images = [int(i) for part in parts for batch in part for i in batch.request.images]
    assert sorted(images) == list(range(len(val)))


def test_images_are_channels_last_and_no_buffer_is_used_again(train):
    batches = list(loader(train))
    assert all(b[0].is_contiguous(memory_format=torch.channels_last) for b in batches)
    assert all(b[0].dtype == torch.uint8 for b in batches)
    assert len({b[0].data_ptr() for b in batches}) == len(batches)


@pytest.mark.parametrize("engine", ["threads", "workers"])
def test_an_undecodable_file_ends_the_loader_with_its_name(fake, tmp_path, engine):
    folder = tmp_path / "train" / "a"
    folder.mkdir(parents=True)
    (folder / "bad.JPEG").write_bytes(b"no image")
    dataset = ImageNetDataset(scan_folder(tmp_path, "train")[0], CentreView(16, 18))
    with pytest.raises(DataError, match=r"bad\.JPEG"):
        next(iter(loader(dataset, 1, engine=engine, num_workers=1)))


def test_wrong_arguments_are_errors(train):
    with pytest.raises(UnknownNameError, match="thread"):
        loader(train, engine="thread")
    with pytest.raises(InputError, match="num_workers"):
        loader(train, num_workers=-1)
    with pytest.raises(InputError, match="batch_size"):
        loader(train, batch_size=0)


def test_auto_says_what_it_chose(train, val, monkeypatch, caplog):
    monkeypatch.setattr("imagenet_dm.loader.native_available", lambda: True)
    with caplog.at_level("INFO", logger="imagenet_dm"):
        next(iter(loader(train, num_workers=2)))
    assert "loading with 2 threads" in caplog.text
    augmented = TrainingView(RandomCrops(0), Resolution.of(16), named_policies("autoaugment"))
    busy = ImageNetDataset(train.index, augmented)
    assert loader(busy, num_workers=2).chosen == "workers"
    assert loader(busy, num_workers=2, engine="threads").chosen == "threads"
    assert loader(train).chosen == "none"
    monkeypatch.setattr("imagenet_dm.loader.native_available", lambda: False)
    assert loader(train, num_workers=2).chosen == "workers"


def test_a_batch_that_does_not_come_is_an_error(train, monkeypatch):
    waiting = threading.Event()
    monkeypatch.setattr(train, "load", lambda request: waiting.wait(20))
    slow = loader(train, engine="threads", num_workers=1, timeout_s=0.05)
    # The pool waits for what it began, so that is let go just after.
    threading.Timer(0.5, waiting.set).start()
    with pytest.raises(DataError, match=r"no batch came in time(.|\n)*timeout_s=0.05"):
        next(iter(slow))
