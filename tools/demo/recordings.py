"""NWB recordings to shards of windows, read by stock webdataset, resumed after a crash."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import webdataset
from report import Report, rate

from neural_shards import NWBToWebDatasetConverter, create_webdataset_dataloader
from neural_shards.nwb.find import KINDS, series_in
from neural_shards.nwb.recording import opened

BIN_MS = 20.0
WINDOW = 100
BATCH = 8


def shard(paths: list[Path], work: Path, report: Report) -> None:
    """Convert every recording that holds spikes or behaviour, and load what came of it."""
    taken = 0
    for path in paths:
        modalities = held(path)
        if not modalities:
            report.say(f"{path.name} holds neither spikes nor behaviour: nothing to convert.")
            continue
        taken += 1
        folder = convert(path, modalities, work, report)
        resume(folder, work / f"{path.stem}.json", report)
        draw(folder, modalities, report, f"recording_{taken}.png", path.name)


def held(path: Path) -> list[str]:
    """List which of the two modalities a recording holds."""
    with opened(path) as recording:
        units, series = recording.file.units, series_in(recording.file)
        spikes = units is not None and "spike_times" in units.colnames
        behaviour = any(KINDS["behavior"](name, one) for name, one in series.items())
    return ["spikes"] * spikes + ["behavior"] * behaviour


def convert(path: Path, modalities: list[str], work: Path, report: Report) -> Path:
    """Cut a recording into half-overlapping windows, and let stock webdataset count them."""
    folder = work / "shards" / path.stem
    start = time.perf_counter()
    converter = NWBToWebDatasetConverter(
        output_dir=folder,
        shard_size=64,
        modalities=modalities,
        bin_size_ms=BIN_MS,
        sequence_length=WINDOW,
        overlap=0.5,
    )
    converter.convert_nwb_file(path)
    summary = converter.finalize()
    count = summary["total_samples"]
    report.say(
        f"{path.name}: {' and '.join(modalities)} on a grid of {BIN_MS:g} ms, "
        f"{rate(count, start, 'windows')} in {summary['total_shards']} shards."
    )
    shards = sorted(str(p) for p in folder.glob("*.tar"))
    seen = sum(1 for _ in webdataset.WebDataset(shards, shardshuffle=False).decode())
    if seen != count:
        raise RuntimeError(f"stock webdataset sees {seen} of {count} samples in {folder}")
    report.say(f"Stock webdataset reads the same {seen:,} samples.")
    return folder


def resume(folder: Path, checkpoint: Path, report: Report) -> None:
    """Stop in the middle of an epoch, start anew from the saved state, and compare."""
    start = time.perf_counter()
    undisturbed = [keys(batch) for batch in loader(folder)]
    total = sum(map(len, undisturbed))
    report.say(f"One shuffled epoch with two workers: {rate(total, start, 'windows')}.")
    crashing, before = loader(folder), []
    for batch in crashing:
        before.append(keys(batch))
        checkpoint.write_text(json.dumps(crashing.state_dict()))
        if len(before) == max(len(undisturbed) // 2, 1):
            break  # here the process dies; the state on disk is all that is left
    resumed = loader(folder, num_workers=0)
    resumed.load_state_dict(json.loads(checkpoint.read_text()))
    after = [keys(batch) for batch in resumed]
    if before + after != undisturbed:
        raise RuntimeError(f"the resumed epoch of {folder} is not the undisturbed one")
    report.say(
        f"Stopped after {len(before)} batches and resumed on another number of workers: the other "
        f"{len(after)} batches are those of the undisturbed epoch, window by window."
    )


def loader(folder: Path, num_workers: int = 2) -> Any:
    """Make the loader of a shuffled epoch."""
    return create_webdataset_dataloader(
        shard_dir=folder, batch_size=BATCH, num_workers=num_workers, shuffle=True
    )


def keys(batch: dict[str, Any]) -> list[float]:
    """Tell the windows of a batch apart: by their start in seconds."""
    return [metadata["t_start"] for metadata in batch["metadata"]]


def draw(folder: Path, modalities: list[str], report: Report, name: str, recording: str) -> None:
    """Draw a window: the spikes as a raster, the behaviour below."""
    batch = next(iter(loader(folder, num_workers=0)))
    figure, axes = plt.subplots(
        len(modalities), figsize=(8, 2.4 * len(modalities)), sharex=True, layout="constrained"
    )
    start = keys(batch)[0]
    times = start + np.arange(WINDOW) * BIN_MS / 1000
    for axis, modality in zip(np.atleast_1d(axes), modalities, strict=True):
        values = np.asarray(batch[modality][0])
        if modality == "spikes":
            step, unit = np.nonzero(values)
            axis.scatter(times[step], unit, s=4 * values[step, unit], c="k", marker="|")
            axis.set_ylabel("unit")
        else:
            axis.plot(times, values)
            axis.set_ylabel(modality)
    np.atleast_1d(axes)[-1].set_xlabel("time (s)")
    path = report.picture(name, f"A window of {recording}: {' and '.join(modalities)}.")
    figure.savefig(path, dpi=110)
    plt.close(figure)
