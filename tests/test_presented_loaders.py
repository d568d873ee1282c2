"""`StimulusProtocolDataLoader` over the loaders that labs already have: the real ones."""

from __future__ import annotations

import io
import itertools
import tarfile

import lightning
import numpy as np
import pytest
import torch
import webdataset as wds
from lightning.fabric.utilities.distributed import DistributedSamplerWrapper
from torch.utils.data import DataLoader, Dataset, DistributedSampler, IterableDataset
from torchdata.stateful_dataloader import StatefulDataLoader

from stimulus_protocols import Between, StimulusProtocolDataLoader, blank, image

# torchdata calls what torch deprecates, webdataset leaves its files to the collector, and
# Lightning warns about loggers, workers and the machine.
pytestmark = pytest.mark.filterwarnings("ignore")

PROTOCOL = blank(1) >> image(2)
JITTERED = blank(Between(low=0, high=5)) >> image(1)


class Numbered(Dataset):
    """Image `i` is all `i` and has label `10 * i`."""

    def __init__(self, size=12):
        self.size = size

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        return torch.full((1, 2, 2), float(index)), 10 * index


class Streamed(IterableDataset):
    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        first, step = (worker.id, worker.num_workers) if worker else (0, 1)
        data = Numbered()
        return (data[i] for i in range(first, len(data), step))


def shown(loader):
    """What each trial showed: its label, checked against its picture at every step."""
    found = []
    for images, labels, *_ in loader:
        assert images.shape[:2] == labels.shape
        for trial, names in zip(images, labels, strict=True):
            label = int(names.max())
            for picture, name in zip(trial, names, strict=True):
                assert (picture == (label / 10 if name >= 0 else 0)).all()
            found.append(label)
    return found


def flat(lists):
    return list(itertools.chain.from_iterable(lists))


# torchdata: what a training that must resume uses.


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("stop", [1, 3])
def test_a_stateful_loader_of_torchdata_resumes(workers, stop):
    def make():
        generator = torch.Generator().manual_seed(3)
        inside = StatefulDataLoader(
            Numbered(),
            batch_size=2,
            shuffle=True,
            generator=generator,
            num_workers=workers,
            multiprocessing_context="forkserver" if workers else None,
        )
        return StimulusProtocolDataLoader(inside, JITTERED, seed=1)

    whole = [(a.tolist(), b.tolist()) for a, b in make()]
    loader = make()
    iterator = iter(loader)
    before = [next(iterator) for _ in range(stop)]
    state = loader.state_dict()
    again = make()
    again.load_state_dict(state)
    after = list(again)
    assert [(a.tolist(), b.tolist()) for a, b in [*before, *after]] == whole


# webdataset: shards, alone and through its own loader.


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    for shard in range(2):
        with tarfile.open(folder / f"{shard}.tar", "w") as tar:
            for number in range(6 * shard, 6 * shard + 6):
                picture, label = Numbered()[number]
                content = io.BytesIO()
                np.save(content, picture.numpy())
                for suffix, data in (("npy", content.getvalue()), ("cls", b"%d" % label)):
                    info = tarfile.TarInfo(f"{number:04d}.{suffix}")
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
    return [str(path) for path in sorted(folder.glob("*.tar"))]


def webdataset_of(shards):
    return wds.WebDataset(shards, shardshuffle=False).decode().to_tuple("npy", "cls")


def test_a_web_data_set(shards):
    loader = StimulusProtocolDataLoader(webdataset_of(shards), PROTOCOL, batch_size=5)
    assert shown(loader) == [10 * i for i in range(12)]


def test_batches_that_webdataset_made(shards):
    inside = wds.WebLoader(webdataset_of(shards).batched(4), batch_size=None, num_workers=0)
    assert shown(StimulusProtocolDataLoader(inside, PROTOCOL)) == [10 * i for i in range(12)]


