"""Every kind of image, read by either engine as Pillow reads it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from jpeg_crops import CropError, crop_batch, image_size

BOX, SIZE = (3, 5, 40, 50), (30, 20)


@pytest.fixture
def crop(engine):
    return lambda image, box=BOX, size=SIZE: crop_batch([image], [box], size, engine=engine)[0]


@pytest.fixture(scope="module")
def pixels():
    rng = np.random.default_rng(3)
    return rng.integers(0, 256, (60, 80, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    ("mode", "kind", "options"),
    [
        ("RGB", "JPEG", {"progressive": True}),
        ("RGB", "JPEG", {"optimize": True, "subsampling": "4:1:1"}),
        ("L", "JPEG", {}),
        ("CMYK", "JPEG", {}),
        ("RGB", "PNG", {}),
        ("L", "PNG", {}),
        ("1", "PNG", {}),
        ("P", "PNG", {}),
        ("P", "GIF", {}),
        ("RGB", "BMP", {}),
        ("RGB", "WEBP", {"lossless": True}),
    ],
)
def test_converts_as_pillow(crop, pixels, encode, reference, mode, kind, options):
    image = encode(Image.fromarray(pixels).convert(mode), kind, **options)
    np.testing.assert_array_equal(crop(image), reference(image, BOX, SIZE))


def test_ycck(crop, pixels, encode, reference):
    # Pillow writes CMYK with Adobe's marker; another transform in it makes the same
    # numbers luminance, chrominance and black.
    image = bytearray(encode(Image.fromarray(pixels).convert("CMYK")))
    transform = image.index(b"Adobe") + 11
    image[transform] = 2
    np.testing.assert_array_equal(crop(bytes(image)), reference(bytes(image), BOX, SIZE))
    image[transform] = 0
    cmyk = crop(bytes(image))
    image[transform] = 2
    assert np.abs(crop(bytes(image)).astype(int) - cmyk).mean() > 20


def test_transparency_shows_the_stored_colour(crop, encode):
    picture = Image.new("P", (80, 60), 1)
    picture.putpalette([1, 2, 3, 200, 100, 50])
    for transparency in (b"\x10\x20", 1):
        image = encode(picture, "PNG", transparency=transparency)
        assert (crop(image) == [200, 100, 50]).all()
    assert (crop(encode(Image.new("RGBA", (80, 60), (9, 8, 7, 0)), "PNG")) == [9, 8, 7]).all()
    assert (crop(encode(Image.new("LA", (80, 60), (9, 0)), "PNG")) == 9).all()
    assert (crop(encode(Image.new("L", (80, 60), 9), "PNG", transparency=9)) == 9).all()
    clear = encode(Image.new("RGB", (80, 60), (9, 8, 7)), "PNG", transparency=(9, 8, 7))
    assert (crop(clear) == [9, 8, 7]).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_of_grey_keep_the_high_byte(crop, encode, reference, kind):
    grey = np.random.default_rng(1).integers(0, 65536, (60, 80)).astype(np.uint16)
    high = encode((grey >> 8).astype(np.uint8), "PNG")
    np.testing.assert_array_equal(crop(encode(grey, kind)), reference(high, BOX, SIZE))


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_numbers_without_black_and_white_are_an_error(crop, encode, kind):
    image = encode(np.ones((60, 80), kind), "TIFF")
    with pytest.raises(CropError, match="no fixed black and white"):
        crop(image)


def test_orientation_is_not_applied(crop, pixels, encode, reference):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    turned = encode(pixels, exif=exif)
    plain = encode(pixels)
    assert image_size(turned) == (60, 80)
    np.testing.assert_array_equal(crop(turned), reference(plain, BOX, SIZE))


@pytest.mark.parametrize(
    "damage", ["cut", "cut at the last byte but two", "empty", "text", "header"]
)
def test_damage_is_an_error(crop, pixels, encode, damage, tmp_path):
    image = encode(pixels)
    broken = {
        "cut": image[: len(image) // 2],
        "cut at the last byte but two": image[:-3],
        "empty": b"",
        "text": b"<html>404</html>",
        "header": image[:100],
    }[damage]
    (tmp_path / "broken.JPEG").write_bytes(broken)
    for given in (broken, tmp_path / "broken.JPEG"):
        with pytest.raises(CropError) as caught:
            crop(given)
        assert caught.value.index == 0
    assert caught.value.path == str(tmp_path / "broken.JPEG")


def test_a_missing_file_is_an_error(crop, tmp_path):
    with pytest.raises(CropError, match="FileNotFoundError"):
        crop(tmp_path / "none.JPEG")
    with pytest.raises(CropError, match=r"none\.JPEG"):
        image_size(tmp_path / "none.JPEG")


EXIF = {
    "cut": b"II*\0\x08\0\0\0\x05\0",
    "an offset beyond the end": b"MM\0*\xff\xff\xff\xff",
    "a value beyond the end": b"II*\0\x08\0\0\0\x01\0\x1a\x01\x05\0\x01\0\0\0\xff\xff\0\0",
    "junk": b"junkjunkjunk",
}


@pytest.mark.parametrize("exif", EXIF.values(), ids=EXIF)
def test_damaged_exif_does_no_harm(crop, pixels, encode, exif):
    image = encode(pixels)
    segment = b"Exif\0\0" + exif
    length = (len(segment) + 2).to_bytes(2, "big")
    damaged = image[:2] + b"\xff\xe1" + length + segment + image[2:]
    assert image_size(damaged) == (60, 80)
    np.testing.assert_array_equal(crop(damaged), crop(image))
    damaged = image[:20] + b"\xff\xe1" + length + segment + image[20:]
    np.testing.assert_array_equal(crop(damaged), crop(image))


def test_many_pictures_in_one_file_give_the_first(crop, pixels, encode, reference):
    others = [Image.fromarray(pixels[::-1])]
    image = encode(pixels, "MPO", save_all=True, append_images=others, exif=Image.Exif().tobytes())
    np.testing.assert_array_equal(crop(image), reference(encode(pixels), BOX, SIZE))


@pytest.mark.parametrize("image", [None, 3, np.zeros((2, 2), np.uint8), np.zeros(4, np.float32)])
def test_what_is_no_image_at_all_is_an_error(crop, image):
    with pytest.raises(CropError, match="no encoded image"):
        crop(image)


def test_an_absurd_size_in_the_header_is_an_error(crop, encode, pixels):
    image = bytearray(encode(pixels))
    frame = image.index(b"\xff\xc0")
    image[frame + 5 : frame + 9] = b"\xff\xff\xff\xff"
    assert Image.open(io.BytesIO(encode(pixels))).size == (80, 60)
    with pytest.raises(CropError, match="DecompressionBomb"):
        crop(bytes(image))
