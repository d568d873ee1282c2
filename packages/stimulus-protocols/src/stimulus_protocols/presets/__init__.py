"""Stimulus sets of published recordings, by name."""

from collections.abc import Callable

from stimulus_protocols.presets.allen import (
    allen_drifting_gratings,
    allen_locally_sparse_noise,
    allen_static_gratings,
)
from stimulus_protocols.presets.euler import euler_chirp, euler_dense_noise, euler_moving_bars
from stimulus_protocols.stimuli import Stimulus
from stimulus_protocols.timeline import Timeline

#: The presets by name.
BY_NAME: dict[str, Callable[..., Stimulus | Timeline]] = {
    preset.__name__: preset
    for preset in (
        allen_drifting_gratings,
        allen_static_gratings,
        allen_locally_sparse_noise,
        euler_chirp,
        euler_moving_bars,
        euler_dense_noise,
    )
}

__all__ = [
    "BY_NAME",
    "allen_drifting_gratings",
    "allen_locally_sparse_noise",
    "allen_static_gratings",
    "euler_chirp",
    "euler_dense_noise",
    "euler_moving_bars",
]
