"""Scale, ratio, flip and centre of 10**5 crops beside torchvision's.

Kolmogorov and Smirnov's distance of each statistic, for several image sizes;
exit 1 where one is larger than chance allows (at 0.1 %).

    python crops.py --draws 100000
"""

from __future__ import annotations

import argparse
import math
import sys

import numpy as np
import torch
from torchvision.transforms import RandomResizedCrop

from imagenet_dm import RandomCrops

SIZES = ((375, 500), (500, 375), (224, 224), (100, 700))


def describe(boxes: np.ndarray, size: tuple[int, int]) -> dict[str, np.ndarray]:
    """Give the statistics of boxes: top, left, height, width."""
    top, left, height, width = boxes.astype(float).T
    return {
        "scale": height * width / (size[0] * size[1]),
        "log ratio": np.log(width / height),
        "centre row": top + height / 2,
        "centre column": left + width / 2,
    }


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Give the largest distance of two distributions."""
    at = np.unique(np.concatenate([a, b]))
    below = [np.searchsorted(np.sort(x), at, side="right") / len(x) for x in (a, b)]
    return float(np.abs(below[0] - below[1]).max())


def main() -> None:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=100_000)
    n = parser.parse_args().draws
    limit, worst = 1.95 * math.sqrt(2 / n), 0.0
    torch.manual_seed(0)
    for size in SIZES:
        boxes, flips = RandomCrops(seed=0).draw(0, np.arange(n), [size] * n)
        image = torch.empty(3, *size)
        theirs = np.array(
            [RandomResizedCrop.get_params(image, [0.08, 1.0], [3 / 4, 4 / 3]) for _ in range(n)]
        )
        ours, oracle = describe(boxes, size), describe(theirs, size)
        found = {name: distance(ours[name], oracle[name]) for name in ours}
        off = abs(float(flips.mean()) - 0.5)
        words = ", ".join(f"{name} {d:.4f}" for name, d in found.items())
        print(f"{size}: {words} (limit {limit:.4f}); flips off by {off:.4f}")
        worst = max(worst, *found.values(), off * limit * math.sqrt(n) / 1.65)
    sys.exit(worst > limit)


if __name__ == "__main__":
    main()
