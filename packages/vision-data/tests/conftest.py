"""Small data in the real layouts."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

#: Class ids of the CIFAR-100 invertebrates, and one that is none of them.
FOLDERS = (6, 7, 14, 18, 24, 26, 45, 77, 79, 99, 0)


def _picture(rng: np.random.Generator, height: int, width: int) -> Image.Image:
    """Smooth enough for JPEG, and another one every time."""
    small = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture
def picture() -> Callable[..., Image.Image]:
    """Make a picture from a generator, a height and a width."""
    return _picture


@pytest.fixture
def data_root(tmp_path: Path) -> Path:
    """A data root with ``raw/cifar100/{train,test}``, three 32 x 32 PNG images a class."""
    rng = np.random.default_rng(0)
    for subset in ("train", "test"):
        for folder in FOLDERS:
            place = tmp_path / "data" / "raw" / "cifar100" / subset / str(folder)
            place.mkdir(parents=True)
            for number in range(3):
                _picture(rng, 32, 32).save(place / f"{number}.png")
    return tmp_path / "data"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of JPEG images of different sizes in two classes, one grey."""
    rng = np.random.default_rng(1)
    sizes = [(60, 80), (70, 50), (64, 64), (91, 33)]
    for folder in ("0", "1"):
        (tmp_path / "photos" / folder).mkdir(parents=True)
        for number, (height, width) in enumerate(sizes):
            image = _picture(rng, height, width)
            if number == 3:
                image = image.convert("L")
            image.save(tmp_path / "photos" / folder / f"{number}.jpg", quality=92)
    return tmp_path / "photos"


class Guide(NamedTuple):
    """What the guide that this package follows writes into its configuration, as it stands."""

    groups: str
    mounted: str
    custom: str


