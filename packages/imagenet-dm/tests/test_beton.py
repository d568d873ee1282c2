import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imagenet_dm import ImageNetDataModule
from imagenet_dm.beton import scan_beton
from neuroai_core.errors import DataError

PAGE = 1 << 14


def beton(images, labels):
    """Write version 2 byte by byte: an RGB image (bytes: JPEG, an array: raw) and an integer."""
    fields = b""
    for kind, name in ((2, b"image"), (1, b"label")):
        fields += bytes([kind]) + name.ljust(16, b"\0") + bytes(1024)
    start = 24 + len(fields) + 24 * len(images)
    at = -(-start // PAGE) * PAGE
    records, pages, table = b"", b"", b""
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        raw = isinstance(image, np.ndarray)
        data = image.tobytes() if raw else image
        width, height = image.shape[1::-1] if raw else Image.open(io.BytesIO(image)).size
        pointer = at + len(pages)
        records += bytes([raw]) + width.to_bytes(2, "little") + height.to_bytes(2, "little")
        records += pointer.to_bytes(8, "little") + bytes(3) + label.to_bytes(8, "little")
        table += number.to_bytes(8, "little") + pointer.to_bytes(8, "little")
        table += len(data).to_bytes(8, "little")
        pages += data + bytes(-len(data) % PAGE)
    header = (2).to_bytes(2, "little") + (2).to_bytes(2, "little") + PAGE.to_bytes(4, "little")
    header += len(images).to_bytes(8, "little") + (at + len(pages)).to_bytes(8, "little")
    body = header + fields + records
    return body + bytes(at - len(body)) + pages + table


@pytest.fixture(scope="module")
def content(fake):
    images = [path.read_bytes() for path in sorted((fake / "train").rglob("*.JPEG"))[:5]]
    raw = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    return [*images, raw], beton([*images, raw], [0, 3, 1, 0, 2, 3])


def test_images_and_labels_are_those_that_were_written(content, tmp_path):
    (tmp_path / "train.beton").write_bytes(content[1])
    index, depends = scan_beton(tmp_path, "train")
    assert depends == [tmp_path / "train.beton"]
    assert index.labels.tolist() == [0, 3, 1, 0, 2, 3]
    assert index.classes == ("0", "1", "2", "3")
    assert [index.read(i) for i in range(5)] == content[0][:5]
    image = Image.open(io.BytesIO(index.read(5)))
    assert np.array_equal(np.asarray(image), content[0][5])


def test_the_data_module_reads_jpeg_and_raw(content, tmp_path):
    for split in ("train", "val"):
        (tmp_path / f"{split}.beton").write_bytes(content[1])
    dm = ImageNetDataModule(data_root=tmp_path, batch_size=3, num_workers=0, image_size=16)
    dm.setup("fit")
    assert sum(len(labels) for _, labels in dm.train_dataloader()) == 6
    assert sum(len(labels) for _, labels in dm.val_dataloader()) == 6


@settings(max_examples=40)
@given(st.data())
def test_a_damaged_file_is_an_error_or_read_within_its_bounds(content, tmp_path_factory, data):
    whole = bytearray(content[1])
    interesting = [*range(24), *range(24, 60), *range(2106, 2250)]
    interesting += range(len(whole) - 24 * 6, len(whole))
    if data.draw(st.booleans()):
        whole = whole[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        whole[data.draw(st.sampled_from(interesting))] = data.draw(st.integers(0, 255))
    root = tmp_path_factory.mktemp("beton", numbered=True)
    (root / "train.beton").write_bytes(whole)
    try:
        index, _ = scan_beton(root, "train")
        for i in range(len(index)):
            index.read(i)
    except DataError:
        pass


@pytest.mark.parametrize("label", [-1, 1 << 17, 2**31 - 2, 2**63 - 1])
def test_a_label_that_no_data_set_has_is_refused(content, tmp_path, label):
    images = content[0]
    whole = bytearray(beton(images[:2], [0, 5]))
    at = 24 + 2 * 1041 + 24 + 16  # the label of the second record
    assert int.from_bytes(whole[at : at + 8], "little") == 5
    whole[at : at + 8] = label.to_bytes(8, "little", signed=True)
    (tmp_path / "train.beton").write_bytes(whole)
    with pytest.raises(DataError, match="labels are out of range"):
        scan_beton(tmp_path, "train")


def test_what_is_missing_is_said(content, tmp_path):
    floats = bytearray(content[1])
    floats[24 + 1041] = 0
    (tmp_path / "train.beton").write_bytes(floats)
    with pytest.raises(DataError, match="an RGB image and an integer"):
        scan_beton(tmp_path, "train")
    (tmp_path / "train.beton").write_bytes(b"text")
    with pytest.raises(DataError, match="not whole"):
        scan_beton(tmp_path, "train")
