"""The compiled engine: the same bytes as Pillow, and nothing taken that it does not know."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jpeg_crops import CropError, batch, crop_batch, engine_info, image_size, image_sizes
from jpeg_crops import native as compiled

pytestmark = pytest.mark.usefixtures("native")


def crops(images, boxes, size, flips=None, kernels=None, threads=1):
    """What the library alone makes, and the positions that it leaves."""
    items = compiled.Items(images)
    out = np.zeros((len(images), *size, 3), np.uint8)
    corners = batch._corners(np.asarray(boxes, float).reshape(-1, 4))
    flips = np.zeros(len(images), bool) if flips is None else np.asarray(flips)
    items.crop(corners, flips, out, threads, kernels)
    return out, items.left


def status(image, box=(0, 0, 8, 8), size=(8, 8)):
    items = compiled.Items([image])
    corners = batch._corners(np.asarray([box], float))
    items.crop(corners, np.zeros(1, bool), np.zeros((1, *size, 3), np.uint8), 1)
    return compiled.STATUSES[items.table["status"][0]]


@st.composite
def boxes_within(draw, height, width, fractions=False):
    """A box in an image of this size."""
    number = st.floats if fractions else st.integers
    least = 0.25 if fractions else 1
    box_height = draw(number(least, height))
    box_width = draw(number(least, width))
    return (
        draw(number(0, height - box_height)),
        draw(number(0, width - box_width)),
        box_height,
        box_width,
    )


SAMPLINGS = ["4:4:4", "4:2:2", "4:2:0"]


@settings(max_examples=150)
@given(data=st.data(), fractions=st.booleans(), flip=st.booleans())
def test_equals_pillow_bit_for_bit(photograph, encode, reference, data, fractions, flip):
    height, width = data.draw(st.integers(1, 200)), data.draw(st.integers(1, 200))
    pixels = photograph(height, width, seed=height * width)
    options = {
        "quality": data.draw(st.integers(5, 100)),
        "subsampling": data.draw(st.sampled_from(SAMPLINGS)),
        "optimize": data.draw(st.booleans()),
        "restart_marker_blocks": data.draw(st.sampled_from([0, 1, 5])),
    }
    if data.draw(st.booleans()):
        pixels, _ = pixels[..., 0], options.pop("subsampling")
    image = encode(pixels, **options)
    box = data.draw(boxes_within(height, width, fractions))
    # At least so large that libjpeg is not asked to scale.
    least = int(min(box[2:]) // 4) + 1
    size = data.draw(st.tuples(st.integers(least, 150), st.integers(1, 150)))
    if box[3] < box[2]:
        size = size[::-1]
    out, left = crops([image], [box], size, [flip])
    assert left == []
    np.testing.assert_array_equal(out[0], reference(image, box, size, flip))


@pytest.mark.parametrize("restarts", [0, 1, 7])
@pytest.mark.parametrize("quality", [30, 100])
def test_blocks_that_are_full_to_the_last_coefficient(encode, reference, quality, restarts):
    # Noise: no block ends before its last coefficient, so codes of one block are looked up
    # together with those of the next.
    pixels = np.random.default_rng(quality).integers(0, 256, (90, 110, 3)).astype(np.uint8)
    image = encode(
        pixels, quality=quality, subsampling="4:4:4", restart_marker_blocks=restarts, optimize=True
    )
    for box in [(0, 0, 90, 110), (37, 41, 20, 30), (70, 1, 20, 9)]:
        out, left = crops([image], [box], (30, 40))
        assert left == []
        np.testing.assert_array_equal(out[0], reference(image, box, (30, 40)))


@pytest.mark.parametrize("table", [0x00, 0x10, 0x01, 0x11])
def test_a_table_without_codes_is_left_to_pillow(encode, photograph, table):
    image = encode(photograph(40, 40))
    at = image.index(bytes([0xFF, 0xC4]))
    while image[at + 4] != table:
        at = image.index(bytes([0xFF, 0xC4]), at + 2)
    end = at + 2 + int.from_bytes(image[at + 2 : at + 4], "big")
    empty = image[:at] + bytes([0xFF, 0xC4, 0, 19, table]) + bytes(16) + image[end:]
    assert status(empty) == "damaged"


@pytest.mark.parametrize("sampling", ["4:4:4", "4:2:2", "4:2:0", "4:4:0"])
def test_every_place_of_the_region_is_decoded_as_in_the_whole(photograph, encode, sampling):
    # Rows and columns are cut at block edges, where colours are interpolated.
    pixels = photograph(70, 83)
    if sampling == "4:4:0":  # a turned 4:2:2
        image = swapped_sampling(encode(pixels, subsampling="4:2:2"))
        height, width = image_size(image)
    else:
        image, (height, width) = encode(pixels, subsampling=sampling), (70, 83)
    whole, _ = crops([image], [(0, 0, height, width)], (height, width))
    np.testing.assert_array_equal(whole[0], np.asarray(Image.open(io.BytesIO(image))))
    for top in range(height - 9):
        left = (top * 7) % (width - 11)
        out, remaining = crops([image], [(top, left, 9, 11)], (9, 11))
        assert remaining == []
        np.testing.assert_array_equal(out[0], whole[0, top : top + 9, left : left + 11])


def swapped_sampling(image):
    """Say 1 x 2 where the header says 2 x 1; the same blocks make another picture."""
    image = bytearray(image)
    frame = image.index(b"\xff\xc0")
    assert image[frame + 11] == 0x21
    image[frame + 11] = 0x12
    # As many units in each direction: 70 x 83 has 9 x 6 of 8 x 16, so 48 to 144 pixels.
    image[frame + 5 : frame + 9] = (144).to_bytes(2, "big") + (48).to_bytes(2, "big")
    return bytes(image)


@settings(max_examples=60)
@given(data=st.data())
def test_all_kernels_make_the_same_bytes(photograph, encode, data):
    height, width = data.draw(st.integers(1, 150)), data.draw(st.integers(1, 150))
    image = encode(photograph(height, width, seed=height + width))
    size = data.draw(st.tuples(st.integers(1, 90), st.integers(1, 90)))
    box, flip = data.draw(boxes_within(height, width)), [data.draw(st.booleans())]
    first, *others = engine_info().kernels
    assert others[-1:] == ["scalar"] or first == "scalar"
    expected, _ = crops([image], [box], size, flip, first)
    for kernels in others:
        np.testing.assert_array_equal(crops([image], [box], size, flip, kernels)[0], expected)


def test_extreme_ratios(encode, reference):
    rng = np.random.default_rng(0)
    for height, width in [(1, 1), (1, 3000), (3000, 1), (2, 2500), (2500, 3)]:
        image = encode(rng.integers(0, 256, (height, width, 3)).astype(np.uint8))
        box = (0, 0, height, width)
        for size in [(1, 1), (1, 600), (600, 1), (300, 7)]:
            if min(height / size[0], width / size[1]) >= 4:
                continue  # scaled by libjpeg
            out, left = crops([image], [box], size)
            assert left == []
            np.testing.assert_array_equal(out[0], reference(image, box, size))


def test_white_stays_white_however_many_pixels_are_weighed(encode):
    image = encode(np.full((1, 60000, 3), 255, np.uint8))
    for kernels in engine_info().kernels:
        out, _ = crops([image], [(0, 0, 1, 60000)], (1, 1), kernels=kernels)
        assert out.tolist() == [[[[255, 255, 255]]]]


@settings(max_examples=20)
@given(shrink=st.sampled_from([4, 5, 8, 9, 16, 17, 40]), seed=st.integers(0, 99))
def test_crops_scaled_by_libjpeg_are_near(photograph, encode, reference, shrink, seed):
    pixels = photograph(16 * shrink + seed % 7, 20 * shrink + seed % 5, seed)
    image = encode(pixels, quality=90)
    box = (seed % 7, seed % 5, 16 * shrink, 20 * shrink)
    out, left = crops([image], [box], (16, 20))
    assert left == []
    error = out[0].astype(float) - reference(image, box, (16, 20))
    assert abs(error.mean()) < 0.5  # no shift in brightness
    assert 10 * np.log10(255**2 / (error**2).mean()) > 40
    # Nor in place: a pixel further off is worse.
    further = out[0, :, 1:].astype(float) - reference(image, box, (16, 20))[:, :-1]
    assert (further**2).mean() > 2 * (error**2).mean()


def test_many_images_on_many_threads(jpegs, reference):
    rng = np.random.default_rng(5)
    images = [jpegs[i] for i in rng.integers(0, len(jpegs), 100)]
    boxes = [(3, 5, 60, 70)] * 100
    flips = rng.random(100) < 0.5
    out, left = crops(images, boxes, (40, 50), flips, threads=7)
    assert left == []
    for image, flip, crop in zip(images, flips, out, strict=True):
        np.testing.assert_array_equal(crop, reference(image, (3, 5, 60, 70), (40, 50), flip))


def test_ordinary_images_are_taken_and_others_left(photograph, encode, tmp_path, jpegs):
    pixels = photograph(64, 64)
    cmyk = encode(Image.fromarray(pixels).convert("CMYK"))
    assert {status(jpeg) for jpeg in jpegs} == {"done"}
    assert status(encode(pixels[..., 0])) == "done"
    assert status(encode(pixels, "PNG")) == "unusual"
    assert status(encode(pixels, progressive=True)) == "unusual"
    assert status(cmyk) == "unusual"
    assert status(b"") == "unusual"
    assert status(b"\xff\xd8") == "unusual"
    assert status(tmp_path / "none.JPEG") == "unreadable"
    assert status(tmp_path) == "unreadable"
    assert status("nul\0in its name") == "unusual"
    assert status(jpegs[0][:-3]) == "damaged"
    assert status(jpegs[0][:300]) == "damaged"
    assert status(jpegs[0], box=(0, 0, 5000, 8)) == "box outside"
    assert status(None) == "unusual"


def edited_frame(image, **change):
    """Change the header of the frame: precision, height, width, kind."""
    image = bytearray(image)
    frame = image.index(b"\xff\xc0")
    if "kind" in change:
        image[frame + 1] = change["kind"]
    if "precision" in change:
        image[frame + 4] = change["precision"]
    for name, at in (("height", 5), ("width", 7)):
        if name in change:
            image[frame + at : frame + at + 2] = change[name].to_bytes(2, "big")
    return bytes(image)


def test_kinds_that_libjpeg_does_not_decode_here(jpegs):
    for change in [
        {"precision": 12},
        {"kind": 0xC9},
        {"kind": 0xC3},
        {"kind": 0xC1, "precision": 12},
    ]:
        image = edited_frame(jpegs[0], **change)
        assert status(image) in ("unusual", "damaged")
        assert outcome(image, "native") == outcome(image, "pillow")


def outcome(image, engine, box=(0, 0, 8, 8)):
    """The crop, or the words of the error."""
    try:
        return crop_batch([image], [box], 8, engine=engine).tolist()
    except CropError as error:
        return str(error)


def test_a_claimed_size_costs_nothing(jpegs, monkeypatch):
    image = edited_frame(jpegs[0], height=65500, width=65500)
    assert image_size(image) == (65500, 65500)
    assert status(image) == "too large"
    with pytest.raises(CropError, match="DecompressionBomb"):
        crop_batch([image], [(0, 0, 8, 8)], 8, engine="native")
    small = edited_frame(jpegs[0], height=9000, width=9000)  # below the limit, but no data
    assert status(small, box=(8000, 8000, 100, 100)) == "damaged"
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert status(image, box=(65000, 65000, 100, 100)) == "damaged"
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert status(jpegs[0]) == "too large"


def test_damage_inside_goes_to_pillow(jpegs):
    # A marker in the middle of the data, where libjpeg warns: Pillow knows no warnings.
    image = bytearray(jpegs[5])
    middle = len(image) * 2 // 3
    image[middle : middle + 2] = b"\xff\xd9"
    height, width = image_size(bytes(image))
    whole = (0, 0, height, width)
    assert status(bytes(image), whole, (height // 2, width // 2)) == "damaged"
    assert outcome(bytes(image), "native", whole) == outcome(bytes(image), "pillow", whole)


@settings(max_examples=150)
@given(data=st.data())
def test_damage_never_makes_another_picture_than_pillow(jpegs, data):
    image = bytearray(jpegs[data.draw(st.integers(0, 3))])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(image) - 1))
        image[at] = data.draw(st.integers(0, 255))
    box = (3, 5, 70, 90)
    out, left = crops([bytes(image)], [box], (40, 50))
    if not left:
        try:
            expected = crop_batch([bytes(image)], [box], (40, 50), engine="pillow")
        except CropError:
            return  # damage that the crop does not touch
        np.testing.assert_array_equal(out, expected)


def corpus():
    """Damaged files that a fuzzer kept (campaigns/fuzz.py), without its bytes of choices."""
    with zipfile.ZipFile(Path(__file__).parent / "corpus.zip") as files:
        return [files.read(name)[12:] for name in files.namelist()]


def test_the_files_of_the_fuzzer():
    images, taken = corpus(), 0
    assert len(images) > 200
    for image in images:
        try:
            height, width = image_size(image)
        except CropError:
            height, width = 16, 16
        size = (max(1, min(height // 3, 60)), max(1, min(width // 3, 60)))
        box = (height / 8, width / 8, min(height / 2, 3 * size[0]), min(width / 2, 3 * size[1]))
        out, left = crops([image], [box], size)
        for kernels in engine_info().kernels[1:]:
            again, left_again = crops([image], [box], size, kernels=kernels)
            assert left_again == left
            assert left or (again == out).all()
        taken += not left
        if not left:
            try:
                expected = crop_batch([image], [box], size, engine="pillow")
            except CropError:
                continue  # damage that the crop does not touch
            np.testing.assert_array_equal(out, expected)
    assert taken > 10


def test_sizes_come_from_headers_of_any_length(jpegs, encode, photograph, tmp_path):
    profile = np.random.default_rng(0).integers(0, 200, 200_000).astype(np.uint8).tobytes()
    image = encode(photograph(31, 47), icc_profile=profile)
    assert image.index(b"\xff\xc0") > 100_000
    (tmp_path / "profile.JPEG").write_bytes(image)
    items = compiled.Items(
        [image, tmp_path / "profile.JPEG", *jpegs, encode(photograph(9, 8), "PNG")]
    )
    sizes = items.read_sizes(threads=2)
    assert items.left == [len(jpegs) + 2]
    np.testing.assert_array_equal(sizes[:2], [[31, 47]] * 2)
    np.testing.assert_array_equal(sizes[2:-1], image_sizes(jpegs))


def test_there_is_no_such_set_of_kernels(jpegs):
    with pytest.raises(RuntimeError, match="no kernels 'mmx'"):
        crops(jpegs[:1], [(0, 0, 8, 8)], (8, 8), kernels="mmx")


@pytest.mark.realdata
def test_real_photographs_equal_pillow(real_data, reference):
    paths = sorted((real_data / "imagenet-sample" / "train").glob("*/*.JPEG"))[::4]
    rng = np.random.default_rng(2)
    sizes = image_sizes(paths)
    extents = (rng.uniform(0.3, 1, sizes.shape) * sizes).astype(int)
    corners = (rng.uniform(0, 1, sizes.shape) * (sizes - extents + 1)).astype(int)
    boxes = np.concatenate([corners, np.minimum(extents, 4 * 224 - 1)], axis=1)  # not scaled
    flips = rng.random(len(paths)) < 0.5
    out, left = crops(paths, boxes, (224, 224), flips, threads=2)
    assert left == []
    for path, box, flip, crop in zip(paths, boxes.tolist(), flips, out, strict=True):
        expected = reference(path.read_bytes(), tuple(box), (224, 224), flip)
        np.testing.assert_array_equal(crop, expected)
