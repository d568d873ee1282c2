import io
import tarfile
from pathlib import Path

import pytest

from imagenet_dm import ImageNetDataModule
from imagenet_dm.devkit import META, TRUTH, read_devkit
from imagenet_dm.tars import scan_tars
from neuroai_core.errors import DataError

GOLDEN = Path(__file__).parent / "golden"
# In the order of their labels, with the number that the kit gives each.
SYNSETS = {"n01440764": 3, "n02100735": 2, "n02119789": 1, "n03000134": 4}


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


@pytest.fixture(scope="module")
def root(fake, tmp_path_factory):
    """ImageNet's three downloads, with the images of the fake data set's first classes."""
    folder = tmp_path_factory.mktemp("tars")
    sources = sorted((fake / "train").iterdir())
    with tarfile.open(folder / "ILSVRC2012_img_train.tar", "w") as outer:
        for synset, source in zip(reversed(SYNSETS), [*sources, sources[0]], strict=True):
            inner = io.BytesIO()
            with tarfile.open(fileobj=inner, mode="w") as archive:
                for number, image in enumerate(sorted(source.iterdir())[:4]):
                    add(archive, f"{synset}_{number}.JPEG", image.read_bytes())
            add(outer, f"{synset}.tar", inner.getvalue())
    truth = [3, 1, 1, 4, 2]
    images = sorted((fake / "val").rglob("*.JPEG"))[:5]
    with tarfile.open(folder / "ILSVRC2012_img_val.tar", "w") as archive:
        for number in (2, 0, 1, 4, 3):  # not in order: the names say which is which
            name = f"ILSVRC2012_val_{number + 1:08d}.JPEG"
            add(archive, name, images[number].read_bytes())
    with tarfile.open(folder / "ILSVRC2012_devkit_t12.tar.gz", "w:gz") as kit:
        add(kit, f"ILSVRC2012_devkit_t12/{META}", (GOLDEN / "meta.mat").read_bytes())
        add(kit, f"ILSVRC2012_devkit_t12/{TRUTH}", "".join(f"{t}\n" for t in truth).encode())
    return folder


def test_the_kit_gives_synsets_names_and_labels(root):
    kit = read_devkit(root / "ILSVRC2012_devkit_t12.tar.gz")
    assert kit.synsets == tuple(SYNSETS)
    assert kit.names[0] == "tench, Tinca tinca"
    assert kit.validation.tolist() == [0, 2, 2, 3, 1]


def test_training_images_are_those_of_the_inner_archives(root, fake):
    index, depends = scan_tars(root, "train")
    assert depends == [root / "ILSVRC2012_img_train.tar"]
    assert index.classes == tuple(SYNSETS)
    assert index.labels.tolist() == [label for label in range(4) for _ in range(4)]
    first = min((fake / "train").iterdir())
    assert index.name(5) == "n02100735/n02100735_1.JPEG"
    assert index.read(13) == sorted(first.iterdir())[1].read_bytes()


def test_validation_labels_are_the_kits(root, fake):
    index, _ = scan_tars(root, "val")
    images = sorted((fake / "val").rglob("*.JPEG"))
    assert index.labels.tolist() == [0, 2, 2, 3, 1]
    assert [index.read(i) for i in range(5)] == [p.read_bytes() for p in images[:5]]


def test_the_data_module_reads_them_in_place(root):
    dm = ImageNetDataModule(data_root=root, batch_size=4, num_workers=0, image_size=16)
    dm.setup()
    assert (len(dm.train_dataset), len(dm.val_dataset)) == (16, 5)
    assert dm.train_dataset.classes == dm.val_dataset.classes
    assert sum(len(labels) for _, labels in dm.train_dataloader()) == 16
    assert sum(len(labels) for _, labels in dm.val_dataloader()) == 5


def test_what_is_missing_or_damaged_is_named(root, tmp_path):
    (tmp_path / "ILSVRC2012_img_val.tar").write_bytes(
        (root / "ILSVRC2012_img_val.tar").read_bytes()
    )
    with pytest.raises(DataError, match="labels of the validation"):
        scan_tars(tmp_path, "val")
    kit = tmp_path / "ILSVRC2012_devkit_t12"
    (kit / "data").mkdir(parents=True)
    with pytest.raises(DataError, match=r"not whole(.|\n)*meta\.mat"):
        scan_tars(tmp_path, "val")
    (kit / META).write_bytes((GOLDEN / "meta.mat").read_bytes())
    (kit / TRUTH).write_text("1\n2\n")
    with pytest.raises(DataError, match="differ"):
        scan_tars(tmp_path, "val")
    (kit / TRUTH).write_text("99\n")
    with pytest.raises(DataError, match="damaged"):
        scan_tars(tmp_path, "val")
    (tmp_path / "ILSVRC2012_img_train.tar").write_bytes(b"no archive" * 100)
    with pytest.raises(DataError, match=r"damaged(.|\n)*train\.tar"):
        scan_tars(tmp_path, "train")
