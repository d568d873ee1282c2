from __future__ import annotations

import io
import pickle
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from neuroai_core.errors import DataError, InputError, NotFoundError, UnknownNameError
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

SMALL = 4096

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
sample = st.tuples(
    st.floats(allow_nan=False),
    st.integers(-(2**63), 2**63 - 1),
    st.binary(max_size=200),
    json_values,
)


@settings(max_examples=60)
@given(st.lists(sample, max_size=30), st.sampled_from([SMALL, 2 * SMALL, 1 << 23]))
def test_values_come_back(tmp_path_factory, samples, page_size):
    path = tmp_path_factory.mktemp("beton") / "a.beton"
    fields = {"x": FloatField(), "n": IntField(), "raw": BytesField(), "notes": JSONField()}
    write_beton(path, samples, fields, page_size=page_size)
    file = BetonFile(path)
    assert [tuple(row.values()) for row in file] == samples
    rows = file.allocations.rows
    pages = rows["pointer"] // page_size
    assert (pages == (rows["pointer"] + rows["size"] - 1) // page_size).all()
    # the data of a sample lie in one page
    assert all(len(set(pages[rows["sample"] == i])) == 1 for i in range(len(samples)))


@given(
    st.sampled_from(["<f4", "<f8", "u1", "<i8", "<c16", "?", "<f2", ">i4"]),
    st.lists(st.integers(1, 4), max_size=4),
)
def test_arrays_come_back(tmp_path_factory, dtype, shape):
    path = tmp_path_factory.mktemp("beton") / "a.beton"
    rng = np.random.default_rng(0)
    arrays = [rng.integers(0, 2, shape).astype(dtype).reshape(shape) for _ in range(3)]
    write_beton(path, [(a,) for a in arrays], {"a": ArrayField(np.dtype(dtype), tuple(shape))})
    for row, array in zip(BetonFile(path), arrays, strict=True):
        assert row["a"].dtype == array.dtype
        np.testing.assert_array_equal(row["a"], array)


def test_tensors_come_back_as_tensors(tmp_path):
    tensors = [torch.full((2, 3), i, dtype=torch.float16) for i in range(3)]
    field = TensorField(np.dtype("<f2"), (2, 3))
    path = write_beton(tmp_path / "a.beton", [(t,) for t in tensors], {"t": field})
    for row, tensor in zip(BetonFile(path), tensors, strict=True):
        torch.testing.assert_close(row["t"], tensor)


def _jpeg(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def test_bytes_of_a_jpeg_are_kept(tmp_path, picture):
    rng = np.random.default_rng(0)
    contents = [
        _jpeg(picture(rng, 40, 50), quality=70),
        _jpeg(picture(rng, 33, 20).convert("L")),
        _jpeg(picture(rng, 64, 64), progressive=True),
        _jpeg(picture(rng, 30, 30).convert("CMYK")),  # FFCV could not decode this one
    ]
    paths = [tmp_path / f"{i}.jpg" for i in range(4)]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    write_beton(tmp_path / "a.beton", [(p,) for p in paths], {"image": ImageField("jpg")})
    file = BetonFile(tmp_path / "a.beton")
    kept = [file.stored("image", i).tobytes() == c for i, c in enumerate(contents)]
    assert kept == [True, True, True, False]
    for i, content in enumerate(contents):
        wanted = np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)
        found = np.asarray(file[i]["image"]).astype(int)
        assert np.abs(found - wanted).mean() < (6 if i == 3 else 1e-9)


def test_resizing_scales_to_the_longest_side(tmp_path, picture):
    rng = np.random.default_rng(0)
    content = _jpeg(picture(rng, 100, 50))
    for mode in ("jpg", "raw"):
        field = ImageField(mode, max_resolution=30)
        file = BetonFile(write_beton(tmp_path / "a.beton", [(content,)], {"image": field}))
        assert file[0]["image"].size == (15, 30)


@pytest.mark.parametrize("workers", [2, 3])
def test_bytes_do_not_depend_on_workers(tmp_path, picture, workers):
    rng = np.random.default_rng(0)
    data = [(picture(rng, 20, 30), i) for i in range(200)]
    fields = {"image": ImageField("proportion"), "label": IntField()}
    one = write_beton(tmp_path / "1.beton", data, fields, page_size=1 << 14)
    many = write_beton(tmp_path / "n.beton", data, fields, page_size=1 << 14, num_workers=workers)
    assert one.read_bytes() == many.read_bytes()
    with ThreadPoolExecutor(2) as executor:
        write_beton(tmp_path / "e.beton", data, fields, page_size=1 << 14, executor=executor)
    assert one.read_bytes() == (tmp_path / "e.beton").read_bytes()


def test_indices_choose_and_order(tmp_path):
    path = write_beton(
        tmp_path / "a.beton", [(i,) for i in range(9)], {"n": IntField()}, indices=[7, 2, 2]
    )
    assert [row["n"] for row in BetonFile(path)] == [7, 2, 2]


class DyingPool(Executor):
    """An executor whose workers die."""

    def submit(self, *args, **kwargs):
        future = Future()
        future.set_exception(BrokenProcessPool("a process was terminated abruptly"))
        return future


def test_a_dead_worker_is_an_error_and_leaves_nothing(tmp_path):
    with pytest.raises(DataError, match="a worker died"):
        write_beton(tmp_path / "a.beton", [(1,)], {"n": IntField()}, executor=DyingPool())
    assert list(tmp_path.iterdir()) == []


def test_an_error_leaves_the_old_file(tmp_path):
    path = write_beton(tmp_path / "a.beton", [(1,)], {"n": IntField()})
    before = path.read_bytes()
    with pytest.raises(InputError, match="does not fit its field") as caught:
        write_beton(path, [(1,), ("one",)], {"n": IntField()})
    assert caught.value.index == 1
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.beton"]


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (np.zeros((4, 4), np.uint8), ImageField()),
        (np.zeros((4, 4, 3), np.float32), ImageField()),
        (np.zeros((0, 4, 3), np.uint8), ImageField()),
        (3.5, ImageField()),
        (np.zeros((2, 2), np.float32), ArrayField(np.dtype("f8"), (2, 2))),
        (np.zeros((2, 3)), ArrayField(np.dtype("f8"), (2, 2))),
        ({1, 2}, JSONField()),
        (2**63, IntField()),
        (None, BytesField()),
    ],
)
def test_values_that_do_not_fit(tmp_path, value, field):
    with pytest.raises(InputError):
        write_beton(tmp_path / "a.beton", [(value,)], {"v": field})


