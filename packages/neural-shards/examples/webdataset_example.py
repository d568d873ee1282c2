# ruff: noqa: D103, T201  an example prints, and its functions are named for what they show
"""The eight examples: write, annotate, load, resume, batch, workers, inspect, train.

Run: python examples/webdataset_example.py [number of samples]   (needs the extra "torch")
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from neural_shards import (
    ResumableWebDatasetLoader,
    ShardedDatasetInfo,
    WebDatasetLoader,
    WebDatasetWriter,
    create_shards_from_arrays,
    create_webdataset_dataloader,
)


def basic_writing(folder, n):
    rng = np.random.default_rng(0)
    data = {
        "spikes": rng.normal(size=(n, 100, 96)),  # (samples, time, units)
        "behavior": rng.normal(size=(n, 100, 2)),  # (samples, time, dims)
        "lfp": rng.normal(size=(n, 64, 1000)),  # (samples, channels, time)
    }
    summary = create_shards_from_arrays(folder / "basic", data, shard_size=100)
    print(f"1. {summary['total_samples']} samples in {summary['total_shards']} shards")


def writing_with_metadata(folder, n):
    rng = np.random.default_rng(1)
    writer = WebDatasetWriter(folder / "advanced", shard_size=50, compression="none")
    for trial in range(n):
        sample = {"spikes": rng.poisson(5, (100, 96)), "stimulus": rng.normal(size=(100, 32))}
        condition = "left" if trial % 2 == 0 else "right"
        writer.write_sample(sample, metadata={"trial_id": trial, "condition": condition})
    print(f"2. {writer.finalize()['total_shards']} shards with a condition in each sample")


def basic_loading(folder):
    loader = WebDatasetLoader(folder / "basic", shuffle=True, buffer_size=100)
    sample = next(iter(loader))
    print("3.", {name: value.shape for name, value in sample.items() if name != "metadata"})


def resumable_loading(folder, n):
    options = {"checkpoint_path": folder / "checkpoint.json", "shuffle": False}
    loader = ResumableWebDatasetLoader(folder / "basic", checkpoint_interval=10, **options)
    for number, _ in enumerate(loader):
        if number == n // 2:
            break  # interrupted
    resumed = ResumableWebDatasetLoader(folder / "basic", **options)
    print(f"4. interrupted at {loader.get_state()}, goes on at {resumed.get_state()}")


def batches(folder):
    loader = create_webdataset_dataloader(folder / "basic", batch_size=32, num_workers=2)
    batch = next(iter(loader))
    print("5.", {name: tuple(batch[name].shape) for name in ("spikes", "behavior", "lfp")})


def several_workers(folder):
    loader = create_webdataset_dataloader(folder / "basic", batch_size=64, num_workers=4)
    start, samples = time.time(), 0
    for batch in loader:
        samples += len(batch["spikes"])
    print(f"6. {samples / (time.time() - start):.0f} samples a second, their start included")


def inspecting(folder):
    print("7.")
    ShardedDatasetInfo(folder / "basic").print_summary()


def training(folder):
    loader = create_webdataset_dataloader(folder / "basic", batch_size=32, num_workers=2)
    model = torch.nn.Linear(96, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(2):
        losses = []
        for batch in loader:
            loss = torch.nn.functional.mse_loss(
                model(batch["spikes"].float()), batch["behavior"].float()
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(f"8. epoch {epoch + 1}: loss {np.mean(losses):.4f}")


def main(n=500):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        basic_writing(folder, n)
        writing_with_metadata(folder, n)
        basic_loading(folder)
        resumable_loading(folder, n)
        batches(folder)
        several_workers(folder)
        inspecting(folder)
        training(folder)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
