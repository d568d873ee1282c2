"""torchvision itself downloads, from a server on this machine, archives in the real layout."""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import datasets
from torchvision.models import ResNet50_Weights

from neuroai_core.errors import DataError, InputError, UnknownNameError
from vision_data import (
    BetonFile,
    Catalog,
    ImageFolder,
    convert_group,
    fetch_data,
    get_data_loader,
    get_ffcv_dataloader,
    get_target_transform,
    link_group,
)
from vision_data.classes import read_classes


def _agrees(name, subset, root, table, originals, *, group="all", catalog=None):
    """Ids, names and pixels, image by image: folder, link, .beton and both loaders.

    `originals` gives what torchvision has for the path of an image: itself and its label.
    """
    raw = ImageFolder(root / "raw" / name / subset)
    before = {path.resolve(): (raw[i][0], label) for i, (path, label) in enumerate(raw.samples)}
    folder = ImageFolder(
        link_group(name, group, subset, root=root, catalog=catalog), return_path=True
    )
    (path,) = convert_group(name, group, subset, root=root, catalog=catalog)
    assert {c.id: c.name for c in folder.table} == table
    assert table.items() <= {c.id: c.name for c in raw.table}.items()
    assert set(folder.table) == set(read_classes(path.parent))
    rows = list(BetonFile(path))
    loaded = [int(i) for _, labels in get_ffcv_dataloader(path, 7) for i in labels[:, 0]]
    plain = [int(i) for _, labels, _ in get_data_loader(folder, 7) for i in labels[:, 0]]
    assert len(folder) == len(rows) == len(loaded) == len(plain)
    assert len(folder) == sum(label in table for _, label in before.values())
    for position, (image, label, source) in enumerate(folder):
        original, target = originals(Path(source))
        pixels, unlinked = before[Path(source).resolve()]
        assert label == target == unlinked == rows[position]["label"]
        assert label == loaded[position] == plain[position]
        wanted = np.asarray(original.convert("RGB"))
        np.testing.assert_array_equal(np.asarray(image), wanted)
        np.testing.assert_array_equal(np.asarray(pixels), wanted)
        np.testing.assert_array_equal(np.asarray(rows[position]["image"]), wanted)
    return len(folder)


@pytest.mark.parametrize("subset", ["train", "test"])
@pytest.mark.parametrize("name", ["mnist", "fashionmnist", "cifar10", "cifar100"])
def test_labels_agree_with_torchvision(archives, tmp_path, name, subset):
    archives(name)
    root = tmp_path / "data"
    folder = fetch_data(name, subset, root=root)
    assert folder == root / "raw" / name / subset
    kind = {
        "mnist": datasets.MNIST,
        "fashionmnist": datasets.FashionMNIST,
        "cifar10": datasets.CIFAR10,
        "cifar100": datasets.CIFAR100,
    }[name]
    dataset = kind(root / "raw" / name / "archive", train=subset == "train")
    table = dict(enumerate(dataset.classes))
    count = _agrees(name, subset, root, table, lambda path: dataset[int(path.stem)])
    assert count == len(dataset)
    ready = json.loads((root / "raw" / name / f"{subset}.ready").read_text())
    assert sum(ready["images"].values()) == count


@pytest.mark.parametrize(
    ("name", "group"), [(n, g) for n in ("mnist", "cifar100") for g in Catalog.shipped()[n].groups]
)
def test_labels_of_groups_agree_with_torchvision(archives, tmp_path, name, group):
    archives(name)
    root = tmp_path / "data"
    fetch_data(name, root=root)
    kind = {"mnist": datasets.MNIST, "cifar100": datasets.CIFAR100}[name]
    dataset = kind(root / "raw" / name / "archive", train=True)
    ids = Catalog.shipped()[name].groups[group]
    table = {i: dataset.classes[i] for i in ids}
    count = _agrees(name, "train", root, table, lambda p: dataset[int(p.stem)], group=group)
    assert count == sum(int(target) in ids for target in dataset.targets) > 0


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory):
    """A data root with all synsets of ImageNet, an image each, three where a group has them.

    Gives torchvision's own ImageNet of these folders as well.
    """
    root = tmp_path_factory.mktemp("imagenet") / "data"
    rng = np.random.default_rng(0)
    shipped = Catalog.shipped()["imagenet"]
    grouped = {i for ids in shipped.groups.values() for i in ids}
    for entry in shipped.classes:
        place = root / "raw" / "imagenet" / "train" / entry.folder
        place.mkdir(parents=True)
        for number in range(3 if entry.id in grouped else 1):
            pixels = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(place / f"{entry.folder}_{number}.JPEG", "JPEG")
    # What torchvision makes of the development kit: names by synset, and no validation images.
    meta = {entry.folder: (entry.name,) for entry in shipped.classes}
    torch.save((meta, []), root / "raw" / "imagenet" / "meta.bin")
    return root, datasets.ImageNet(root / "raw" / "imagenet", "train")


