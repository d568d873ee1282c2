"""Timelines of computed stimuli as movies."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch

from neuroai_core.errors import InputError
from stimulus_protocols.presentation import Presentation
from stimulus_protocols.stimuli import Stimulus
from stimulus_protocols.timeline import Segment, Timeline, check_steps


def movie(
    shown: Stimulus | Timeline, start: int = 0, stop: int | None = None, *, mean: float = 0.5
) -> npt.NDArray[np.float32]:
    """Render some frames of a stimulus, or of a timeline of computed stimuli.

    Parameters
    ----------
    shown
        A stimulus, or a timeline that shows no images of a data set.
    start, stop
        Frames; only these are rendered.
    mean
        What blanks of a timeline show.

    Returns
    -------
    float32 array ``(channels, time, height, width)``.

    Examples
    --------
    >>> from stimulus_protocols import blank, computed
    >>> from stimulus_protocols.stimuli import Flash
    >>> flash = Flash(frames=2, height=1, width=1)
    >>> movie((blank(3) >> computed(flash)) * 1_000_000, 4_999_996).ravel().tolist()
    [0.5, 0.5, 1.0, 1.0]
    """
    start, stop = check_steps(start, stop, len(shown))
    if isinstance(shown, Stimulus):
        return shown.render(start, stop)
    stimulus = next(stimuli_of(shown), None)
    if stimulus is None or shown.items:
        raise InputError(
            "only a timeline of computed stimuli is a movie by itself",
            expected="computed stimuli, no images",
            found=f"{shown.items} image(s) a trial",
            hint="present a data set with StimulusProtocolDataLoader",
        )
    channels, _, height, width = stimulus.shape
    nothing = torch.full((1, channels, height, width), mean)
    table = shown.table(start, stop)
    frames = Presentation(nothing, torch.tensor([-1]), table, void_value=mean).materialise()
    return frames[0].numpy().swapaxes(0, 1)


def stimuli_of(timeline: Timeline) -> Iterator[Stimulus]:
    """Give the computed stimuli of a timeline, in order, each segment's once."""
    if isinstance(timeline, Segment) and timeline.stimulus is not None:
        yield timeline.stimulus
    for part in timeline.children:
        yield from stimuli_of(part)
