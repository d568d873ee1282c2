"""The responses of Hoefling et al. 2024 as they were recorded, session by session."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from neuroai_core.errors import DataError, check_known, problems
from retina_data.hoefling_2024.constants import (
    BAR_S,
    CHIRP_S,
    CHIRP_TRIGGERS,
    CLIP_S,
    MISLABELLED_RIGHT,
    RESPONSES,
    StimulusName,
    Trace,
)
from retina_data.repository import PathLike, converted, locate, only_member

Floats = npt.NDArray[np.floating]
#: How long after a trigger responses are taken, in seconds, and which triggers count.
DURATIONS_S: dict[StimulusName, float] = {"natural": CLIP_S, "chirp": CHIRP_S, "mb": BAR_S}
EVERY: dict[StimulusName, int] = {"natural": 1, "chirp": CHIRP_TRIGGERS, "mb": 1}
#: What the imaging may lack before the first trigger and after the last response, in seconds;
#: and how much of its duration a presentation takes at least, until the next trigger.
LACKING_S, LEAST = 1.0, 0.9
#: Columns of the table of neurons.
COLUMNS = ("d_qi", "chirp_qi", "group_assignment", "group_confidences", "roi_ids")


@dataclass(frozen=True, eq=False)
class Traces:
    """The traces of a session, at the times of the imaging.

    Attributes
    ----------
    stimulus
        What was shown: ``"natural"``, ``"chirp"`` or ``"mb"``.
    traces, times_s
        ``(neurons, samples)``, and when each sample was taken, in seconds.
    triggers_s
        When the stimulus's triggers came, ``(triggers,)``.
    neurons
        Table of the neurons: `COLUMNS`.
    eye
        ``"left"`` or ``"right"``.
    sequence
        Which of the random sequences was shown.
    roi_mask
        ``(64, 64)``: where a neuron was seen, by minus its ROI number.
    path
        The file they came from, for messages.
    """

    stimulus: StimulusName
    traces: Floats
    times_s: Floats
    triggers_s: Floats
    neurons: Mapping[str, npt.NDArray[Any]]
    eye: str
    sequence: int
    roi_mask: npt.NDArray[Any]
    path: Path | None = None

    def select(self, mask: npt.NDArray[np.bool_]) -> Traces:
        """Keep some neurons: a mask over the neuron axis, which is the first of everything."""
        return replace(
            self,
            traces=self.traces[mask],
            times_s=self.times_s[mask],
            neurons={key: column[mask] for key, column in self.neurons.items()},
        )


def read_traces(
    path: PathLike | None = None,
    *,
    stimulus: StimulusName = "natural",
    trace: Trace = "spikes",
    download: bool = True,
) -> dict[str, Traces]:
    """Read the recorded traces of all sessions.

    Parameters
    ----------
    path
        A folder with the files as published, or the file itself. None: the
        cache folder.
    stimulus
        ``"natural"``, ``"chirp"`` or ``"mb"`` (moving bar).
    trace
        ``"spikes"`` (inferred), ``"raw"``, ``"preprocessed"`` or
        ``"detrended"`` (raw less smoothed).
    download
        Whether the file is fetched if it is not in the cache folder.

    Raises
    ------
    ProblemsError
        Listing everything that is missing or does not fit, of all sessions.
    """
    check_known("stimulus", [stimulus], ("natural", "chirp", "mb"))
    check_known("trace", [trace], ("spikes", "raw", "preprocessed", "detrended"))
    source = locate(RESPONSES, path, fetch_as="hoefling_2024", download=download)
    unpacked = converted(source, "h5", _unpack) if source.suffix == ".zip" else source
    found: list[str] = []
    sessions = {}
    try:
        with h5py.File(unpacked, "r") as file:
            for name, group in file.items():
                listed = _missing(group, stimulus, trace)
                if not listed:
                    sessions[name] = replace(_read(name, group, stimulus, trace), path=source)
                    listed = _mismatches(sessions[name])
                found += [f"{name}/{problem}" for problem in listed]
    except OSError as error:
        raise DataError("a file of responses is damaged", path=source, found=str(error)) from error
    if found or not sessions:
        raise problems("the responses do not fit together", found or ["no session"], path=source)
    return sessions


def _unpack(archive: Path, target: Path) -> None:
    with only_member(archive) as file, open(target, "wb") as unpacked:
        shutil.copyfileobj(file, unpacked, 1 << 20)


def _keys(group: h5py.Group, stimulus: str, trace: Trace) -> list[str]:
    """Give the data sets that make up a trace, under the names of older or newer files."""
    if trace == "detrended":
        return [f"{stimulus}_raw_traces", f"{stimulus}_smoothed_traces"]
    if trace == "spikes":
        older, newer = f"{stimulus}_inferred_spikes", f"{stimulus}_spikes"
        return [newer if newer in group and older not in group else older]
    return [f"{stimulus}_{trace}_traces"]


def _missing(group: h5py.Group, stimulus: str, trace: Trace) -> list[str]:
    keys = [*_keys(group, stimulus, trace), f"{stimulus}_trigger_times", *COLUMNS, "roi_mask"]
    if f"{stimulus}_traces_times" not in group:
        keys += [f"{stimulus}_traces_t0", f"{stimulus}_traces_dt"]
    missing = [f"{key}: missing" for key in keys if key not in group]
    return missing + [
        f"attribute {key}: missing"
        for key in ("eye", "scan_sequence_idx")
        if key not in group.attrs
    ]


def _read(name: str, group: h5py.Group, stimulus: StimulusName, trace: Trace) -> Traces:
    parts = [np.asarray(group[key], np.float64) for key in _keys(group, stimulus, trace)]
    traces = parts[0] if len(parts) == 1 else parts[0] - parts[1]
    if f"{stimulus}_traces_times" in group:
        times = np.asarray(group[f"{stimulus}_traces_times"], np.float64)
    else:
        start, step = (
            np.asarray(group[f"{stimulus}_traces_{key}"], np.float64).reshape(-1, 1)
            for key in ("t0", "dt")
        )
        times = np.broadcast_to(start + step * np.arange(traces.shape[1]), traces.shape)
    eye = group.attrs["eye"]
    eye = eye.decode() if isinstance(eye, bytes) else str(eye)
    return Traces(
        stimulus=stimulus,
        traces=traces,
        times_s=times,
        triggers_s=np.atleast_2d(group[f"{stimulus}_trigger_times"])[0].astype(np.float64),
        neurons={key: np.asarray(group[key]) for key in COLUMNS},
        eye="right" if name == MISLABELLED_RIGHT else eye,
        sequence=int(group.attrs["scan_sequence_idx"]),
        roi_mask=np.asarray(group["roi_mask"]),
    )


def _mismatches(session: Traces) -> list[str]:
    neurons = len(session.traces)
    found = []
    if session.times_s.shape != session.traces.shape:
        found.append(f"traces_times: shape {session.times_s.shape}, traces {session.traces.shape}")
    found += [
        f"{key}: {len(column)} rows for {neurons} neurons"
        for key, column in session.neurons.items()
        if len(column) != neurons
    ]
    if session.eye not in ("left", "right"):
        found.append(f"attribute eye: {session.eye!r}, not 'left' or 'right'")
    if not np.isfinite(session.triggers_s).all() or (np.diff(session.triggers_s) <= 0).any():
        return [*found, "trigger_times: do not rise"]
    return found + _times(session)


def _times(session: Traces) -> list[str]:
    """List where traces do not reach from the first trigger to the end of what the last began."""
    key, times = session.stimulus, session.times_s
    if not times.size or not np.isfinite(times).all() or (np.diff(times, axis=1) <= 0).any():
        return [f"{key}_traces_times: shape {times.shape}, times do not rise"]
    starts, duration = session.triggers_s[:: EVERY[key]], DURATIONS_S[key]
    if not len(starts):
        return [f"{key}_trigger_times: none"]
    found = []
    first, last = times[:, 0].max(), times[:, -1].min()
    if first > starts[0] + LACKING_S or last < starts[-1] + duration - LACKING_S:
        found.append(
            f"{key}_traces_times: shape {times.shape}, from {first:.2f} to {last:.2f} s; "
            f"{len(session.triggers_s)} triggers ask for {starts[0]:.2f} to "
            f"{starts[-1] + duration:.2f} s"
        )
    least = np.diff(starts).min(initial=np.inf)
    if least < LEAST * duration:
        found.append(
            f"{key}_trigger_times: {len(session.triggers_s)} triggers, two of them {least:.2f} s "
            f"apart, but what each begins takes {duration:.2f} s"
        )
    return found
