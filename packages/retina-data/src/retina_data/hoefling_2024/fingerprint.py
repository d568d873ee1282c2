"""Chirp and moving bar: the stimuli by whose responses cell types are told apart.

Rendered from what is known of them: the scripts of the stimulus software
(QDSpy, ``RGC_Chirp`` and ``RGC_MovingBar``), and the movies that early
releases of openretina shipped. The chirp is equal to that one frame for frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import check_known, problems, strict_arguments
from retina_data.datasets import session_dataloaders
from retina_data.hoefling_2024.constants import (
    BAR_DIRECTIONS_DEG,
    BAR_FRAMES,
    CHIRP_FRAMES,
    PIXELS_UM,
    RATE_HZ,
    RECORDING,
    SIZES,
    Resolution,
)
from retina_data.hoefling_2024.responses import repeated_responses
from retina_data.hoefling_2024.traces import Traces
from retina_data.loaders import SessionLoader
from retina_data.movies import Movie, Stimulus
from retina_data.sessions import Session

#: Grey values: half and full; what turns them into contrasts from -1 to 1.
HALF, FULL, GREY = 127, 254, 128.0
#: Frames of a clip that validation is drawn from: 3 s of a chirp, one direction of the bar.
CLIPS = {"chirp": 90, "mb": BAR_FRAMES}
#: Along and across its motion, in um; its speed, in um a second; the frame in which it stands
#: in the middle; and into how many parts a pixel is split to draw its edges.
BAR_LENGTH_UM, BAR_WIDTH_UM, BAR_UM_S, BAR_MIDDLE, FINE = 1000.0, 300.0, 1000.0, 64, 5

Grey = npt.NDArray[np.uint8]


def chirp(resolution: Resolution = "low") -> Grey:
    """Render the chirp: steps of the full field, then flicker of rising frequency and contrast.

    Returns
    -------
    uint8 array of shape ``(2, 990, height, width)``, 30 frames a second; the
    channels are equal.

    Examples
    --------
    >>> chirp()[0, [30, 90, 180, 270], 0, 0].tolist()
    [0, 254, 0, 127]
    """
    check_known("resolution", [resolution], SIZES)
    # The stimulus software computed 60 values a second; the movie has every second, one late.
    at = 2 * (np.arange(CHIRP_FRAMES) - 1)
    values = np.zeros(CHIRP_FRAMES)
    for first, end, value in ((2, 5, FULL), (8, 10, HALF), (18, 20, HALF), (28, 30, HALF)):
        values[(at >= 60 * first) & (at < 60 * end)] = value
    for first, frequency in ((10, True), (20, False)):
        inside = (at >= 60 * first) & (at < 60 * (first + 8))
        seconds = (at[inside] - 60 * first) * (1 / 60)
        if frequency:
            wave = np.sin(np.pi * seconds**2) * HALF
        else:
            wave = np.sin(2 * np.pi * 2 * seconds) * np.trunc(HALF * seconds / 8)
        values[inside] = np.trunc(wave + HALF)
    shape = (2, CHIRP_FRAMES, *SIZES[resolution])
    return np.ascontiguousarray(
        np.broadcast_to(values.astype(np.uint8)[:, np.newaxis, np.newaxis], shape)
    )


def moving_bar(resolution: Resolution = "low", *, pixel_um: float | None = None) -> Grey:
    """Render the moving bar: white on black, 0.3 x 1 mm, along its length at 1 mm a second.

    Parameters
    ----------
    resolution
        Of the frames.
    pixel_um
        Width of a pixel; by default as in the natural movie (50 or 12.5). The
        movie that openretina shipped at 18 x 16 has about 40.

    Returns
    -------
    uint8 array of shape ``(2, 8 * 123, height, width)``, 30 frames a second:
    the directions of `BAR_DIRECTIONS_DEG` (0 is rightward, counter-clockwise),
    one after the other; the channels are equal.
    """
    check_known("resolution", [resolution], SIZES)
    pixel = PIXELS_UM[resolution] if pixel_um is None else pixel_um
    size = SIZES[resolution]
    y, x = ((np.arange(n * FINE) + 0.5 - n * FINE / 2) * pixel / FINE for n in size)
    frames = np.empty((len(BAR_DIRECTIONS_DEG), BAR_FRAMES, *size), np.uint8)
    middle = (np.arange(BAR_FRAMES) - BAR_MIDDLE) * BAR_UM_S / RATE_HZ
    for direction, degrees in zip(frames, BAR_DIRECTIONS_DEG, strict=True):
        cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        along = x * cos - y[:, np.newaxis] * sin  # rows go down, angles go up
        beside = np.abs(x * sin + y[:, np.newaxis] * cos) < BAR_WIDTH_UM / 2
        for frame, centre in zip(direction, middle, strict=True):
            inside = beside & (np.abs(along - centre) < BAR_LENGTH_UM / 2)
            covered = inside.reshape(size[0], FINE, size[1], FINE).mean(axis=(1, 3))
            frame[:] = np.round(255 * covered)
    return np.stack([frames.reshape(-1, *size)] * 2)


@strict_arguments
def fingerprint_sessions(
    neuron_data_dictionary: Mapping[str, Traces], *, resolution: Resolution = "low"
) -> dict[str, Session]:
    """Put chirp or moving bar together with the responses to all of its repetitions.

    Parameters
    ----------
    neuron_data_dictionary
        Traces by session, of one stimulus: `read_traces` with
        ``stimulus="chirp"`` or ``"mb"``, as they are or through
        `filter_responses`.
    resolution
        Of the frames.

    Returns
    -------
    Sessions without a test: all repetitions show the same. A clip is 3 s of
    the chirp, or a direction of the bar, and has the same number in all
    repetitions, so none is in two splits.
    """
    named = sorted({session.stimulus for session in neuron_data_dictionary.values()})
    if named not in (["chirp"], ["mb"]):
        raise problems(
            "these are no responses to one of chirp and moving bar", [f"stimuli: {named}"]
        )
    (stimulus,) = named
    frames = chirp(resolution) if stimulus == "chirp" else moving_bar(resolution)
    movie = Movie(frames, GREY, GREY, encoded=True)  # type: ignore[arg-type]  # an array will do
    recording = replace(RECORDING, pixel_um=PIXELS_UM[resolution])
    length, block = CLIPS[stimulus], CHIRP_FRAMES if stimulus == "chirp" else BAR_FRAMES
    sessions = {}
    for name, traces in neuron_data_dictionary.items():
        responses = repeated_responses(traces)
        trials, neurons, time = responses.shape
        sessions[name] = Session(
            name=name,
            stimulus=Stimulus(movie, np.tile(np.arange(time), trials), traces.eye == "left"),
            responses=responses.transpose(1, 0, 2).reshape(neurons, -1).astype(np.float32),
            tests={},
            clips=np.tile(np.arange(time // length), trials),
            clip_length=length,
            breaks=tuple(range(block, trials * time, block)),
            neurons=traces.neurons,
            recording=recording,
            path=traces.path,
        )
    return sessions


@strict_arguments
def fingerprint_dataloaders(
    neuron_data_dictionary: Mapping[str, Traces],
    train_chunk_size: int = 50,
    batch_size: int = 32,
    *,
    resolution: Resolution = "low",
    validation_fraction: float = 0.1,
    seed: int = 0,
    normalize_responses: bool = True,
) -> dict[str, dict[str, SessionLoader]]:
    """Make training and validation loaders for chirp or moving bar.

    Parameters
    ----------
    neuron_data_dictionary, resolution
        As in `fingerprint_sessions`.
    train_chunk_size, batch_size, validation_fraction, seed, normalize_responses
        As in `retina_data.datasets.session_dataloaders`.

    Returns
    -------
    ``{"train", "validation"}``, each a dict from session to loader.

    Examples
    --------
    >>> from retina_data.hoefling_2024 import filter_responses, read_traces, write_synthetic
    >>> _ = write_synthetic("data", seed=0, n_clips=8, n_sessions=1)
    >>> traces, removed = filter_responses(read_traces("data", stimulus="chirp"))
    >>> loaders = fingerprint_dataloaders(traces, batch_size=4)
    >>> inputs, targets = next(iter(loaders["train"]["session_1_ventral1_20200101"]))
    >>> tuple(inputs.shape), tuple(targets.shape)
    ((4, 2, 50, 18, 16), (4, 50, 12))
    """
    return session_dataloaders(
        fingerprint_sessions(neuron_data_dictionary, resolution=resolution),
        chunk_size=train_chunk_size,
        batch_size=batch_size,
        validation_fraction=validation_fraction,
        seed=seed,
        normalize_responses=normalize_responses,
    )