def test_a_web_loader_that_shuffles_between_workers(shards):
    inside = wds.WebLoader(
        webdataset_of(shards), batch_size=None, num_workers=2, multiprocessing_context="fork"
    )
    inside = inside.shuffle(100).batched(5)
    loader = StimulusProtocolDataLoader(inside, PROTOCOL)
    assert sorted(shown(loader)) == [10 * i for i in range(12)]
    # `with_epoch` is its way to give a length to an epoch.
    few = StimulusProtocolDataLoader(inside.with_epoch(2), PROTOCOL)
    assert len(shown(few)) == 10


# Lightning: it puts its own samplers into the loaders it is given.


def test_lightning_trains_on_a_presented_loader():
    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(4, 2)
            self.seen = []

        def training_step(self, batch, _):
            images, labels = batch
            self.seen.append(labels.max(dim=1).values.tolist())
            return self.layer(images.flatten(2)).square().mean()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    module = Module()
    loader = StimulusProtocolDataLoader(Numbered(6), PROTOCOL, batch_size=2, shuffle=True, seed=1)
    trainer = lightning.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, loader)
    epochs = [flat(module.seen[:3]), flat(module.seen[3:])]
    assert epochs[0] != epochs[1]
    assert all(sorted(epoch) == [0, 10, 20, 30, 40, 50] for epoch in epochs)


@pytest.mark.parametrize("shuffle", [False, True])
def test_samplers_for_several_ranks(shuffle):
    samplers = [
        DistributedSampler(Numbered(), num_replicas=3, rank=rank, shuffle=shuffle, seed=4)
        for rank in range(3)
    ]
    inside = [DataLoader(Numbered(), batch_size=2, sampler=sampler) for sampler in samplers]
    loaders = [StimulusProtocolDataLoader(part, PROTOCOL) for part in inside]
    epochs = []
    for epoch in range(2):
        for loader in loaders:
            loader.set_epoch(epoch)
        epochs.append([shown(loader) for loader in loaders])
        assert sorted(flat(epochs[-1])) == [10 * i for i in range(12)]
    assert (epochs[0] == epochs[1]) == (not shuffle)


def test_the_distributed_sampler_of_lightning():
    sampler = torch.utils.data.RandomSampler(Numbered(), generator=torch.Generator().manual_seed(1))
    made = [DistributedSamplerWrapper(sampler, num_replicas=2, rank=r) for r in range(2)]
    data = Numbered()
    found = [
        shown(StimulusProtocolDataLoader(data, PROTOCOL, sampler=part, batch_size=3))
        for part in made
    ]
    assert [len(part) for part in found] == [6, 6]


# Streams and FFCV.


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stream(workers):
    loader = StimulusProtocolDataLoader(
        Streamed(),
        PROTOCOL,
        batch_size=3,
        num_workers=workers,
        multiprocessing_context="fork" if workers else None,
    )
    assert sorted(shown(loader)) == [10 * i for i in range(12)]


def test_the_loader_of_ffcv(tmp_path):
    pytest.importorskip("ffcv", reason="FFCV needs a compiler and OpenCV's headers")
    from ffcv.fields import IntField, NDArrayField
    from ffcv.fields.decoders import IntDecoder, NDArrayDecoder
    from ffcv.loader import Loader, OrderOption
    from ffcv.transforms import ToTensor
    from ffcv.writer import DatasetWriter

    class Arrays(Numbered):
        def __getitem__(self, index):
            picture, label = super().__getitem__(index)
            return picture.numpy(), label

    path = str(tmp_path / "numbered.beton")
    fields = {"image": NDArrayField(np.dtype("float32"), (1, 2, 2)), "label": IntField()}
    DatasetWriter(path, fields, num_workers=1).from_indexed_dataset(Arrays())
    inside = Loader(
        path,
        batch_size=5,
        num_workers=1,
        order=OrderOption.SEQUENTIAL,
        drop_last=False,
        pipelines={
            "image": [NDArrayDecoder(), ToTensor()],
            "label": [IntDecoder(), ToTensor()],
        },
    )
    loader = StimulusProtocolDataLoader(inside, PROTOCOL)
    assert len(loader) == 3
    assert shown(loader) == [10 * i for i in range(12)]
    batches = list(loader)  # FFCV gives the same memory again; this does not
    assert [int(labels.max()) for _, labels in batches] == [40, 90, 110]
