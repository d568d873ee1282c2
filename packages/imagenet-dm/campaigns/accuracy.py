"""A small network on a small real data set, through our loader and through torchvision's.

The data are scikit-learn's 1,797 handwritten digits, written as JPEGs; the
network, its first weights and its schedule are the same on both sides, and
every seed trains both. Prints the accuracies and whether they differ by more
than chance (a paired t test over the seeds, two-sided at 1 %).

    python accuracy.py --seeds 5
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

import torch
from PIL import Image
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets
from torchvision.transforms import v2

from imagenet_dm import ImageNetDataModule

SIZE, BATCH = 32, 64
SCALE = (0.5, 1.0)
#: Student's t at 1 %, two-sided, by degrees of freedom.
CRITICAL = {1: 63.7, 2: 9.92, 3: 5.84, 4: 4.60, 5: 4.03, 6: 3.71, 7: 3.50, 8: 3.36, 9: 3.25}


def write(root: Path) -> None:
    """Write the digits in ImageNet's layout, every fourth for validation."""
    digits = load_digits()
    for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        folder = root / ("val" if number % 4 == 3 else "train") / f"n{label:08d}"
        folder.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray((255 - pixels * 15.9).astype("uint8")).convert("RGB")
        image.resize((48, 48), Image.Resampling.BICUBIC).save(folder / f"{number}.JPEG", quality=95)


def network(seed: int) -> nn.Module:
    """Make the network; the seed makes its weights."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Conv2d(32, 64, 3, 2, 1), nn.BatchNorm2d(64), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip


def ours(root: Path, seed: int) -> tuple[object, object]:
    """Make our loaders."""
    dm = ImageNetDataModule(
        root, BATCH, 0, image_size=SIZE, scale=SCALE, flip=0.0, crop_ratio=1.0, seed=seed
    )
    dm.setup("fit")
    return dm.train_dataloader(), dm.val_dataloader()


def theirs(root: Path, seed: int) -> tuple[object, object]:
    """Make torchvision's loaders of the same."""
    last = [
        v2.PILToTensor(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ]
    train = v2.Compose([v2.RandomResizedCrop(SIZE, SCALE), *last])
    val = v2.Compose([v2.Resize(SIZE), v2.CenterCrop(SIZE), *last])
    order = torch.Generator().manual_seed(seed)
    return (
        DataLoader(
            datasets.ImageFolder(root / "train", train),
            BATCH, shuffle=True, drop_last=True, generator=order,
        ),
        DataLoader(datasets.ImageFolder(root / "val", val), BATCH),
    )  # fmt: skip


def accuracy(train: object, val: object, seed: int, epochs: int) -> float:
    """Train and validate; give the part that is right."""
    model = network(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        model.train()
        for images, labels in train:  # type: ignore[attr-defined]
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images.contiguous()), labels).backward()
            optimizer.step()
        schedule.step()
    model.eval()
    right = count = 0
    with torch.no_grad():
        for images, labels in val:  # type: ignore[attr-defined]
            right += int((model(images.contiguous()).argmax(1) == labels).sum())
            count += len(labels)
    return right / count


def main() -> None:
    """Run the campaign; exit 1 where the two sides differ by more than chance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    torch.set_num_threads(1)
    differences = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root)
        for seed in range(options.seeds):
            pair = [accuracy(*make(root, seed), seed, options.epochs) for make in (ours, theirs)]
            differences.append(pair[0] - pair[1])
            print(f"seed {seed}: ours {pair[0]:.4f}, torchvision {pair[1]:.4f}", flush=True)
    mean, spread = statistics.mean(differences), statistics.stdev(differences)
    limit = CRITICAL[len(differences) - 1] * spread / len(differences) ** 0.5
    print(f"difference {mean:+.4f}, chance alone gives up to {limit:.4f}")
    sys.exit(abs(mean) > limit)


if __name__ == "__main__":
    main()
