"""How near the crops are to Pillow's: the same boxes through each way to decode and resize.

Pillow is what models are trained and published with, so it is the reference: median and
least PSNR in dB over the crops ("same" where all bytes are), and the share of crops that
are the same byte for byte::

    python benchmarks/quality.py --sizes 112 160 224 288
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from _data import arguments, photographs, random_boxes, versions

from jpeg_crops import crop_batch, image_sizes

Crop = Callable[[Path, tuple[int, int, int, int], int], np.ndarray]


def native(path: Path, box: tuple[int, int, int, int], size: int) -> np.ndarray:
    return crop_batch([path], [box], size, engine="native")[0]


def opencv(interpolation: str) -> Crop:
    import cv2

    def crop(path: Path, box: tuple[int, int, int, int], size: int) -> np.ndarray:
        top, left, height, width = box
        part = cv2.imread(str(path))[top : top + height, left : left + width]
        return cv2.resize(part, (size, size), interpolation=getattr(cv2, interpolation))[..., ::-1]

    return crop


def torchvision_io() -> Crop:
    from torchvision.io import ImageReadMode, decode_image, read_file
    from torchvision.transforms.v2.functional import resized_crop

    def crop(path: Path, box: tuple[int, int, int, int], size: int) -> np.ndarray:
        image = decode_image(read_file(str(path)), ImageReadMode.RGB)
        return resized_crop(image, *box, [size, size], antialias=True).permute(1, 2, 0).numpy()

    return crop


def ffcv() -> Crop:
    from ffcv.libffcv import imdecode, resize_crop

    def crop(path: Path, box: tuple[int, int, int, int], size: int) -> np.ndarray:
        data = np.fromfile(path, np.uint8)
        height, width = image_sizes([data])[0].tolist()
        whole = np.empty((height, width, 3), np.uint8)
        imdecode(data, whole, height, width, height, width, 0, 0, 1, 1, False, False)
        out = np.empty((size, size, 3), np.uint8)
        top, left, box_height, box_width = box
        resize_crop(whole, top, top + box_height, left, left + box_width, out)
        return out

    return crop


WAYS: dict[str, Callable[[], Crop]] = {
    "jpeg-crops": lambda: native,
    "torchvision.io, antialias": torchvision_io,
    "OpenCV area": lambda: opencv("INTER_AREA"),
    "OpenCV linear": lambda: opencv("INTER_LINEAR"),
    "FFCV": ffcv,
}


def psnr(crop: np.ndarray, reference: np.ndarray) -> float:
    error = ((crop.astype(float) - reference) ** 2).mean()
    return float(10 * np.log10(255**2 / error)) if error else np.inf


def shown(value: float) -> str:
    return "same" if np.isinf(value) else f"{value:.1f}"


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=[112, 160, 224, 288])
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    files = photographs(options)
    rng = np.random.default_rng(0)
    boxes = [tuple(box) for box in random_boxes(image_sizes(files), rng).tolist()]
    known = versions("jpeg-crops", "Pillow", "torchvision", "opencv-python-headless", "ffcv")
    print(f"{len(files)} crops a size;", ", ".join(f"{k} {v}" for k, v in known.items()))
    print("| way | size | median dB | least dB | same bytes |")
    print("| --- | --- | --- | --- | --- |")
    results = []
    for size in options.sizes:
        references = crop_batch(files, boxes, size, engine="pillow")
        for name, make in WAYS.items():
            try:
                crop = make()
            except ImportError:
                print(f"| {name} | {size} | not installed | | |")
                continue
            made = zip(files, boxes, references, strict=True)
            found = [psnr(crop(file, box, size), reference) for file, box, reference in made]
            middle, least, same = np.median(found), min(found), np.isinf(found).mean()
            print(f"| {name} | {size} | {shown(middle)} | {shown(least)} | {same:.0%} |")
            results.append({"way": name, "size": size, "median": middle, "least": least})
    (options.work / "quality.json").write_text(json.dumps({"versions": known, "psnr": results}))


if __name__ == "__main__":
    main()
