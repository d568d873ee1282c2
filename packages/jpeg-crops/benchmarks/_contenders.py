"""Each contender makes a function that delivers one epoch and returns its number of images."""

from __future__ import annotations

import argparse
import collections
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from _data import random_boxes
from PIL import Image

from jpeg_crops import crop_batch, image_sizes

BATCH = 64
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def repeated(files: list[Path], count: int) -> list[Path]:
    return [files[i % len(files)] for i in range(count)]


# --- jpeg-crops


def jpeg_crops(
    options: argparse.Namespace, images: list, engine: str = "auto", each: Callable | None = None
) -> Callable:
    """Call `each`, if there is one, with each batch."""
    rng = np.random.default_rng(0)
    out = np.empty((BATCH, options.size, options.size, 3), np.uint8)

    def epoch() -> int:
        order = rng.permutation(len(images))
        for start in range(0, len(order), BATCH):
            chosen = [images[i] for i in order[start : start + BATCH]]
            boxes = random_boxes(image_sizes(chosen, threads=options.workers), rng)
            flips = rng.random(len(chosen)) < 0.5
            crop_batch(
                chosen,
                boxes,
                options.size,
                flips=flips,
                out=out[: len(chosen)],
                threads=options.workers,
                engine=engine,
            )
            if each:
                each(out[: len(chosen)])
        return len(order)

    return epoch


def ours_folder(options: argparse.Namespace) -> Callable:
    return jpeg_crops(options, options.files, "native")


def ours_pillow(options: argparse.Namespace) -> Callable:
    return jpeg_crops(options, options.files, "pillow")


def ours_folder_float(options: argparse.Namespace) -> Callable:
    """Float32 and normalised on the CPU, as the DataLoader has it."""
    return jpeg_crops(options, options.files, "native", each=normaliser(options))


def normaliser(options: argparse.Namespace) -> Callable:
    """Normalise a batch, image by image in the cache, on as many threads."""
    row = 3 * options.size
    scale, shift = (np.tile(v, options.size).astype("f") for v in (1 / (255 * STD), -MEAN / STD))
    batch = np.empty((BATCH, options.size, row), np.float32)
    pool = ThreadPoolExecutor(options.workers)

    def one(pair: tuple[np.ndarray, np.ndarray]) -> None:
        pixels, target = pair
        target[:] = pixels
        target *= scale
        target += shift

    def whole(crops: np.ndarray) -> None:
        pixels = crops.reshape(-1, options.size, row)
        collections.deque(pool.map(one, zip(pixels, batch, strict=False)), maxlen=0)

    return whole


def ours_beton(options: argparse.Namespace, **how) -> Callable:
    """The JPEGs inside FFCV's file, where its allocation table says, from a memory map."""
    from ffcv.reader import Reader

    path = beton(options, **how)
    reader = Reader(path)
    sizes = dict(zip(*(reader.alloc_table[k].tolist() for k in ("ptr", "size")), strict=True))
    mapped = np.memmap(path, np.uint8, "r")
    starts = reader.metadata["f0"]["data_ptr"].tolist()
    return jpeg_crops(options, [mapped[at : at + sizes[at]] for at in starts], "native")


# --- torchvision and OpenCV in a DataLoader


