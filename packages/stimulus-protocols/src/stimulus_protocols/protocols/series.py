"""Several conditions of one protocol."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from neuroai_core.errors import InputError
from stimulus_protocols.timeline import Timeline


def log_steps(low: float, high: float, count: int) -> list[float]:
    """Give values from `low` to `high` in equal factors, as contrast series have them.

    Examples
    --------
    >>> log_steps(0.1, 1.0, 3)
    [0.1, 0.316227766016838, 1.0]
    """
    if not 0 < low <= high or count < 1:
        raise InputError(
            "the steps are impossible",
            expected="0 < low <= high, count of 1 or more",
            found=f"low={low}, high={high}, count={count}",
        )
    # 15 digits: the last one differs between releases of NumPy, and conditions are keyed by it.
    values = [float(f"{value:.15g}") for value in np.geomspace(low, high, count)]
    return [low, *values[1:-1], high] if count > 1 else [low]


def series(
    protocol: Callable[..., Timeline], **parameters: Any
) -> list[tuple[dict[str, Any], Timeline]]:
    """Make a timeline for every combination of the listed values.

    Parameters
    ----------
    protocol
        One of the protocols.
    **parameters
        Its arguments; each that is a list or a tuple is varied.

    Returns
    -------
    The varied values of each condition and its timeline; the last parameter
    varies fastest.

    Examples
    --------
    >>> from stimulus_protocols import protocols
    >>> conditions = series(protocols.duration, n_timesteps=9, stimulus_duration=[1, 3, 5])
    >>> [(values, int(timeline.table().gain.sum())) for values, timeline in conditions][1]
    ({'stimulus_duration': 3}, 3)
    """
    return [
        (
            {
                name: value
                for name, value in zip(parameters, values, strict=True)
                if _varies(parameters[name])
            },
            protocol(**dict(zip(parameters, values, strict=True))),
        )
        for values in itertools.product(*map(_listed, parameters.values()))
    ]


def _varies(value: object) -> bool:
    return isinstance(value, list | tuple)


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]
