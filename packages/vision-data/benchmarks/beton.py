"""Loading and writing .beton files beside FFCV and torchvision, on the same bytes.

Each contender runs in a process of its own; rounds are interleaved. Reports
images a second and CPU microseconds an image: median, least and most, and the
ratio round by round.

    python beton.py [ROUNDS] [--only NAME] [--data FOLDER_OF_CLASS_FOLDERS_OF_JPEG]

Names begin with "write raw 32 x 32", "load raw 32 x 32", ..., "load JPEG".
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

MEAN, STD = [0.5071, 0.4867, 0.4408], [0.2675, 0.2565, 0.2761]
WORKERS, STEPS = 2, 20
#: Epochs are loaded until this much time has passed.
SECONDS = 3.0


class Pixels:
    def __init__(self, count: int, side: int) -> None:
        rng = np.random.default_rng(0)
        self.images = rng.integers(0, 256, (min(count, 1000), side, side, 3), dtype=np.uint8)
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int):
        return self.images[index % len(self.images)], index


#: name: images, side, batch size
CASES = {"raw 32 x 32": (30_000, 32, 128), "raw 224 x 224": (1500, 224, 64)}


def _ours(path: Path, side: int, batch: int, transform):
    from vision_data import get_ffcv_dataloader

    return get_ffcv_dataloader(
        path,
        batch,
        STEPS,
        WORKERS,
        side,
        (MEAN, STD),
        "random",
        torch.float16,
        transform=transform,
    )


def _ffcv(path: Path, side: int, batch: int, transform):
    from ffcv.fields.decoders import (
        IntDecoder,
        RandomResizedCropRGBImageDecoder,
        SimpleRGBImageDecoder,
    )
    from ffcv.loader import Loader, OrderOption
    from ffcv.transforms import (
        NormalizeImage,
        RandomHorizontalFlip,
        Squeeze,
        ToTensor,
        ToTorchImage,
    )

    crop = isinstance(transform, list)
    decoder = RandomResizedCropRGBImageDecoder((side, side)) if crop else SimpleRGBImageDecoder()
    image = [
        decoder,
        RandomHorizontalFlip(0.5),
        NormalizeImage(np.array(MEAN) * 255, np.array(STD) * 255, np.float16),
        ToTensor(),
        ToTorchImage(),
    ]
    loader = Loader(
        str(path),
        batch,
        num_workers=WORKERS,
        order=OrderOption.RANDOM,
        drop_last=False,
        pipelines={"image": image, "label": [IntDecoder(), ToTensor(), Squeeze()]},
    )

    class Unrolled:
        def __iter__(self):
            for images, labels in loader:
                yield images.unsqueeze(1).expand(-1, STEPS, -1, -1, -1), labels

    return Unrolled()


def _torchvision(path: Path, side: int, batch: int, transform):
    from torchvision import datasets
    from torchvision import transforms as t

    steps = [
        t.RandomResizedCrop(side),
        t.RandomHorizontalFlip(),
        t.ToTensor(),
        t.Normalize(MEAN, STD),
    ]
    data = datasets.ImageFolder(path, t.Compose(steps))
    return torch.utils.data.DataLoader(data, batch, shuffle=True, num_workers=WORKERS)


LOADERS = {"vision-data": _ours, "ffcv": _ffcv, "torchvision": _torchvision}


def load(who: str, path: Path, side: int, batch: int, crop: bool) -> dict[str, float]:
    warnings.simplefilter("ignore")
    transform = ["ffcv_train", "imagenet"] if crop else "ffcv_train"
    loader = LOADERS[who](path, side, batch, transform)
    for _ in loader:
        pass  # warm-up: compiling, page cache
    clock, cpu, images = time.perf_counter(), _cpu(), 0
    while time.perf_counter() - clock < SECONDS:
        for frames, _ in loader:
            images += len(frames)
    wall, cpu = time.perf_counter() - clock, _cpu() - cpu
    return {"rate": images / wall, "cpu_us": cpu / images * 1e6}


def write(who: str, path: Path, side: int, count: int) -> dict[str, float]:
    warnings.simplefilter("ignore")
    data, clock, cpu = Pixels(count, side), time.perf_counter(), _cpu()
    if who == "ffcv":
        from ffcv.fields import IntField, RGBImageField
        from ffcv.writer import DatasetWriter

        fields = {"image": RGBImageField(), "label": IntField()}
        DatasetWriter(str(path), fields, num_workers=WORKERS).from_indexed_dataset(data)
    else:
        from vision_data import write_beton
        from vision_data.beton import ImageField
        from vision_data.beton import IntField as OurInt

        write_beton(path, data, {"image": ImageField(), "label": OurInt()}, num_workers=WORKERS)
    wall = time.perf_counter() - clock
    return {"rate": count / wall, "cpu_us": (_cpu() - cpu) / count * 1e6}


def _cpu() -> float:
    import resource

    used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def _run(*args: object) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", *map(str, args)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(out.splitlines()[-1])


def _compare(name: str, contenders: dict[str, tuple], rounds: int) -> dict[str, object]:
    found = {who: [] for who in contenders}
    for _ in range(rounds):
        for who, args in contenders.items():
            found[who].append(_run(*args))
    print(f"\n{name}")
    for who, results in found.items():
        rates = [r["rate"] for r in results]
        cpu = [r["cpu_us"] for r in results]
        print(
            f"  {who:12} {statistics.median(rates):10.0f} img/s ({min(rates):.0f} to"
            f" {max(rates):.0f})  {statistics.median(cpu):8.1f} CPU us/img"
        )
    for peer in list(contenders)[1:]:
        pairs = zip(found["vision-data"], found[peer], strict=True)
        ratios = [a["rate"] / b["rate"] for a, b in pairs]
        saved = [
            b["cpu_us"] / a["cpu_us"]
            for a, b in zip(found["vision-data"], found[peer], strict=True)
        ]
        print(
            f"  rate over {peer}: {statistics.median(ratios):.2f}"
            f" ({', '.join(f'{r:.2f}' for r in ratios)}); CPU {statistics.median(saved):.2f}"
        )
    return {"case": name, "results": found}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", nargs="?", type=int, default=5)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--one", nargs="+")
    options = parser.parse_args()
    if options.one:
        kind, who, path, side, size, *crop = options.one
        made = (
            write(who, Path(path), int(side), int(size))
            if kind == "write"
            else load(who, Path(path), int(side), int(size), crop == ["crop"])
        )
        print(json.dumps(made))
        return
    for package in ("vision-data", "ffcv", "torch", "torchvision", "numpy"):
        print(package, version(package), end="; ")
    print(f"{WORKERS} workers, {STEPS} steps, float16")
    report = []
    with tempfile.TemporaryDirectory() as folder:
        for name, contenders in _cases(Path(folder), options.data).items():
            if name.startswith(options.only):
                report.append(_compare(name, contenders(), options.rounds))
    Path("beton.json").write_text(json.dumps(report, indent=1))


def _cases(folder: Path, data: Path | None) -> dict[str, Callable[[], dict[str, tuple]]]:
    """Give the contenders of every comparison, by its name; asked for, they make their file."""
    both = ("vision-data", "ffcv")
    cases: dict[str, Callable[[], dict[str, tuple]]] = {}
    for name, (count, side, batch) in CASES.items():
        path = folder / f"{side}.beton"

        def writing(path=path, side=side, count=count):
            return {who: ("write", who, path, side, count) for who in both}

        def loading(path=path, side=side, count=count, batch=batch):
            write("vision-data", path, side, count)
            return {who: ("load", who, path, side, batch) for who in both}

        cases |= {f"write {name}": writing, f"load {name}": loading}
    if data:
        cases["load JPEG, random resized crop 224"] = lambda: _jpeg(data, folder / "jpeg.beton")
    return cases


def _jpeg(data: Path, path: Path) -> dict[str, tuple]:
    from vision_data import ImageFolder, write_beton
    from vision_data.beton import ImageField, IntField
    from vision_data.convert import EncodedImages

    fields = {"image": ImageField("jpg"), "label": IntField()}
    folder = EncodedImages(ImageFolder(data))
    write_beton(path, folder, fields, indices=list(range(len(folder))) * 4)
    return {
        "vision-data": ("load", "vision-data", path, 224, 64, "crop"),
        "ffcv": ("load", "ffcv", path, 224, 64, "crop"),
        "torchvision": ("load", "torchvision", data, 224, 64, "crop"),
    }


if __name__ == "__main__":
    main()
