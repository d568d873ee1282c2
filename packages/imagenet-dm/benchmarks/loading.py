"""JPEG folder to training batches, beside torchvision's ImageFolder and DataLoader.

Every contender runs in a process of its own, after a warm-up, in interleaved
rounds; images a second and CPU milliseconds an image are medians over rounds,
and memory is the peak of the process and its workers.

    python loading.py --data imagenet-sample --workers 2 --rounds 5
    python loading.py --synthetic 1000
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

BATCH = 64


def contenders():
    """Name, and what makes a loader of a folder: (folder, workers, size) -> iterable of epochs."""
    return {
        "torchvision float32": torchvision_pil,
        "torchvision.io uint8": torchvision_io,
        "ours threads uint8": lambda *a: ours(*a, engine="threads", on="device"),
        "ours threads float32": lambda *a: ours(*a, engine="threads", on="host"),
        "ours workers uint8": lambda *a: ours(*a, engine="workers", on="device"),
        "ours workers float32": lambda *a: ours(*a, engine="workers", on="host"),
    }


def torchvision_pil(folder, workers, size):
    import torch
    from torchvision import datasets
    from torchvision.transforms import v2

    steps = [v2.RandomResizedCrop(size), v2.RandomHorizontalFlip(), v2.PILToTensor()]
    steps += [v2.ToDtype(torch.float32, scale=True)]
    steps += [v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
    return plain(datasets.ImageFolder(folder / "train", v2.Compose(steps)), workers)


def torchvision_io(folder, workers, size):
    from torchvision import datasets, io
    from torchvision.transforms import v2

    steps = v2.Compose([v2.RandomResizedCrop(size), v2.RandomHorizontalFlip()])

    def read(path):
        return io.decode_image(io.read_file(path), io.ImageReadMode.RGB)

    return plain(datasets.ImageFolder(folder / "train", steps, loader=read), workers)


def plain(dataset, workers):
    from torch.utils.data import DataLoader

    settings = {"shuffle": True, "num_workers": workers, "persistent_workers": True}
    return DataLoader(dataset, BATCH, drop_last=True, **settings)


def ours(folder, workers, size, engine, on):
    from imagenet_dm import ImageNetDataModule

    dm = ImageNetDataModule(folder, BATCH, workers, image_size=size, engine=engine, normalise_on=on)
    dm.setup("fit")
    return dm.train_dataloader()


def measure(name, folder, workers, size, epochs):
    """Load whole epochs; the time starts when the warm-up epoch has ended."""
    import torch

    torch.set_num_threads(1)
    loader = contenders()[name](folder, workers, size)
    for _ in loader:
        pass
    pids = [os.getpid(), *children_of(os.getpid())]
    before, start, images = ticks(pids), time.perf_counter(), 0
    for _ in range(epochs):
        for batch, _labels in loader:
            images += len(batch)
    wall, cpu = time.perf_counter() - start, ticks(pids) - before
    memory = sum(peak_mb(pid) for pid in pids)
    return {"rate": images / wall, "cpu_ms": 1e3 * cpu / images, "peak_mb": memory}


def children_of(pid):
    return [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def ticks(pids):
    """CPU seconds of running processes."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def peak_mb(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def synthetic(count):
    """Write drawn images of ImageNet's sizes, about 500 x 375."""
    import numpy as np
    from PIL import Image

    root = Path(tempfile.mkdtemp(prefix="imagenet-dm-bench-"))
    rng = np.random.default_rng(0)
    for number in range(count):
        folder = root / "train" / f"n{number % 20:08d}"
        folder.mkdir(parents=True, exist_ok=True)
        image = np.zeros((375, 500, 3), dtype=np.float32)
        for scale, strength in ((6, 120), (40, 60), (150, 40), (375, 18)):
            coarse = rng.normal(0, strength, (scale, scale, 3)).astype(np.float32)
            for channel in range(3):
                layer = Image.fromarray(coarse[..., channel])
                image[..., channel] += np.asarray(
                    layer.resize((500, 375), Image.Resampling.BILINEAR)
                )
        pixels = np.clip(image + 128, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.JPEG", quality=92)
    return root


def prepared(folder):
    """Make sure that there is a validation split, which the data module wants."""
    if (folder / "val").exists():
        return folder
    root = Path(tempfile.mkdtemp(prefix="imagenet-dm-bench-"))
    for split in ("train", "val"):
        (root / split).symlink_to((folder / "train").resolve())
    return root


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder with train/<class>/*.JPEG")
    parser.add_argument("--synthetic", type=int, default=1000, help="images to draw without --data")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--only", nargs="*", help="names of contenders")
    parser.add_argument("--json", type=Path, default=Path("loading.json"))
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        figures = measure(
            options.contender, options.data, options.workers, options.size, options.epochs
        )
        print(json.dumps(figures))
        return
    folder = prepared(options.data or synthetic(options.synthetic))
    names = options.only or list(contenders())
    rounds = {name: [] for name in names}
    for number in range(options.rounds):
        for name in names:
            command = [sys.executable, __file__, "--contender", name, "--data", str(folder)]
            for key in ("workers", "size", "epochs"):
                command += [f"--{key}", str(getattr(options, key))]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(done.stderr)
            rounds[name].append(json.loads(done.stdout.splitlines()[-1]))
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
    report(options, rounds)


def report(options, rounds):
    packages = ("imagenet-dm", "jpeg-crops", "torch", "torchvision", "pillow")
    versions = {name: version(name) for name in packages}
    images = f"{options.workers} workers, {options.size} px, batch {BATCH}"
    print(f"{images}; {platform.machine()}, {os.cpu_count()} cores; {versions}")
    print(f"{'':24}{'img/s':>8}{'spread':>14}{'CPU ms':>8}{'peak MB':>9}{'ratio':>7}{'spread':>12}")
    first = [one["rate"] for one in next(iter(rounds.values()))]
    for name, figures in rounds.items():
        rates = [one["rate"] for one in figures]
        ratios = [rate / base for rate, base in zip(rates, first, strict=True)]
        cpu, peak = (statistics.median(f[k] for f in figures) for k in ("cpu_ms", "peak_mb"))
        print(
            f"{name:24}{statistics.median(rates):8.0f}{min(rates):7.0f}-{max(rates):<6.0f}"
            f"{cpu:8.2f}{peak:9.0f}{statistics.median(ratios):7.2f}"
            f"{min(ratios):6.2f}-{max(ratios):<5.2f}"
        )
    settings = {key: str(value) for key, value in vars(options).items()}
    result = {"settings": settings, "versions": versions, "rounds": rounds}
    options.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