@pytest.fixture
def guide() -> Guide:
    """The three parts of the guide's configuration file."""
    return Guide(
        groups="""
data_groups:
    cifar100:
        invertebrates:
            - 6  # bee
            - 7  # beetle
            - 14 # butterfly
            - 18 # caterpillar
            - 24 # cockroach
            - 26 # crab
            - 45 # lobster
            - 77 # snail
            - 79 # spider
            - 99 # worm
    mnist:
        '01':
            - 0
            - 1
        '89':
            - 8
            - 9
""",
        mounted="""
mounted_datasets:
    - imagenet
""",
        custom="""
data_resolution:
    your_dataset: 64

data_statistics:
    your_dataset:
        mean: [0.5, 0.5, 0.5]
        std: [0.25, 0.25, 0.25]

data_groups:
    your_dataset:
        your_group:
            - 0
            - 1
            - 2
""",
    )


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *args: object) -> None:
        """A client that was killed is no reason to say anything."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder over http; gives the address."""
    folder.mkdir(parents=True, exist_ok=True)
    http = _Server(("127.0.0.1", 0), partial(_Quiet, directory=folder))
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_port}/"
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _tar(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def _jpeg(rng: np.random.Generator, side: int) -> bytes:
    out = io.BytesIO()
    _picture(rng, side, side).save(out, "JPEG")
    return out.getvalue()


def _small_cifar(name: str, folder: Path, url: str) -> Iterator[tuple[Any, str, Any]]:
    """Archives of CIFAR with 200 + 100 images, classes in no order."""
    from torchvision import datasets

    from vision_data import Catalog

    rng = np.random.default_rng(0)
    hundred = name == "cifar100"
    kind = datasets.CIFAR100 if hundred else datasets.CIFAR10
    prefix = "fine_label" if hundred else "label"
    train = ["train"] if hundred else [f"data_batch_{i}" for i in range(1, 6)]
    test = ["test"] if hundred else ["test_batch"]
    parts = {}
    for part in [*train, *test]:
        n = 100 if part in test else 200 // len(train)
        labels = rng.permutation(np.arange(n) % (100 if hundred else 10)).tolist()
        pixels = rng.integers(0, 256, (n, 3072), dtype=np.uint8)
        parts[part] = pickle.dumps({"data": pixels, f"{prefix}s": labels})
    names = [c.name for c in Catalog.shipped()[name].classes or ()]
    meta = str(kind.meta["filename"])
    parts[meta] = pickle.dumps({f"{prefix}_names": names})
    content = _tar({f"{kind.base_folder}/{part}": data for part, data in parts.items()})
    (folder / kind.filename).write_bytes(content)
    yield kind, "url", url + kind.filename
    yield kind, "tgz_md5", _md5(content)
    yield kind, "train_list", [[part, _md5(parts[part])] for part in train]
    yield kind, "test_list", [[part, _md5(parts[part])] for part in test]
    yield kind, "meta", {**kind.meta, "md5": _md5(parts[meta])}


def _small_mnist(folder: Path, url: str) -> Iterator[tuple[Any, str, Any]]:
    """The archives of MNIST, and of FashionMNIST, with 40 + 20 images."""
    from torchvision import datasets

    rng = np.random.default_rng(0)
    resources = []
    for part, n in (("train", 40), ("t10k", 20)):
        labels = rng.permutation(np.arange(n) % 10).astype(np.uint8)
        pixels = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        for name, head, data in (
            (f"{part}-images-idx3-ubyte.gz", struct.pack(">4i", 2051, n, 28, 28), pixels),
            (f"{part}-labels-idx1-ubyte.gz", struct.pack(">2i", 2049, n), labels),
        ):
            content = gzip.compress(head + data.tobytes())
            (folder / name).write_bytes(content)
            resources.append((name, _md5(content)))
    for kind in (datasets.MNIST, datasets.FashionMNIST):
        yield kind, "mirrors", [url]
        yield kind, "resources", resources


def _small_imagenette(folder: Path, url: str) -> Iterator[tuple[Any, str, Any]]:
    """The archive of Imagenette with 4 + 2 images a class."""
    from torchvision import datasets

    rng = np.random.default_rng(0)
    content = _tar(
        {
            f"imagenette2/{part}/{synset}/{synset}_{number}.JPEG": _jpeg(rng, 40)
            for part, count in (("train", 4), ("val", 2))
            for synset in datasets.Imagenette._WNID_TO_CLASS
            for number in range(count)
        }
    )
    (folder / "imagenette2.tgz").write_bytes(content)
    archives = {"full": (url + "imagenette2.tgz", _md5(content))}
    yield datasets.Imagenette, "_ARCHIVES", archives


def small_archives(name: str, folder: Path, url: str) -> list[tuple[Any, str, Any]]:
    """Write small archives in the real layout; give what of torchvision must point to them."""
    if name.startswith("cifar"):
        return list(_small_cifar(name, folder, url))
    small = _small_imagenette if name == "imagenette" else _small_mnist
    return list(small(folder, url))


def small_tiny_imagenet(folder: Path, url: str) -> Any:
    """Write a small archive of Tiny ImageNet; give the catalog that has its address."""
    from vision_data import Catalog
    from vision_data.catalog import Archive

    rng = np.random.default_rng(0)
    synsets = ["n07749582", "n01443537", "n02124075"]
    top = "tiny-imagenet-200"
    out, lines = io.BytesIO(), []
    with zipfile.ZipFile(out, "w") as file:
        file.writestr(f"{top}/wnids.txt", "\n".join(synsets))
        for synset in synsets:
            file.writestr(f"{top}/train/{synset}/{synset}_boxes.txt", "0\t0\t8\t8\n")
            for number in range(4):
                path = f"{top}/train/{synset}/images/{synset}_{number}.JPEG"
                file.writestr(path, _jpeg(rng, 64))
        for number in range(6):
            file.writestr(f"{top}/val/images/val_{number}.JPEG", _jpeg(rng, 64))
            lines.append(f"val_{number}.JPEG\t{synsets[number % 3]}\t0\t0\t8\t8\n")
        file.writestr(f"{top}/val/val_annotations.txt", "".join(lines))
    content = out.getvalue()
    (folder / f"{top}.zip").write_bytes(content)
    shipped = Catalog.shipped()
    archive = Archive(f"{url}{top}.zip", _md5(content), len(content))
    known = replace(shipped["tinyimagenet"], archive=archive)
    return replace(shipped, data_sets={**shipped.data_sets, "tinyimagenet": known})


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder that is served over http, and its address."""
    with serve(tmp_path / "server") as url:
        yield tmp_path / "server", url


@pytest.fixture
def archives(server: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let torchvision find small archives of a data set on this machine."""

    def point(name: str) -> None:
        for patch in small_archives(name, *server):
            monkeypatch.setattr(*patch)

    return point


@pytest.fixture
def tiny_imagenet(server: tuple[Path, str]) -> Any:
    """A catalog whose Tiny ImageNet is small and on this machine."""
    return small_tiny_imagenet(*server)
