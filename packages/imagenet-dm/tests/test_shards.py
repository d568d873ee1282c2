import io
import os
import tarfile

import pytest

from imagenet_dm import ImageNetDataModule
from imagenet_dm.index_file import beside_path, save_index
from imagenet_dm.shards import find_shards, scan_shards
from imagenet_dm.sources import open_split, scan_stamped
from neuroai_core.errors import DataError


def write(path, samples):
    with tarfile.open(path, "w") as archive:
        for name, content in samples:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


@pytest.fixture
def images(fake):
    return [path.read_bytes() for path in sorted((fake / "train").rglob("*.JPEG"))]


@pytest.fixture
def root(images, tmp_path):
    for split, shards in (("train", 3), ("val", 1)):
        for shard in range(shards):
            rows = []
            for i in range(4):
                key = f"{shard:04d}_{i}"
                rows += [
                    (f"{key}.json", b"{}"),
                    (f"{key}.jpg", images[4 * shard + i]),
                    (f"{key}.cls", str((shard + i) % 3).encode()),
                ]
            write(tmp_path / f"imagenet-{split}-{shard:06d}.tar", rows)
    return tmp_path


def test_samples_come_in_any_order_from_all_shards(root, images):
    index, depends = scan_shards(root, "train")
    assert depends == find_shards(root, "train")
    assert [index.read(i) for i in (11, 0, 6)] == [images[i] for i in (11, 0, 6)]
    assert index.labels.tolist() == [(s + i) % 3 for s in range(3) for i in range(4)]
    assert index.classes == ("0", "1", "2")
    assert index.names[5] == "0001_1.jpg"


def test_stock_webdataset_layouts_load(root):
    dm = ImageNetDataModule(data_root=root, batch_size=4, num_workers=0, image_size=16)
    dm.setup("fit")
    assert sum(len(labels) for _, labels in dm.train_dataloader()) == 12
    assert sum(len(labels) for _, labels in dm.val_dataloader()) == 4


def test_labels_may_be_synsets(images, tmp_path):
    (tmp_path / "train").mkdir()
    rows = [("a.jpg", images[0]), ("a.cls", b"n02\n"), ("b.cls", b"n01"), ("b.JPEG", images[1])]
    write(tmp_path / "train" / "0.tar", rows)
    index, _ = scan_shards(tmp_path, "train")
    assert index.classes == ("n01", "n02")
    assert index.labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("rows", "found"), [([("a.cls", b"1")], "no image"), ([("a.jpg", b"x")], "no .cls")]
)
def test_a_sample_that_is_not_whole_is_named(tmp_path, rows, found):
    write(tmp_path / "train-0.tar", rows)
    with pytest.raises(DataError, match=rf"not whole(.|\n)*key: a(.|\n)*{found}"):
        scan_shards(tmp_path, "train")


def test_a_label_that_no_data_set_has_is_refused(images, tmp_path):
    write(tmp_path / "train-0.tar", [("a.jpg", images[0]), ("a.cls", b"2000000000")])
    with pytest.raises(DataError, match="labels are out of range"):
        scan_shards(tmp_path, "train")


def test_damaged_and_empty_shards_are_errors(tmp_path):
    write(tmp_path / "train-0.tar", [])
    with pytest.raises(DataError, match="no images"):
        scan_shards(tmp_path, "train")
    (tmp_path / "train-0.tar").write_bytes(b"text" * 300)
    with pytest.raises(DataError, match="damaged"):
        scan_shards(tmp_path, "train")


def test_an_index_beside_flat_shards_holds_until_there_are_others(root, images, monkeypatch):
    for path in root.iterdir():
        os.utime(path, (10**9, 10**9))
    index, stamps = scan_stamped(root, "train", "webdataset")
    save_index(beside_path(root, "train-webdataset"), index, stamps, root)
    with monkeypatch.context() as patch:
        patch.setattr("imagenet_dm.sources.SCANS", {})
        kept = open_split(root, "train")
        assert kept.fingerprint == index.fingerprint
        assert kept.read(7) == images[7]
    write(root / "imagenet-train-000003.tar", [("z.jpg", images[0]), ("z.cls", b"1")])
    assert len(open_split(root, "train")) == 13
    (root / "imagenet-train-000003.tar").unlink()
    (root / "imagenet-train-000000.tar").unlink()
    assert len(open_split(root, "train")) == 8
