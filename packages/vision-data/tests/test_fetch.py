"""torchvision itself downloads, from a server on this machine, archives in the real layout."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import pickle
import struct
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from torchvision import datasets

from neuroai_core.errors import DataError, InputError, UnknownNameError
from vision_data import (
    BetonFile,
    Catalog,
    ImageFolder,
    convert_group,
    fetch_data,
    get_data_loader,
    get_ffcv_dataloader,
    link_group,
)

RNG = np.random.default_rng(0)


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "server"
    folder.mkdir()
    http = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{http.server_port}/"
    http.shutdown()
    http.server_close()
    thread.join()


def _md5(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def cifar100(server, monkeypatch):
    """CIFAR-100 with 200 + 100 images, classes in no order."""
    folder, url = server
    parts = {}
    for part, n in (("train", 200), ("test", 100)):
        labels = RNG.permutation(np.arange(n) % 100).tolist()
        pixels = RNG.integers(0, 256, (n, 3072), dtype=np.uint8)
        parts[part] = pickle.dumps({"data": pixels, "fine_labels": labels})
    names = [c.name for c in Catalog.shipped()["cifar100"].classes]
    parts["meta"] = pickle.dumps({"fine_label_names": names})
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for part, data in parts.items():
            member = tarfile.TarInfo(f"cifar-100-python/{part}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    (folder / "cifar-100-python.tar.gz").write_bytes(content.getvalue())
    monkeypatch.setattr(datasets.CIFAR100, "url", url + "cifar-100-python.tar.gz")
    monkeypatch.setattr(datasets.CIFAR100, "tgz_md5", _md5(content.getvalue()))
    monkeypatch.setattr(datasets.CIFAR100, "train_list", [["train", _md5(parts["train"])]])
    monkeypatch.setattr(datasets.CIFAR100, "test_list", [["test", _md5(parts["test"])]])
    meta = {"filename": "meta", "key": "fine_label_names", "md5": _md5(parts["meta"])}
    monkeypatch.setattr(datasets.CIFAR100, "meta", meta)


@pytest.fixture
def mnist(server, monkeypatch):
    folder, url = server
    resources = []
    for part, n in (("train", 40), ("t10k", 20)):
        labels = RNG.permutation(np.arange(n) % 10).astype(np.uint8)
        pixels = RNG.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        for name, head, data in (
            (f"{part}-images-idx3-ubyte.gz", struct.pack(">4i", 2051, n, 28, 28), pixels),
            (f"{part}-labels-idx1-ubyte.gz", struct.pack(">2i", 2049, n), labels),
        ):
            content = gzip.compress(head + data.tobytes())
            (folder / name).write_bytes(content)
            resources.append((name, _md5(content)))
    for kind in (datasets.MNIST, datasets.FashionMNIST):
        monkeypatch.setattr(kind, "mirrors", [url])
        monkeypatch.setattr(kind, "resources", resources)


def _agrees(name, subset, root, dataset):
    """Ids, names and pixels, image by image: folder, link, .beton and both loaders."""
    names = dict(enumerate(dataset.classes))
    folder = ImageFolder(link_group(name, "all", subset, root=root), return_path=True)
    assert {c.id: c.name for c in folder.table} == names
    (path,) = convert_group(name, "all", subset, root=root)
    rows = list(BetonFile(path))
    loaded = [int(i) for _, labels in get_ffcv_dataloader(path, 7) for i in labels[:, 0]]
    plain = [int(i) for _, labels, _ in get_data_loader(folder, 7) for i in labels[:, 0]]
    assert len(folder) == len(dataset) == len(rows) == len(loaded) == len(plain)
    for position, (image, label, source) in enumerate(folder):
        index = int(source.rsplit("/", 1)[1].removesuffix(".png"))
        original, target = dataset[index]
        assert label == target == rows[position]["label"] == loaded[position] == plain[position]
        wanted = np.asarray(original.convert("RGB"))
        np.testing.assert_array_equal(np.asarray(image), wanted)
        np.testing.assert_array_equal(np.asarray(rows[position]["image"]), wanted)


@pytest.mark.parametrize("subset", ["train", "test"])
def test_labels_of_cifar100_agree_with_torchvision(cifar100, tmp_path, subset, capsys):
    root = tmp_path / "data"
    folder = fetch_data("cifar100", subset, root=root)
    assert folder == root / "raw" / "cifar100" / subset
    ready = json.loads((root / "raw" / "cifar100" / f"{subset}.ready").read_text())
    assert sum(ready["images"].values()) == {"train": 200, "test": 100}[subset]
    archive = root / "raw" / "cifar100" / "archive"
    _agrees("cifar100", subset, root, datasets.CIFAR100(archive, train=subset == "train"))


@pytest.mark.parametrize("name", ["mnist", "fashionmnist"])
def test_labels_of_mnist_agree_with_torchvision(mnist, tmp_path, name):
    root = tmp_path / "data"
    fetch_data(name, root=root)
    kind = {"mnist": datasets.MNIST, "fashionmnist": datasets.FashionMNIST}[name]
    _agrees(name, "train", root, kind(root / "raw" / name / "archive"))


def test_names_of_the_other_sets_are_torchvisions():
    known = Catalog.shipped()
    imagenette = [names[0] for names in datasets.Imagenette._WNID_TO_CLASS.values()]
    assert [c.folder for c in known["imagenette"].classes] == list(
        datasets.Imagenette._WNID_TO_CLASS
    )
    # torchvision's data set and its weights spell some names differently
    ours = [c.name for c in known["imagenette"].classes]
    assert len(set(ours) & set(imagenette)) >= 9


def test_stopped_and_run_again(cifar100, tmp_path):
    root = tmp_path / "data"

    class StopError(Exception):
        pass

    def stop(subset, done, total):
        if done > 90:
            raise StopError

    with pytest.raises(StopError):
        fetch_data("cifar100", root=root, report=stop)
    raw = root / "raw" / "cifar100"
    assert not (raw / "train").exists()
    assert not (raw / "train.ready").exists()
    made = {p.name: p.stat().st_mtime_ns for p in (raw / ".train.partial").iterdir()}
    folder = fetch_data("cifar100", root=root)
    assert {name: (folder / name).stat().st_mtime_ns for name in made} == made
    assert len(ImageFolder(folder)) == 200
    assert sorted(p.name for p in raw.iterdir()) == [
        "archive",
        "classes.json",
        "train",
        "train.ready",
    ]
    before = (raw / "train.ready").stat().st_mtime_ns
    fetch_data("cifar100", root=root)
    assert (raw / "train.ready").stat().st_mtime_ns == before
    (folder / "3").rename(tmp_path / "away")
    with pytest.raises(InputError, match="something else stands"):
        fetch_data("cifar100", root=root)


def test_damaged_download_is_noticed(cifar100, server, tmp_path):
    (server[0] / "cifar-100-python.tar.gz").write_bytes(b"not an archive")
    with pytest.raises(DataError, match="could not be downloaded"):
        fetch_data("cifar100", root=tmp_path / "data")
    assert not (tmp_path / "data" / "raw" / "cifar100" / "train.ready").exists()


def test_what_cannot_be_fetched(tmp_path):
    with pytest.raises(InputError, match="is not fetched") as caught:
        fetch_data("imagenet", root=tmp_path)
    assert "'cifar10', 'cifar100'" in str(caught.value)
    with pytest.raises(UnknownNameError, match="did you mean 'cifar100'"):
        fetch_data("cifar1000", root=tmp_path)
    with pytest.raises(InputError, match="no such subset"):
        fetch_data("mnist", "val", root=tmp_path)
