"""Images that the tests share, and the plain way to crop them."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from jpeg_crops import engine_info, native_available


def photograph(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Pixels with smooth parts, edges and some noise, (height, width, 3) uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / 40
    waves = [np.sin(x * a + y * b + c) for a, b, c in rng.uniform(0.2, 3, (3, 3))]
    edges = (np.hypot(x - 2, y - 2) < 1.5)[..., None] * rng.integers(-60, 60, 3)
    noisy = 128 + 80 * np.stack(waves, -1) + edges + rng.normal(0, 6, (height, width, 3))
    return noisy.clip(0, 255).astype(np.uint8)


def encode(pixels: np.ndarray | Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def reference(
    image: bytes, box: tuple[float, ...], size: tuple[int, int], flip: bool = False
) -> np.ndarray:
    """Crop one image by the words of the contract."""
    top, left, height, width = box
    corners = (left, top, left + width, top + height)
    picture = Image.open(io.BytesIO(image)).convert("RGB")
    crop = np.asarray(picture.resize(size[::-1], Image.Resampling.BILINEAR, corners))
    return crop[:, ::-1] if flip else crop


@pytest.fixture(scope="session", name="photograph")
def _photograph() -> Callable[..., np.ndarray]:
    return photograph


@pytest.fixture(scope="session", name="encode")
def _encode() -> Callable[..., bytes]:
    return encode


@pytest.fixture(scope="session", name="reference")
def _reference() -> Callable[..., np.ndarray]:
    return reference


@pytest.fixture(scope="session")
def jpegs() -> list[bytes]:
    """Eight ordinary photographs of different sizes, subsampling and quality."""
    kinds = [
        (420, 85),
        (444, 95),
        (422, 75),
        (420, 60),
        (420, 100),
        (444, 30),
        (422, 92),
        (420, 90),
    ]
    names = {420: "4:2:0", 422: "4:2:2", 444: "4:4:4"}
    return [
        encode(photograph(90 + 37 * i, 250 - 21 * i, i), quality=quality, subsampling=names[kind])
        for i, (kind, quality) in enumerate(kinds)
    ]


@pytest.fixture(scope="session")
def native() -> None:
    """Skip what needs the compiled engine; where CI is set it must be there."""
    if native_available():
        return
    if os.environ.get("CI") and os.environ.get("JPEG_CROPS_NATIVE") != "off":
        pytest.fail(f"the native engine must be there in CI: {engine_info().reason}")
    pytest.skip(f"the native engine is not there: {engine_info().reason}")


@pytest.fixture(scope="session", params=["pillow", "native"])
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn."""
    if request.param == "native":
        request.getfixturevalue("native")
    return str(request.param)