@pytest.mark.parametrize(
    "content", [b"text, not an image", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0" + b"\0" * 40, b""]
)
@pytest.mark.parametrize("mode", ["raw", "jpg"])
def test_what_is_no_image_is_named(tmp_path, content, mode):
    path = tmp_path / "x.jpg"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        write_beton(tmp_path / "a.beton", [(path,)], {"image": ImageField(mode)})
    assert str(path) in str(caught.value)


def test_cut_off_jpeg_is_named(tmp_path, picture):
    path = tmp_path / "x.jpg"
    path.write_bytes(_jpeg(picture(np.random.default_rng(0), 60, 60))[:-30])
    with pytest.raises(DataError) as caught:
        write_beton(tmp_path / "a.beton", [(path,)], {"image": ImageField("jpg")})
    assert str(path) in str(caught.value)


def test_a_sample_must_fit_a_page(tmp_path):
    with pytest.raises(InputError, match="does not fit a page") as caught:
        write_beton(
            tmp_path / "a.beton", [(b"1",), (b"2" * 5000,)], {"b": BytesField()}, page_size=SMALL
        )
    assert caught.value.index == 1


@pytest.mark.parametrize(
    "options",
    [
        {"page_size": 5000},
        {"page_size": 0},
        {"page_size": 1 << 32},
        {"fields": {}},
        {"fields": {"a name that is too long": IntField()}},
        {"fields": {"größe": IntField()}},
        {"fields": {"a": IntField(), "b": IntField()}},
    ],
)
def test_options_that_cannot_be(tmp_path, options):
    with pytest.raises(InputError):
        write_beton(tmp_path / "a.beton", [(1,)], **{"fields": {"n": IntField()}, **options})


@pytest.mark.parametrize(
    "options",
    [
        {"write_mode": "png"},
        {"jpeg_quality": 0},
        {"max_resolution": 0},
        {"compress_probability": 1.5},
    ],
)
def test_image_options_that_cannot_be(options):
    with pytest.raises(InputError):
        ImageField(**options)


class Unknown(IntField):
    type_id = 255


def test_custom_fields(tmp_path):
    path = write_beton(tmp_path / "a.beton", [(5,)], {"n": Unknown()})
    with pytest.raises(DataError, match="not known") as caught:
        BetonFile(path)
    assert "custom_fields" in str(caught.value)
    file = BetonFile(path, custom_fields={"n": Unknown()})
    assert file[0] == {"n": 5}
    assert pickle.loads(pickle.dumps(file))[0] == {"n": 5}


def test_asking_for_what_is_not_there(tmp_path):
    file = BetonFile(write_beton(tmp_path / "a.beton", [(5,)], {"n": IntField()}))
    assert file[-1] == {"n": 5}
    for index in (1, -2):
        with pytest.raises(IndexError):
            file[index]
    with pytest.raises(UnknownNameError):
        file.value("m", 0)
    assert file.stored("n", 0) is None
    with pytest.raises(NotFoundError):
        BetonFile(tmp_path / "b.beton")


def test_processes_write_too(tmp_path):
    with ProcessPoolExecutor(1) as executor:
        path = write_beton(tmp_path / "a.beton", [(1,), (2,)], {"n": IntField()}, executor=executor)
    assert [row["n"] for row in BetonFile(path)] == [1, 2]
