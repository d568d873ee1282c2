"""Movies in NWB files: each different frame once, indices for repeats, intervals (extra `nwb`)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neuroai_core.extras import require
from neuroai_core.files import atomic_path
from stimulus_protocols.movie import movie
from stimulus_protocols.specs import content_hash, to_yaml
from stimulus_protocols.stimuli import InTurn, Stimulus
from stimulus_protocols.timeline import Timeline


def write_nwb(shown: Stimulus | Timeline, path: Path, *, start: int, stop: int) -> None:
    """Write frames as an `IndexSeries` over templates, with an interval for each part.

    Parameters
    ----------
    shown
        A stimulus, or a timeline of computed stimuli.
    path
        Where to.
    start, stop
        Frames.
    """
    pynwb = require("pynwb", package="stimulus-protocols", extra="nwb")
    base = require("pynwb.base", package="stimulus-protocols", extra="nwb")
    image = require("pynwb.image", package="stimulus-protocols", extra="nwb")
    from stimulus_protocols.export import frame_rate

    templates, index = unique_frames(movie(shown, start, stop))
    rate = frame_rate(shown)
    digest = content_hash(shown)
    file = pynwb.NWBFile(
        session_description="a stimulus, as it was shown",
        identifier=f"{digest}:{start}:{stop}",
        session_start_time=datetime(1970, 1, 1, tzinfo=UTC),
        experiment_description=to_yaml(shown),
        notes=f"stimulus-protocols, sha256 {digest}; the session start is a placeholder",
    )
    pictures = [_picture(image, number, frame) for number, frame in enumerate(templates)]
    images = base.Images(
        name="frames",
        images=pictures,
        description="each different frame once: linear luminance, rows from the top",
        order_of_images=base.ImageReferences(name="order_of_images", data=pictures),
    )
    file.add_stimulus_template(images)
    file.add_stimulus(
        image.IndexSeries(
            name="shown",
            data=index.astype(np.uint32),
            indexed_images=images,
            unit="N/A",
            rate=float(rate),
            starting_time=start / rate,
            description="which of the frames is shown at each step",
        )
    )
    _add_intervals(file, shown, start, stop, rate)
    with atomic_path(path) as partial:
        # The library warns of names that do not end in .nwb.
        named = partial.with_name(f"{partial.name}.nwb")
        try:
            with pynwb.NWBHDF5IO(str(named), "w") as io:
                io.write(file)
            named.rename(partial)
        finally:
            named.unlink(missing_ok=True)


def unique_frames(
    frames: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Give each different frame once, and which of them is shown at each step.

    Parameters
    ----------
    frames
        ``(channels, time, height, width)``.

    Returns
    -------
    unique, index
        ``(unique, channels, height, width)`` in the order in which they appear, and ``(time,)``.

    Examples
    --------
    >>> unique, index = unique_frames(np.array([2.0, 1, 2, 1], np.float32).reshape(1, 4, 1, 1))
    >>> unique.ravel().tolist(), index.tolist()
    ([2.0, 1.0], [0, 1, 0, 1])
    """
    in_time = np.ascontiguousarray(frames.swapaxes(0, 1))
    known: dict[bytes, int] = {}
    index = [known.setdefault(frame.tobytes(), len(known)) for frame in in_time]
    first = np.unique(index, return_index=True)[1]
    return in_time[first], np.asarray(index, np.int64)


def _picture(image: Any, number: int, frame: npt.NDArray[np.float32]) -> Any:
    name = f"frame_{number:06d}"
    if frame.shape[0] == 3:
        return image.RGBImage(name=name, data=np.moveaxis(frame, 0, -1))
    if frame.shape[0] == 1:
        return image.GrayscaleImage(name=name, data=frame[0])
    # Channels that are no colours are laid side by side.
    return image.GrayscaleImage(
        name=name,
        data=np.concatenate(list(frame), axis=1),
        description=f"{frame.shape[0]} channels side by side",
    )


def _add_intervals(
    file: Any, shown: Stimulus | Timeline, start: int, stop: int, rate: float
) -> None:
    file.add_trial_column(name="stimulus", description="what was shown: type or phase")
    file.add_trial_column(name="parameters", description="all its parameters, as JSON")
    for first, last, name, parameters in _parts(shown, start, stop):
        file.add_trial(
            start_time=first / rate,
            stop_time=last / rate,
            stimulus=name,
            parameters=json.dumps(parameters, sort_keys=True),
        )


def _parts(
    shown: Stimulus | Timeline, start: int, stop: int
) -> list[tuple[int, int, str, dict[str, Any]]]:
    """List what is shown from when to when, cut to the frames that are written."""
    if isinstance(shown, Stimulus):
        listed, at = [], 0
        for part in shown.parts if isinstance(shown, InTurn) else (shown,):
            values = part.model_dump(mode="json")
            listed.append((at, at + part.frames, str(values["type"]), values))
            at += part.frames
    else:
        table = shown.table(start, stop)
        begins = np.flatnonzero(np.diff(table.since_onset[0, 0], prepend=-2) != 1)
        listed = []
        for first, last in zip(begins, [*begins[1:], stop - start], strict=True):
            name = table.phases[int(table.phase[0, 0, first])]
            source = int(table.source[0, 0, first])
            values = table.stimuli[-2 - source].model_dump(mode="json") if source < -1 else {}
            listed.append((start + int(first), start + int(last), name, values))
    cut = ((max(a, start), min(b, stop), name, values) for a, b, name, values in listed)
    return [part for part in cut if part[0] < part[1]]
