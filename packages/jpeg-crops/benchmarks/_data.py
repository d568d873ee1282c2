"""The photographs that all contenders read: real ones, or made where there are none."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[3]


def arguments(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    default = Path(os.environ.get("NEUROAI_REAL_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument(
        "--data", type=Path, default=default / "imagenet-sample" / "train", help="class/*.JPEG"
    )
    parser.add_argument("--made", type=int, default=0, help="make so many instead, and read them")
    parser.add_argument("--work", type=Path, default=Path("build/bench-jpeg-crops"))
    return parser


def photographs(options: argparse.Namespace) -> list[Path]:
    """The files to read; made ones are 500 x 375, with the statistics of photographs."""
    if options.made:
        return _made(options.work / "made", options.made)
    found = sorted(options.data.glob("*/*.JPEG"))
    if not found:
        raise SystemExit(f"there is no <class>/*.JPEG in {options.data}: give --data, or --made N")
    return found


def _made(folder: Path, count: int) -> list[Path]:
    (folder / "made").mkdir(parents=True, exist_ok=True)
    for seed in range(count):
        path = folder / "made" / f"{seed:03}.JPEG"
        if not path.exists():
            Image.fromarray(_cloud(375, 500, seed)).save(path, quality=93)
    return sorted(folder.glob("*/*.JPEG"))[:count]


def _cloud(height: int, width: int, seed: int) -> np.ndarray:
    """Noise whose amplitude falls with frequency, as in photographs."""
    rng = np.random.default_rng(seed)
    y, x = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)
    fall = 1 / np.maximum(np.hypot(x, y), 1 / width) ** 1.1
    noise = rng.normal(size=(3, height, width))
    noise[1:] = 0.3 * noise[1:] + noise[0]  # colours go together
    cloud = np.fft.ifft2(np.fft.fft2(noise) * fall).real
    cloud = 128 + 50 * (cloud - cloud.mean()) / cloud.std()
    return np.moveaxis(cloud, 0, -1).clip(0, 255).astype(np.uint8)


def versions(*names: str) -> dict[str, str]:
    """The installed versions, of those that are installed."""
    found = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def random_boxes(sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """RandomResizedCrop's boxes (area 8 % to 100 %, ratio 3/4 to 4/3), all at once; (n, 4)."""
    n, tries = len(sizes), 10
    area = sizes.prod(axis=1)[:, None] * rng.uniform(0.08, 1, (n, tries))
    ratio = np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3), (n, tries)))
    extents = np.sqrt(np.stack([area / ratio, area * ratio], -1)).round().astype(int)
    fits = (extents <= sizes[:, None]).all(-1) & (extents > 0).all(-1)
    shorter = np.repeat(sizes.min(axis=1)[:, None], 2, axis=1)
    first = extents[np.arange(n), fits.argmax(axis=1)]
    chosen = np.where(fits.any(axis=1)[:, None], first, shorter)
    corners = (rng.uniform(0, 1, (n, 2)) * (sizes - chosen + 1)).astype(int)
    return np.concatenate([corners, chosen], axis=1)
