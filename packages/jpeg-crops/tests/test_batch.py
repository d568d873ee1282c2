"""What goes in and comes out of `crop_batch`, whichever engine makes the crops."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jpeg_crops
from jpeg_crops import CropError, crop_batch, image_sizes


def boxes_in(jpegs, seed=0):
    rng = np.random.default_rng(seed)
    sizes = image_sizes(jpegs)
    extents = (rng.uniform(0.3, 1, (len(jpegs), 2)) * sizes).astype(int)
    corners = (rng.uniform(0, 1, (len(jpegs), 2)) * (sizes - extents + 1)).astype(int)
    return np.concatenate([corners, extents], axis=1)


@settings(max_examples=30)
@given(data=st.data())
def test_equals_pillow(jpegs, reference, engine, data):
    which = data.draw(st.lists(st.integers(0, len(jpegs) - 1), max_size=4))
    images = [jpegs[i] for i in which]
    size = data.draw(st.tuples(st.integers(88, 140), st.integers(1, 140)))
    boxes, flips = [], []
    for height, width in image_sizes(images).tolist():
        box_height = data.draw(st.integers(1, height))
        box_width = data.draw(st.integers(1, width))
        top = data.draw(st.integers(0, height - box_height))
        left = data.draw(st.integers(0, width - box_width))
        boxes.append((top, left, box_height, box_width))
        flips.append(data.draw(st.booleans()))
    batch = crop_batch(images, boxes, size, flips=flips, engine=engine, threads=2)
    assert batch.shape == (len(images), *size, 3)
    for image, box, flip, crop in zip(images, boxes, flips, batch, strict=True):
        np.testing.assert_array_equal(crop, reference(image, box, size, flip))


def test_the_whole_image_at_its_own_size_is_the_image(jpegs, reference, engine):
    height, width = image_sizes(jpegs[:1])[0].tolist()
    batch = crop_batch(jpegs[:1], [(0, 0, height, width)], (height, width), engine=engine)
    np.testing.assert_array_equal(
        batch[0], reference(jpegs[0], (0, 0, height, width), (height, width))
    )


def test_fractions_of_a_pixel(jpegs, reference, engine):
    boxes = [(0.5, 10.25, 40.5, 50.125)] * len(jpegs)
    batch = crop_batch(jpegs, boxes, 32, engine=engine)
    for image, box, crop in zip(jpegs, boxes, batch, strict=True):
        np.testing.assert_array_equal(crop, reference(image, box, (32, 32)))


def test_a_box_may_miss_the_edge_by_a_rounding_error(jpegs, engine):
    height, width = image_sizes(jpegs[:1])[0].tolist()
    exact = crop_batch(jpegs[:1], [(0, 0, height, width)], 30, engine=engine)
    over = crop_batch(jpegs[:1], [(0, 0, height + 1e-9, width + 1e-9)], 30, engine=engine)
    np.testing.assert_array_equal(exact, over)


def test_every_way_to_give_an_image(jpegs, tmp_path, engine):
    boxes = boxes_in(jpegs)
    expected = crop_batch(jpegs, boxes, 24, engine=engine)
    joined = np.frombuffer(b"".join(jpegs), np.uint8)
    (tmp_path / "all").write_bytes(joined.tobytes())
    mapped = np.memmap(tmp_path / "all", np.uint8, "r")
    ends = np.cumsum([len(jpeg) for jpeg in jpegs])
    starts = ends - [len(jpeg) for jpeg in jpegs]
    paths = [tmp_path / f"bild ä {i}.JPEG" for i in range(len(jpegs))]
    for path, jpeg in zip(paths, jpegs, strict=True):
        path.write_bytes(jpeg)
    every_other = [np.repeat(np.frombuffer(jpeg, np.uint8), 2)[::2] for jpeg in jpegs]
    ways = [
        [mapped[a:b] for a, b in zip(starts, ends, strict=True)],
        [memoryview(joined)[a:b] for a, b in zip(starts, ends, strict=True)],
        [bytearray(jpeg) for jpeg in jpegs],
        every_other,
        paths,
        [str(path) for path in paths],
        [way[i % 2] for i, way in enumerate(zip(jpegs, paths, strict=True))],
    ]
    for images in ways:
        np.testing.assert_array_equal(crop_batch(images, boxes, 24, engine=engine), expected)


@pytest.mark.parametrize("threads", [1, 2, 5, None])
def test_the_number_of_threads_changes_nothing(jpegs, engine, threads):
    boxes = boxes_in(jpegs)
    np.testing.assert_array_equal(
        crop_batch(jpegs, boxes, 20, threads=threads, engine=engine),
        crop_batch(jpegs, boxes, 20, threads=1, engine=engine),
    )


def test_threads_run_at_the_same_time(jpegs, monkeypatch):
    met = threading.Barrier(2, timeout=20)
    crop = jpeg_crops.pillow.crop

    def meet(*args):
        met.wait()
        crop(*args)

    monkeypatch.setattr(jpeg_crops.pillow, "crop", meet)
    crop_batch(jpegs[:2], boxes_in(jpegs[:2]), 8, threads=2, engine="pillow")


def test_the_batch_goes_into_the_callers_memory(jpegs, engine):
    boxes = boxes_in(jpegs)
    memory = np.full((len(jpegs) + 2, 12, 10, 3), 7, np.uint8)
    assert crop_batch(jpegs, boxes, (12, 10), out=memory[1:-1], engine=engine).base is memory
    np.testing.assert_array_equal(memory[1:-1], crop_batch(jpegs, boxes, (12, 10), engine=engine))
    assert (memory[[0, -1]] == 7).all()


def test_no_images_make_an_empty_batch(engine):
    assert crop_batch([], [], 8, engine=engine).shape == (0, 8, 8, 3)


def test_errors_name_the_item_and_leave_the_others_done(jpegs, tmp_path, engine):
    boxes = boxes_in(jpegs)
    expected = crop_batch(jpegs, boxes, 8, engine=engine)
    broken = list(jpegs)
    broken[2] = tmp_path / "text.JPEG"
    broken[2].write_text("no image at all")
    broken[5] = jpegs[5][:-200]
    out = np.zeros((len(jpegs), 8, 8, 3), np.uint8)
    with pytest.raises(CropError) as caught:
        crop_batch(broken, boxes, 8, out=out, engine=engine)
    error = caught.value
    assert (error.index, error.path) == (2, str(broken[2]))
    assert [other.index for other in error.others] == [5]
    assert "begin with b'no image at all'" in str(error)
    assert "truncated" in str(error.others[0])
    done = [0, 1, 3, 4, 6, 7]
    np.testing.assert_array_equal(out[done], expected[done])


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ((0, 0, 91, 10), "leaves the image"),
        ((81, 0, 10, 10), "leaves the image"),
        ((0, 241, 10, 10), "leaves the image"),
        ((-1, 0, 10, 10), "leaves the image"),
        ((0, 0, 0, 10), "empty"),
        ((0, float("nan"), 10, 10), "empty or leaves"),
        ((0, 0, 10, float("inf")), "empty or leaves"),
    ],
)
def test_a_box_outside_the_image_is_an_error(jpegs, engine, box, message):
    with pytest.raises(CropError, match=message) as caught:
        crop_batch(jpegs[:2], [box, (0, 0, 10, 10)], 8, engine=engine)
    assert caught.value.index == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"boxes": [(0, 0, 8, 8)]}, "no such boxes"),
        ({"boxes": [("a", 0, 8, 8)] * 2}, "no such boxes"),
        ({"size": 0}, "no such size"),
        ({"size": (8, 8, 8)}, "no such size"),
        ({"size": 8.5}, "no such size"),
        ({"flips": [True]}, "no such flips"),
        ({"flips": ["left", "right"]}, "no such flips"),
        ({"threads": 0}, "no threads"),
        ({"engine": "opencv"}, "unknown engine"),
        ({"out": [0]}, "does not fit"),
        ({"out": np.zeros((2, 8, 8, 3), np.float32)}, "does not fit"),
        ({"out": np.zeros((2, 8, 8, 6), np.uint8)[..., ::2]}, "does not fit"),
        ({"out": np.zeros((2, 3, 8, 8), np.uint8)}, "does not fit"),
        ({"out": np.frombuffer(bytes(384), np.uint8).reshape(2, 8, 8, 3)}, "does not fit"),
    ],
)
def test_a_wrong_call_is_one_clear_error(jpegs, change, message):
    call = {"images": jpegs[:2], "boxes": [(0, 0, 8, 8)] * 2, "size": 8, **change}
    with pytest.raises(CropError, match=message):
        crop_batch(call.pop("images"), call.pop("boxes"), call.pop("size"), **call)