@pytest.mark.parametrize("group", Catalog.shipped()["imagenet"].groups)
def test_labels_of_groups_of_imagenet_agree_with_torchvision(imagenet, group):
    """Ids are torchvision's, from the ranks of all 1000 folders; names those of its weights."""
    root, dataset = imagenet
    names = ResNet50_Weights.DEFAULT.meta["categories"]
    ids = Catalog.shipped()["imagenet"].groups[group]
    places = {Path(path).name: index for index, (path, _) in enumerate(dataset.samples)}
    table = {i: names[i] for i in ids}
    count = _agrees(
        "imagenet", "train", root, table, lambda path: dataset[places[path.name]], group=group
    )
    assert count == 3 * len(ids)
    for label, index in zip(ids, range(len(ids)), strict=True):
        assert get_target_transform(f"imagenet_{group}")(label) == index


def test_the_group_imagenette_is_imagenette():
    """Its synsets and names are those of torchvision's own data set of that name."""
    table, ids = Catalog.shipped()["imagenet"].classes, Catalog.shipped()["imagenet"].groups
    spelled = {"English springer": "English springer spaniel"}
    chosen = {table.of_id(i).folder: table.name_of(i) for i in ids["imagenette"]}
    assert set(chosen) == set(datasets.Imagenette._WNID_TO_CLASS)
    for synset, names in datasets.Imagenette._WNID_TO_CLASS.items():
        assert spelled.get(chosen[synset], chosen[synset]) in {*names, *map(spelled.get, names)}


@pytest.mark.parametrize("subset", ["train", "test"])
def test_labels_of_imagenette_agree_with_torchvision(archives, tmp_path, subset):
    archives("imagenette")
    root = tmp_path / "data"
    fetch_data("imagenette", subset, root=root)
    split = {"train": "train", "test": "val"}[subset]
    dataset = datasets.Imagenette(root / "raw" / "imagenette" / "archive", split)
    places = {Path(path).name: index for index, (path, _) in enumerate(dataset._samples)}
    # torchvision's data set and its weights spell one name differently
    spelled = {"English springer": "English springer spaniel"}
    table = {i: c.name for i, c in enumerate(Catalog.shipped()["imagenette"].classes)}
    for class_id, names in enumerate(dataset.classes):
        assert spelled.get(table[class_id], table[class_id]) in {*names, *map(spelled.get, names)}
    count = _agrees("imagenette", subset, root, table, lambda path: dataset[places[path.name]])
    assert count == len(dataset)


@pytest.mark.parametrize("subset", ["train", "test"])
def test_labels_of_tiny_imagenet_agree_with_torchvision(tiny_imagenet, tmp_path, subset):
    root = tmp_path / "data"
    fetch_data("tinyimagenet", subset, root=root, catalog=tiny_imagenet)
    top = root / "raw/tinyimagenet/archive/tiny-imagenet-200/tiny-imagenet-200"
    # What everybody does: torchvision's folder, whose ids are the ranks of the synsets.
    ranks = datasets.ImageFolder(top / "train").class_to_idx
    lines = (top / "val/val_annotations.txt").read_text().splitlines()
    synsets = dict(line.split("\t")[:2] for line in lines)

    def original(path):
        synset = path.name.split("_")[0]
        place = top / "train" / synset / "images" if subset == "train" else top / "val/images"
        label = ranks[synset if subset == "train" else synsets[path.name]]
        return datasets.folder.default_loader(place / path.name), label

    table = {0: "goldfish", 1: "Egyptian cat", 2: "lemon"}
    assert _agrees("tinyimagenet", subset, root, table, original, catalog=tiny_imagenet) == (
        12 if subset == "train" else 6
    )
    # Made anew, it is the same; what is not ours is left alone.
    ready = root / "raw" / "tinyimagenet" / f"{subset}.ready"
    before = ready.read_text()
    ready.unlink()
    fetch_data("tinyimagenet", subset, root=root, catalog=tiny_imagenet)
    assert ready.read_text() == before
    ready.unlink()
    (root / "raw" / "tinyimagenet" / subset / "n09999999").mkdir()
    with pytest.raises(InputError, match="something else stands"):
        fetch_data("tinyimagenet", subset, root=root, catalog=tiny_imagenet)


