"""A retina recording in the published layout, and receptive fields found through its loaders."""

from __future__ import annotations

import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from report import Report, rate

from retina_data import LongCycler
from retina_data.hoefling_2024 import (
    get_all_movies,
    get_all_responses,
    natmov_dataloaders_v2,
    write_synthetic,
)


def model(work: Path, report: Report) -> None:
    """Write, load and cycle through the sessions, and map the receptive fields of one."""
    folder = work / "hoefling_2024"
    planted = write_synthetic(folder, seed=0, n_clips=40)
    loaders = natmov_dataloaders_v2(
        neuron_data_dictionary=get_all_responses(folder),
        movies_dictionary=get_all_movies(folder),
        validation_clip_indices=[0, 1],
        batch_size=16,
    )
    sizes = ", ".join(f"{len(loaders[split])} x {split}" for split in loaders)
    report.say(f"Synthetic sessions in the layout of Hoefling 2024, loaders by session: {sizes}.")
    session = next(iter(loaders["train"]))
    start, frames, batches = time.perf_counter(), 0, []
    for key, batch in LongCycler(loaders["train"], shuffle=True):
        inputs, targets = batch
        frames += inputs.shape[0] * inputs.shape[2]
        if key == session:
            batches.append((inputs.numpy(), targets.numpy()))
    report.say(f"One long cycle over all sessions: {rate(frames, start, 'frames')}.")
    truth = planted[session].receptive_fields
    summed = sum(triggered(*batch, lags=truth.shape[2]) for batch in batches)
    found = summed / np.sqrt((summed**2).sum(axis=(1, 2, 3, 4), keepdims=True))
    similarity = (found * truth).sum(axis=(1, 2, 3, 4))
    path = report.picture(
        "receptive_fields.png",
        "Receptive fields by response-triggered average, above those that were planted: "
        f"their median correlation is {np.median(similarity):.2f}.",
    )
    draw(found, truth, path)


def triggered(movie: np.ndarray, responses: np.ndarray, lags: int) -> np.ndarray:
    """Average the movie before the responses.

    Parameters
    ----------
    movie
        ``(batch, channels, time, height, width)``.
    responses
        ``(batch, time, neurons)``.
    lags
        Frames back from the response.

    Returns
    -------
    ``(neurons, channels, lags, height, width)``, not normalised.
    """
    centred = responses - responses.mean(axis=(0, 1))
    steps = movie.shape[2]
    averages = [
        np.einsum("bcthw,btn->nchw", movie[:, :, : steps - lag], centred[:, lag:], optimize=True)
        for lag in range(lags)
    ]
    return np.stack(averages, axis=2)


def draw(found: np.ndarray, truth: np.ndarray, path: Path) -> None:
    """Draw the strongest frame of the first six neurons, found above planted."""
    figure, axes = plt.subplots(2, 6, figsize=(9, 3.6), layout="constrained")
    for neuron, column in enumerate(axes.T):
        colour, lag = np.unravel_index(
            (truth[neuron] ** 2).sum(axis=(2, 3)).argmax(), truth.shape[1:3]
        )
        for axis, fields in zip(column, (found, truth), strict=True):
            frame = fields[neuron, colour, lag]
            axis.imshow(frame, cmap="RdBu_r", vmin=-abs(frame).max(), vmax=abs(frame).max())
            axis.set(xticks=[], yticks=[])
        column[0].set_title(f"neuron {neuron}, lag {lag}", fontsize=8)
    axes[0, 0].set_ylabel("found")
    axes[1, 0].set_ylabel("planted")
    figure.savefig(path, dpi=110)
    plt.close(figure)
