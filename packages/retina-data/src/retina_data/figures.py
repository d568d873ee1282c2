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

#: Neurons whose receptive fields are shown, and frames of the movie.
NEURONS, FRAMES = 6, 5
#: The most of a full-field stimulus that is drawn, and of training responses, in seconds.
LEVEL_S, RASTER_S = 35, 60


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
    """Draw frames from all over the stimulus: of those looked at, the ones that show most."""
    looked_at = min(12 * FRAMES, len(session.stimulus))
    times = np.linspace(0, len(session.stimulus) - 1, looked_at).astype(int)
    stored = session.stimulus.chunks(times, 1)[:, 0, 0]
    frames = session.stimulus.movie.normalize(stored).numpy()
    if _full_field(frames):
        _level(figure, session)
        return
    shows = frames.std(axis=(1, 2)) + np.abs(frames.mean(axis=(1, 2)) - frames.mean())
    parts = np.array_split(np.arange(looked_at), min(FRAMES, looked_at))
    chosen = [part[shows[part].argmax()] for part in parts]
    low, high = np.percentile(frames[chosen], [0.5, 99.5])
    figure.suptitle("frames of the training stimulus (channel 0)", fontsize="medium")
    for axes, at in zip(figure.subplots(1, FRAMES), chosen, strict=False):
        axes.imshow(frames[at], cmap="gray", vmin=low, vmax=max(high, low + 1e-6))
        axes.set_title(f"{_unit(session)} {times[at]}", fontsize="small")
    for axes in figure.axes:
        axes.set_axis_off()


def _full_field(frames: Any) -> bool:
    """Say whether each frame ``(..., height, width)`` has a single grey value."""
    return bool(np.ptp(frames, axis=(-2, -1)).max() <= 1e-3 * np.abs(frames).max())


def _level(figure: Any, session: Session) -> None:
    """Draw a full-field stimulus as what it is: a light that changes in time."""
    rate = session.recording.rate_hz
    shown = min(round(LEVEL_S * (rate or 30)), len(session.stimulus))
    stored = session.stimulus.chunks(np.zeros(1, np.int64), shown)[0]
    level = session.stimulus.movie.normalize(stored).numpy().mean(axis=(2, 3))
    figure.suptitle("the training stimulus: full field", fontsize="medium")
    axes = figure.subplots()
    for channel, values in enumerate(level):
        width = _width(channel)
        axes.plot(np.arange(shown) / (rate or 1), values, lw=width, label=f"channel {channel}")
    axes.legend(loc="upper right", fontsize="small")
    axes.set_xlabel("time [s]" if rate else _unit(session))
    axes.set_ylabel("light, normalised")
    axes.margins(x=0)


def _width(channel: int) -> float:
    """Give the width of a channel's line: one that hides another leaves its edges."""
    return 3 / (1 + 2 * channel)


def _unit(session: Session) -> str:
    return "image" if session.clip_length == 1 else "frame"


def _receptive_fields(figure: Any, session: Session, lags: int) -> None:
    quality = _quality(session)
    order = np.argsort(-np.nan_to_num(quality, nan=-1))[:NEURONS]
    fields = spike_triggered_average(session, lags=lags, neurons=order.tolist())
    rate = session.recording.rate_hz
    if _full_field(fields):
        _time_courses(figure, fields.mean(axis=(3, 4)), order, rate)
        return
    figure.suptitle(
        "spike-triggered averages at their peak: red where light went with the response",
        fontsize="medium",
    )
    for axes, neuron, field in zip(figure.subplots(3, 2).flat, order, fields, strict=False):
        channel, lag = np.unravel_index(np.abs(field).max(axis=(2, 3)).argmax(), field.shape[:2])
        limit = np.abs(field).max() or 1
        axes.imshow(field[channel, lag], cmap="RdBu_r", vmin=-limit, vmax=limit)
        when = f"{1000 * lag / rate:.0f} ms" if rate else f"lag {lag}"
        axes.set_title(f"neuron {neuron}, channel {channel}, {when}", fontsize="small")
        axes.set_axis_off()
    for axes in figure.axes[len(order) :]:
        axes.set_axis_off()


def _time_courses(figure: Any, courses: Any, order: Any, rate: float | None) -> None:
    """Draw spike-triggered averages ``(neurons, channels, lags)`` that have no place."""
    figure.suptitle("spike-triggered averages of the full field", fontsize="medium")
    panels = figure.subplots(3, 2, sharex=True, sharey=True)
    before = -np.arange(courses.shape[2]) * (1000 / rate if rate else 1)
    for axes, neuron, course in zip(panels.flat, order, courses, strict=False):
        axes.axhline(0, color="0.8", lw=0.8)
        for channel, values in enumerate(course):
            axes.plot(before, values, lw=_width(channel), label=f"channel {channel}")
        axes.set_title(f"neuron {neuron}", fontsize="small")
    for axes in panels[-1]:
        axes.set_xlabel("before the response [ms]" if rate else "before the response [frames]")
    panels[0, 0].legend(fontsize="small")
    for axes in panels.flat[len(order) :]:
        axes.set_axis_off()


def _raster(axes: Any, session: Session) -> None:
    """Draw each neuron's response to the test, mean over trials, as a row."""
    name, test = next(iter(session.tests.items()), ("training, the beginning", None))
    rate = session.recording.rate_hz
    order = np.argsort(np.nan_to_num(_quality(session), nan=-1))
    shown = (
        session.responses[:, : round(RASTER_S * (rate or 30))] if test is None else test.responses
    )
    values = shown[order]
    high = np.percentile(values, 99) or 1
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
    trials = 0 if test is None or test.trials is None else len(test.trials)
    about = f"{trials} trials, most reliable above" if trials else "no repeated trials"
    axes.set_title(f"responses to {name}, {about}", fontsize="medium")
    axes.set_xlabel("time [s]" if rate else _unit(session))
    axes.set_ylabel("neurons")
    axes.yaxis.get_major_locator().set_params(integer=True)


def _reliability(axes: Any, session: Session) -> None:
    quality = _quality(session)
    there = quality[np.isfinite(quality)]
    axes.set_title("reliability", fontsize="medium")
    if not len(there):
        why = "a test without repeated trials" if session.tests else "no test with repeated trials"
        axes.text(0.5, 0.5, why, ha="center", va="center")
        axes.set_axis_off()
        return
    axes.hist(there, bins=np.linspace(min(0, float(there.min())), 1, 21), color="0.4")
    axes.set_xlabel("explainable variance, fraction of the total")
    axes.set_ylabel("neurons")
    axes.yaxis.get_major_locator().set_params(integer=True)


def _quality(session: Session) -> Any:
    test = next(iter(session.tests.values()), None)
    if test is None or test.trials is None or len(test.trials) < 2:
        return np.full(session.n_neurons, np.nan)
    return reliability.explainable_variance(test.trials)
