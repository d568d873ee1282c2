"""Files written here are read by FFCV, and files written by FFCV are read here."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from vision_data import BetonFile, write_beton
from vision_data.beton import (
    ArrayField,
    BytesField,
    FloatField,
    ImageField,
    IntField,
    JSONField,
    TensorField,
)

pytestmark = [
    # FFCV uses torch.cuda.amp.custom_fwd and numba features that these mean to remove.
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # numba: parallel code without parallel loops, pending changes of its types
    pytest.mark.filterwarnings("ignore::numba.core.errors.NumbaWarning"),
]

N = 37
#: numba's finalizers fail when its compiled functions are collected before the process ends.
KEPT: list[object] = []


class Samples:
    """Every type of field but images."""

    def __init__(self, kind: str) -> None:
        rng = np.random.default_rng(3)
        self.rows = [
            (
                float(rng.normal()),
                int(rng.integers(-(2**62), 2**62)),
                rng.integers(0, 256, int(rng.integers(1, 90)), dtype=np.uint8),
                rng.normal(size=(3, 4)).astype(np.float32),
                {"index": i, "text": "grün"},
                torch.arange(5, dtype=torch.int16) * i,
            )
            for i in range(N)
        ]

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int):
        return self.rows[index]


class Pictures:
    def __init__(self) -> None:
        rng = np.random.default_rng(4)
        small = rng.integers(0, 256, (N, 4, 4, 3), dtype=np.uint8)
        self.images = [
            np.asarray(Image.fromarray(s).resize((40, 32), Image.Resampling.BICUBIC)) for s in small
        ]

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int):
        return self.images[index], index * 3


OURS = {
    "x": FloatField(),
    "n": IntField(),
    "raw": BytesField(),
    "array": ArrayField(np.dtype("<f4"), (3, 4)),
    "notes": JSONField(),
    "tensor": TensorField(np.dtype("<i2"), (5,)),
}


def _ffcv_fields():
    from ffcv import fields

    return {
        "x": fields.FloatField(),
        "n": fields.IntField(),
        "raw": fields.BytesField(),
        "array": fields.NDArrayField(np.dtype("<f4"), (3, 4)),
        "notes": fields.JSONField(),
        "tensor": fields.TorchTensorField(torch.int16, (5,)),
    }


def _ffcv_write(path, dataset, fields, workers=2):
    from ffcv.writer import DatasetWriter

    DatasetWriter(str(path), fields, num_workers=workers).from_indexed_dataset(dataset, chunksize=5)


def _ffcv_read(path, **options):
    """Give all samples of a file as FFCV's loader yields them, in order."""
    from ffcv.loader import Loader, OrderOption

    loader = Loader(
        str(path), 8, num_workers=1, order=OrderOption.SEQUENTIAL, drop_last=False, **options
    )
    KEPT.append(loader)
    columns = None
    for batch in loader:
        batch = [part.clone() if torch.is_tensor(part) else part.copy() for part in batch]
        columns = columns or [[] for _ in batch]
        for column, part in zip(columns, batch, strict=True):
            column.extend(part)
    return columns


def _check_rows(rows, wanted):
    for (x, n, raw, array, notes, tensor), row in zip(wanted, rows, strict=True):
        assert (row["x"], row["n"], row["notes"]) == (x, n, notes)
        assert row["raw"] == raw.tobytes()
        np.testing.assert_array_equal(row["array"], array)
        torch.testing.assert_close(row["tensor"], tensor)


def test_ours_is_read_by_ffcv(tmp_path):
    from ffcv.fields import JSONField as FFCVJSONField

    samples = Samples("x")
    path = write_beton(tmp_path / "a.beton", samples, OURS)
    for os_cache in (True, False):
        xs, ns, raws, arrays, notes, tensors = _ffcv_read(path, os_cache=os_cache)
        for i, (x, n, raw, array, note, tensor) in enumerate(samples.rows):
            assert (float(xs[i]), int(ns[i])) == (x, n)
            np.testing.assert_array_equal(raws[i][: len(raw)], raw)
            np.testing.assert_array_equal(arrays[i], array)
            assert FFCVJSONField.unpack(notes[i]) == note
            np.testing.assert_array_equal(tensors[i], tensor)


def test_ffcv_is_read_by_us(tmp_path):
    samples = Samples("x")
    _ffcv_write(tmp_path / "b.beton", samples, _ffcv_fields())
    _check_rows(list(BetonFile(tmp_path / "b.beton")), samples.rows)


def test_both_files_say_the_same(tmp_path):
    samples = Samples("x")
    ours = BetonFile(write_beton(tmp_path / "a.beton", samples, OURS))
    _ffcv_write(tmp_path / "b.beton", samples, _ffcv_fields(), workers=1)
    theirs = BetonFile(tmp_path / "b.beton")
    assert list(ours.fields) == list(theirs.fields)
    for ours_field, theirs_field in zip(ours.fields.values(), theirs.fields.values(), strict=True):
        assert ours_field.arguments() == theirs_field.arguments()
    assert ours.metadata.dtype == theirs.metadata.dtype
    np.testing.assert_array_equal(ours.data[24:4096], theirs.data[24:4096])