def data_loader(
    options: argparse.Namespace, read: Callable, collate: Callable | None = None
) -> Callable:
    import torch

    class Files(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return len(options.files)

        def __getitem__(self, index: int):
            return read(options.files[index])

    loader = torch.utils.data.DataLoader(
        Files(),
        BATCH,
        shuffle=True,
        num_workers=options.workers,
        persistent_workers=True,
        collate_fn=collate,
    )
    return lambda: sum(len(batch) for batch in loader)


def torchvision_pil(options: argparse.Namespace, *, normalised: bool) -> Callable:
    from torchvision import transforms as t

    steps = [t.RandomResizedCrop(options.size), t.RandomHorizontalFlip()]
    last = [t.ToTensor(), t.Normalize(MEAN, STD)] if normalised else [t.PILToTensor()]
    transform = t.Compose([*steps, *last])
    return data_loader(options, lambda path: transform(Image.open(path).convert("RGB")))


def torchvision_io(options: argparse.Namespace) -> Callable:
    from torchvision.io import ImageReadMode, decode_image, read_file
    from torchvision.transforms import v2

    steps = [v2.RandomResizedCrop(options.size, antialias=True), v2.RandomHorizontalFlip()]
    transform = v2.Compose(steps)
    return data_loader(
        options, lambda path: transform(decode_image(read_file(str(path)), ImageReadMode.RGB))
    )


def timm(options: argparse.Namespace) -> Callable:
    """Its transform and its collation to uint8, which its prefetcher normalises on the device."""
    from timm.data import create_transform
    from timm.data.loader import fast_collate

    transform = create_transform(
        options.size,
        is_training=True,
        use_prefetcher=True,
        interpolation="bilinear",
        color_jitter=None,
    )
    return data_loader(
        options,
        lambda path: (transform(Image.open(path).convert("RGB")), 0),
        lambda batch: fast_collate(batch)[0],
    )


def opencv(options: argparse.Namespace) -> Callable:
    import cv2

    def read(path: Path) -> np.ndarray:
        cv2.setNumThreads(0)
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        rng = np.random.default_rng()
        top, left, height, width = random_boxes(np.array([image.shape[:2]]), rng)[0]
        part = image[top : top + height, left : left + width]
        crop = cv2.resize(part, (options.size, options.size), interpolation=cv2.INTER_AREA)
        return crop[:, ::-1].copy() if rng.random() < 0.5 else crop

    return data_loader(options, read)


# --- FFCV


def beton(options: argparse.Namespace, longest: int | None = None) -> str:
    """A .beton of the files' own bytes, or of JPEGs (quality 90) of at most so many pixels."""
    import cv2
    from ffcv.fields import IntField, RGBImageField
    from ffcv.fields.rgb_image import IMAGE_MODES
    from ffcv.writer import DatasetWriter

    def encode(field, destination, path, malloc):
        data = np.fromfile(path, np.uint8)
        if longest:
            picture = cv2.imread(str(path))
            ratio = min(1, longest / max(picture.shape))
            size = (int(picture.shape[1] * ratio), int(picture.shape[0] * ratio))
            small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
            data = cv2.imencode(".jpg", small, [int(cv2.IMWRITE_JPEG_QUALITY), 90])[1].ravel()
        destination["mode"] = IMAGE_MODES["jpg"]
        destination["height"], destination["width"] = image_sizes([data])[0]
        destination["data_ptr"], storage = malloc(data.nbytes)
        storage[:] = data

    path = options.work / f"{len(options.files)}-{longest or 'own'}.beton"
    if not path.exists():
        RGBImageField.encode = encode  # its own would decode and encode the files again
        fields = {"image": RGBImageField(), "label": IntField()}
        writer = DatasetWriter(str(path), fields, num_workers=1)
        writer.from_indexed_dataset([(file, 0) for file in options.files])
    return str(path)


def ffcv(options: argparse.Namespace, **how) -> Callable:
    from ffcv.fields.decoders import RandomResizedCropRGBImageDecoder
    from ffcv.loader import Loader, OrderOption
    from ffcv.transforms import RandomHorizontalFlip

    decoder = RandomResizedCropRGBImageDecoder((options.size, options.size))
    loader = Loader(
        beton(options, **how),
        batch_size=BATCH,
        num_workers=options.workers,
        order=OrderOption.RANDOM,
        os_cache=True,
        pipelines={"image": [decoder, RandomHorizontalFlip()], "label": None},
    )
    return lambda: sum(len(batch) for (batch,) in loader)


# --- DALI


def dali(options: argparse.Namespace) -> Callable:
    from nvidia.dali import fn, pipeline_def, types

    @pipeline_def(batch_size=BATCH, num_threads=options.workers, device_id=None)
    def pipeline():
        files = [str(file) for file in options.files]
        data, _ = fn.readers.file(files=files, random_shuffle=True, name="files")
        images = fn.decoders.image_random_crop(data, device="cpu", output_type=types.RGB)
        crops = fn.resize(images, size=options.size, antialias=True)
        return fn.flip(crops, horizontal=fn.random.coin_flip())

    made = pipeline()
    made.build()

    def epoch() -> int:
        done = 0
        while done < len(options.files):
            done += len(made.run()[0].as_array())
        return done

    return epoch


ALL: dict[str, Callable[[argparse.Namespace], Callable[[], int]]] = {
    "torchvision PIL, float32": lambda o: torchvision_pil(o, normalised=True),
    "torchvision PIL": lambda o: torchvision_pil(o, normalised=False),
    "torchvision.io": torchvision_io,
    "timm": timm,
    "OpenCV area": opencv,
    "DALI": dali,
    "jpeg-crops, Pillow": ours_pillow,
    "jpeg-crops": ours_folder,
    "jpeg-crops, float32": ours_folder_float,
    "FFCV, same bytes": ffcv,
    "jpeg-crops, same .beton": ours_beton,
    "FFCV, 500 px": lambda o: ffcv(o, longest=500),
    "jpeg-crops, 500 px .beton": lambda o: ours_beton(o, longest=500),
}
