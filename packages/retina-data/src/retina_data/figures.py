"""A picture of a session: receptive fields, raster, reliability, frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroai_core.extras import require
from neuroai_core.files import atomic_path
from retina_data import reliability
from retina_data.repository import PathLike
from retina_data.sessions import Session
from retina_data.sta import spike_triggered_average

#: Neurons whose receptive fields are shown, frames of the movie, and seconds of the raster.
NEURONS, FRAMES = 6, 5


def show(session: Session, target: PathLike, *, lags: int | None = None) -> None:
    """Draw a session as PNG.

    Parameters
    ----------
    session
        The session.
    target
        The file to write.
    lags
        Frames of the receptive fields; by default 0.4 s of a movie, 1 of
        single images.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    figure_type = require("matplotlib.figure", package="retina-data", extra="plot").Figure
    rate = session.recording.rate_hz
    images = session.clip_length == 1
    lags = lags or (1 if images else max(2, round(0.4 * rate) if rate else 12))
    lags = min(lags, session.clip_length)
    figure = figure_type(figsize=(13, 10), layout="constrained")
    head, rows = figure.subfigures(2, 1, height_ratios=[1, 2])
    _frames(head, session)
    fields, answers = rows.subfigures(1, 2, width_ratios=[1, 1])
    _receptive_fields(fields, session, lags)
    raster, histogram = answers.subplots(2, 1, height_ratios=[2, 1])
    _raster(raster, session)
    _reliability(histogram, session)
    about = session.recording
    parts = [session.name, about.species, about.method, f"{session.n_neurons} neurons"]
    figure.suptitle(", ".join(p for p in parts if p))
    with atomic_path(target) as partial:
        figure.savefig(partial, format="png", dpi=90)


def _frames(figure: Any, session: Session) -> None:
    at = np.linspace(0, len(session.stimulus) - 1, FRAMES).astype(int)
    figure.suptitle("frames of the training stimulus (channel 0)", fontsize="medium")
    for axes, time in zip(figure.subplots(1, FRAMES), at, strict=True):
        frame = session.stimulus.movie.normalize(session.stimulus.chunks(np.array([time]), 1))
        axes.imshow(frame[0, 0, 0].numpy(), cmap="gray")
        axes.set_title(f"frame {time}", fontsize="small")
        axes.set_axis_off()


def _receptive_fields(figure: Any, session: Session, lags: int) -> None:
    quality = _quality(session)
    order = np.argsort(-np.nan_to_num(quality, nan=-1))[:NEURONS]
    fields = spike_triggered_average(session, lags=lags, neurons=order.tolist())
    figure.suptitle("receptive fields: spike-triggered averages at their peak", fontsize="medium")
    rate = session.recording.rate_hz
    for axes, neuron, field in zip(figure.subplots(3, 2).flat, order, fields, strict=False):
        channel, lag = np.unravel_index(np.abs(field).max(axis=(2, 3)).argmax(), field.shape[:2])
        limit = np.abs(field).max() or 1
        axes.imshow(field[channel, lag], cmap="RdBu_r", vmin=-limit, vmax=limit)
        when = f"{1000 * lag / rate:.0f} ms" if rate else f"lag {lag}"
        axes.set_title(f"neuron {neuron}, channel {channel}, {when}", fontsize="small")
        axes.set_axis_off()
    for axes in figure.axes[len(order) :]:
        axes.set_axis_off()


def _raster(axes: Any, session: Session) -> None:
    """Draw each neuron's response to the test, mean over trials, as a row."""
    name, test = next(iter(session.tests.items()))
    order = np.argsort(np.nan_to_num(_quality(session), nan=-1))
    values = test.responses[order]
    high = np.percentile(values, 99) or 1
    rate = session.recording.rate_hz
    end = values.shape[1] / rate if rate else values.shape[1]
    axes.imshow(
        values,
        aspect="auto",
        cmap="Greys",
        vmin=min(0, float(values.min())),
        vmax=high,
        extent=(0, end, 0, len(values)),
        interpolation="nearest",
    )
    trials = 0 if test.trials is None else len(test.trials)
    axes.set_title(
        f"responses to {name!r}, {trials} trials, most reliable above", fontsize="medium"
    )
    axes.set_xlabel("time [s]" if rate else "frame")
    axes.set_ylabel("neurons")


def _reliability(axes: Any, session: Session) -> None:
    quality = _quality(session)
    there = quality[np.isfinite(quality)]
    axes.set_title("reliability", fontsize="medium")
    if not len(there):
        axes.text(0.5, 0.5, "no repeated trials", ha="center", va="center")
        axes.set_axis_off()
        return
    axes.hist(there, bins=np.linspace(min(0, float(there.min())), 1, 21), color="0.4")
    axes.set_xlabel("explainable variance, fraction of the total")
    axes.set_ylabel("neurons")


def _quality(session: Session) -> Any:
    test = next(iter(session.tests.values()))
    if test.trials is None or len(test.trials) < 2:
        return np.full(session.n_neurons, np.nan)
    return reliability.explainable_variance(test.trials)