#: Every write mode as a field of one file: FFCV compiles anew for every loader.
MODES = {
    "raw": {"write_mode": "raw"},
    "jpg": {"write_mode": "jpg", "jpeg_quality": 85},
    "smart": {"write_mode": "smart", "smart_threshold": 1000},
    "smart_raw": {"write_mode": "smart", "smart_threshold": 10**6},
    "smart_none": {"write_mode": "smart"},
    "proportion": {"write_mode": "proportion", "compress_probability": 0.5},
    "small": {"write_mode": "raw", "max_resolution": 20},
}


class Repeated(Pictures):
    """Each picture once for every mode, then the label."""

    def __getitem__(self, index: int):
        image, label = super().__getitem__(index)
        return (*[image] * len(MODES), label)


def _check_images(path):
    """What the reader here decodes is what FFCV decodes."""
    *columns, labels = _ffcv_read(path)
    file, pictures = BetonFile(path), Pictures()
    for i in range(N):
        assert int(labels[i]) == 3 * i == file[i]["label"]
        for name, column in zip(MODES, columns, strict=True):
            raw = file.column(name)["mode"][i] == 1
            ours = np.asarray(file.value(name, i)).astype(int)
            _close(column[i], ours, raw=raw)
            if raw and name != "small":
                np.testing.assert_array_equal(ours, pictures[i][0])
    for name in ("smart_raw", "smart_none", "raw", "small"):
        assert (file.column(name)["mode"] == 1).all()
    for name in ("smart", "jpg"):
        assert (file.column(name)["mode"] == 0).all()
    assert 5 < (file.column("proportion")["mode"] == 0).sum() < N - 5
    assert set(file.column("small")["width"]) == {20}
    assert set(file.column("small")["height"]) == {16}


def test_our_images_are_read_by_ffcv(tmp_path):
    fields = {name: ImageField(**options) for name, options in MODES.items()}
    _check_images(write_beton(tmp_path / "a.beton", Repeated(), {**fields, "label": IntField()}))


def test_images_of_ffcv_are_read_by_us(tmp_path):
    from ffcv import fields

    images = {name: fields.RGBImageField(**options) for name, options in MODES.items()}
    _ffcv_write(tmp_path / "b.beton", Repeated(), {**images, "label": fields.IntField()})
    _check_images(tmp_path / "b.beton")


def _close(theirs, ours, *, raw):
    theirs = np.asarray(theirs).astype(int)
    if raw:
        np.testing.assert_array_equal(theirs, ours)
    else:  # FFCV's decoder uses the fast, coarse transform
        assert np.abs(theirs - ours).max() <= 24
        assert np.abs(theirs - ours).mean() < 2


def test_jpeg_bytes_are_kept_and_read_by_ffcv(tmp_path):
    contents = []
    for i, mode in enumerate(["RGB", "L", "RGB"]):
        out = io.BytesIO()
        Image.fromarray(Pictures().images[i]).convert(mode).save(
            out, "JPEG", quality=95, progressive=i == 2
        )
        contents.append(out.getvalue())
    path = write_beton(
        tmp_path / "a.beton",
        [(content, i) for i, content in enumerate(contents)],
        {"image": ImageField("jpg"), "label": IntField()},
    )
    file = BetonFile(path)
    images, _ = _ffcv_read(path)
    for i, content in enumerate(contents):
        assert file.stored("image", i).tobytes() == content
        _close(images[i], np.asarray(file[i]["image"]).astype(int), raw=False)


@pytest.mark.parametrize("order", ["random", "quasi_random"])
def test_both_backends_give_the_same_batches(tmp_path, order):
    """Order, ranks, tails, resuming and values; FFCV's own kind of order is understood."""
    from ffcv.loader import OrderOption

    from vision_data import get_ffcv_dataloader

    path = write_beton(
        tmp_path / "a.beton",
        Pictures(),
        {"image": ImageField("raw"), "label": IntField()},
        page_size=1 << 15,
    )
    enum = OrderOption[order.upper()]
    options = {"n_timesteps": 3, "normalize": ([0.5, 0.4, 0.3], [0.2] * 3), "dtype": torch.float16}
    ours = get_ffcv_dataloader(path, 8, order=order, rank=1, world_size=2, **options)
    theirs = get_ffcv_dataloader(
        path, 8, order=enum, rank=1, world_size=2, backend="ffcv", **options
    )
    KEPT.append(theirs)
    for _ in range(2):
        wanted, found = list(ours), list(theirs)
        assert len(wanted) == len(found) == len(ours)
        for a, b in zip(wanted, found, strict=True):
            assert torch.equal(a[0], b[0])
            assert torch.equal(a[1], b[1])
    iterator = iter(ours)
    next(iterator)
    theirs.load_state_dict(ours.state_dict())
    for a, b in zip(iterator, theirs, strict=True):
        assert torch.equal(a[1], b[1])


@pytest.mark.parametrize("transform", ["ffcv_train", ["ffcv_train", "imagenet"], "ffcv_test"])
def test_presets_go_for_both_backends(tmp_path, transform):
    from vision_data import get_ffcv_dataloader

    path = write_beton(
        tmp_path / "a.beton", Pictures(), {"image": ImageField("jpg"), "label": IntField()}
    )
    shapes = []
    for backend in ("native", "ffcv"):
        loader = get_ffcv_dataloader(
            path, 8, 2, resolution=24, transform=transform, backend=backend
        )
        KEPT.append(loader)
        batches = list(loader)
        shapes.append([(f.shape, f.dtype, t.shape, t.dtype) for f, t in batches])
        assert sorted(int(i) for _, t in batches for i in t[:, 0]) == [3 * i for i in range(N)]
    assert shapes[0] == shapes[1]