def test_a_list_of_labels_that_leads_elsewhere(tiny_imagenet, tmp_path):
    fetch_data("tinyimagenet", root=tmp_path, catalog=tiny_imagenet)
    top = tmp_path / "raw/tinyimagenet/archive/tiny-imagenet-200/tiny-imagenet-200"
    labels = top / "val" / "val_annotations.txt"
    sound = labels.read_text()
    for wrong in ("../../a.JPEG\tn01443537\t0\n", "a.JPEG\tn01443537\t0\n", sound.splitlines()[0]):
        labels.write_text(sound + wrong)
        with pytest.raises(DataError, match="list of labels is damaged") as caught:
            fetch_data("tinyimagenet", "test", root=tmp_path, catalog=tiny_imagenet)
        assert caught.value.index == "line 7"
    labels.unlink()
    with pytest.raises(DataError, match="no list of labels"):
        fetch_data("tinyimagenet", "test", root=tmp_path, catalog=tiny_imagenet)


@pytest.mark.parametrize(
    ("member", "found"),
    [
        ("../out.txt", "'..'"),
        ("/tmp/out.txt", "absolute"),
        ("a/../../out.txt", "'..'"),
        ("link", "a link"),
        ("", "a file without a name"),
    ],
)
def test_archives_that_would_write_elsewhere(tiny_imagenet, server, tmp_path, member, found):
    """The checksum is right: it is what the archive holds that is refused."""
    packed = server[0] / "tiny-imagenet-200.zip"
    with zipfile.ZipFile(packed, "a") as file:
        info = zipfile.ZipInfo("name")
        info.filename = member
        if member == "link":
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(info, "../../../../out.txt")
    content = packed.read_bytes()
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    known = tiny_imagenet["tinyimagenet"]
    archive = replace(known.archive, md5=md5, size=len(content))
    catalog = replace(
        tiny_imagenet,
        data_sets={**tiny_imagenet.data_sets, "tinyimagenet": replace(known, archive=archive)},
    )
    root = tmp_path / "data"
    with pytest.raises(DataError, match="archive") as caught:
        fetch_data("tinyimagenet", root=root, catalog=catalog)
    assert found in str(caught.value)
    assert "tiny-imagenet-200.zip" in str(caught.value)
    assert not list(tmp_path.rglob("out.txt"))
    assert sorted(p.name for p in (root / "raw/tinyimagenet/archive").iterdir()) == [packed.name]


@pytest.mark.parametrize("name", ["mnist", "cifar10", "imagenette"])
def test_half_unpacked_archives_are_unpacked_anew(archives, tmp_path, name):
    archives(name)
    archive = fetch_data(name, root=tmp_path).parent / "archive"
    content = {p: p.read_bytes() for p in archive.rglob("*") if p.is_file()}
    # What a kill leaves: some files missing, one of them cut off.
    (tmp_path / "raw" / name / "train.ready").unlink()
    unpacked = sorted(p for p in content if p.suffix not in (".gz", ".tgz"))
    for path in unpacked[1:]:
        path.unlink()
    unpacked[0].write_bytes(content[unpacked[0]][:20])
    (archive / ".unpacking").touch()
    fetch_data(name, root=tmp_path)
    assert {p: p.read_bytes() for p in archive.rglob("*") if p.is_file()} == content


def test_stopped_and_run_again(archives, tmp_path):
    archives("cifar100")
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


def test_damaged_download_is_noticed(archives, server, tmp_path):
    archives("cifar100")
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
