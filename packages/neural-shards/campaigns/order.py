"""How good the shuffle is beside a perfect one, for several buffer sizes, with a figure.

For each buffer size, over several epochs: the mean distance of neighbours in an epoch as a fraction
of the set (1/3 for a perfect shuffle), the shards that a batch of 64 comes from, and how far the
mean of a batch is from that of the set, in units of a perfect shuffle's own spread (1).
Usage: python campaigns/order.py [--output order.png]   (needs the extra "plot")
"""

from __future__ import annotations

import argparse
import itertools

import numpy as np
from matplotlib.figure import Figure

from neuroai_core.order import EpochOrder

N, SHARD, BATCH, EPOCHS = 50_000, 500, 64, 5


def epochs(buffer_size):
    if buffer_size is None:
        rng = np.random.default_rng(0)
        return [rng.permutation(N) for _ in range(EPOCHS)]
    blocks = np.full(N // SHARD, SHARD)
    order = EpochOrder(N, seed=0, blocks=blocks, window=buffer_size)
    return [order.indices(epoch, np.arange(N)) for epoch in range(EPOCHS)]


def statistics(orders):
    batches = np.stack([o[: N // BATCH * BATCH].reshape(-1, BATCH) for o in orders])
    neighbours = np.mean([np.abs(np.diff(o)).mean() / N for o in orders])
    shards = np.mean([len(np.unique(b // SHARD)) for epoch in batches for b in epoch])
    spread = batches.mean(axis=2).std() / (N / np.sqrt(12 * BATCH))
    repeats = np.mean([(a == b).mean() for a, b in itertools.pairwise(orders)])
    return {
        "distance of neighbours / set": float(neighbours),
        f"shards in a batch of {BATCH}": float(shards),
        "spread of batch means": float(spread),
        "same place in the next epoch": float(repeats),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", default="order.png")
    arguments = parser.parse_args()
    sizes = [1, 100, 500, 1000, 5000, 20_000, N, None]
    names = ["perfect" if s is None else str(s) for s in sizes]
    found = [statistics(epochs(size)) for size in sizes]
    for name, values in zip(names, found, strict=True):
        print(f"{name:>8}", {key: round(value, 5) for key, value in values.items()})
    keys = list(found[0])[:3]
    figure = Figure(figsize=(10, 3), layout="constrained")
    for axes, key in zip(figure.subplots(1, 3), keys, strict=True):
        values = [f[key] for f in found]
        axes.plot(range(len(names) - 1), values[:-1], "o-", color="#30638e")
        axes.axhline(values[-1], color="#d1495b", linestyle="--", label="perfect shuffle")
        axes.set_xticks(range(len(names) - 1), names[:-1], rotation=45)
        axes.set_xlabel(f"buffer_size ({N} samples, shards of {SHARD})")
        axes.set_title(key)
    axes.legend(frameon=False)
    figure.savefig(arguments.output, dpi=120)


if __name__ == "__main__":
    main()
