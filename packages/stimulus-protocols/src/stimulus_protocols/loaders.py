"""The three loaders of the field's time-unrolled experiments, presets of the general one."""

from __future__ import annotations

from typing import Any

from stimulus_protocols import protocols
from stimulus_protocols.loader import StimulusProtocolDataLoader
from stimulus_protocols.values import Fraction01, Value


class StimulusDurationDataLoader(StimulusProtocolDataLoader):
    """Present every image for a while: intro, stimulus, outro.

    Parameters
    ----------
    dataset
        A data set or a loader (see `StimulusProtocolDataLoader`).
    n_timesteps
        Steps in all; what is left behind the stimulus is the outro.
    stimulus_duration, intro_duration
        Steps.
    dt_ms
        Milliseconds a step. With it all times are milliseconds, and the edges
        between them are rounded to steps.
    **arguments
        Those of `StimulusProtocolDataLoader` and of `DataLoader`.

    Raises
    ------
    InputError
        If the parts do not fit into `n_timesteps`; their sum is named.

    Examples
    --------
    >>> import torch
    >>> data = [(torch.ones(1, 2, 2), 7)]
    >>> loader = StimulusDurationDataLoader(
    ...     data, n_timesteps=6, stimulus_duration=3, intro_duration=2)
    >>> images, labels = next(iter(loader))
    >>> labels.tolist(), images[0, :, 0, 0, 0].tolist()
    ([[-1, -1, 7, 7, 7, -1]], [0.0, 0.0, 1.0, 1.0, 1.0, 0.0])
    """

    def __init__(
        self,
        dataset: Any,
        *,
        n_timesteps: float,
        stimulus_duration: float,
        intro_duration: float = 0,
        dt_ms: float | None = None,
        **arguments: Any,
    ) -> None:
        timeline = protocols.duration(n_timesteps, stimulus_duration, intro_duration, dt_ms=dt_ms)
        super().__init__(dataset, timeline, **arguments)


class StimulusIntervalDataLoader(StimulusProtocolDataLoader):
    """Present every image twice with a pause: intro, stimulus, interval, stimulus, outro.

    Parameters and errors as in `StimulusDurationDataLoader`;
    `interval_duration` is the pause between the two.

    Examples
    --------
    >>> import torch
    >>> data = [(torch.ones(1, 2, 2), 7)]
    >>> loader = StimulusIntervalDataLoader(
    ...     data, n_timesteps=10, stimulus_duration=2, intro_duration=1, interval_duration=3)
    >>> next(iter(loader))[1].tolist()
    [[-1, 7, 7, -1, -1, -1, 7, 7, -1, -1]]
    """

    def __init__(
        self,
        dataset: Any,
        *,
        n_timesteps: float,
        stimulus_duration: float,
        interval_duration: float,
        intro_duration: float = 0,
        dt_ms: float | None = None,
        **arguments: Any,
    ) -> None:
        timeline = protocols.interval(
            n_timesteps, stimulus_duration, interval_duration, intro_duration, dt_ms=dt_ms
        )
        super().__init__(dataset, timeline, **arguments)


class StimulusContrastDataLoader(StimulusProtocolDataLoader):
    """Present every image for a while at a contrast: ``void + contrast * (image - void)``.

    Parameters and errors as in `StimulusDurationDataLoader`;
    `stimulus_contrast` goes from 0, blank, to 1, the image as it is. Contrast
    is scaled around `void_value`: 0 for normalised data, 0.5 for data from 0
    to 1 (by default where the loader made them so itself), or ``"image_mean"``.

    Examples
    --------
    >>> import torch
    >>> data = [(torch.ones(1, 2, 2), 7)]
    >>> loader = StimulusContrastDataLoader(
    ...     data, n_timesteps=3, stimulus_duration=1, intro_duration=1,
    ...     stimulus_contrast=0.5, void_value=0.5)
    >>> next(iter(loader))[0][0, :, 0, 0, 0].tolist()
    [0.5, 0.75, 0.5]
    """

    def __init__(
        self,
        dataset: Any,
        *,
        n_timesteps: float,
        stimulus_duration: float,
        stimulus_contrast: float,
        intro_duration: float = 0,
        dt_ms: float | None = None,
        **arguments: Any,
    ) -> None:
        timeline = protocols.duration(
            n_timesteps,
            stimulus_duration,
            intro_duration,
            contrast=_Contrast(stimulus_contrast=stimulus_contrast).stimulus_contrast,
            dt_ms=dt_ms,
        )
        super().__init__(dataset, timeline, **arguments)


class _Contrast(Value):
    """Checks the argument by its own name."""

    stimulus_contrast: Fraction01
