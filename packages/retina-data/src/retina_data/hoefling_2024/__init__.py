"""Hoefling et al. 2024: natural movies to mouse retina, two-photon calcium imaging.

Doi:10.7554/eLife.86860.

- `stimuli`, `responses`: the published files.
- `traces`, `filters`: from the recorded traces to the neurons that are kept.
- `dataloaders`: loaders for all splits.
- `fingerprint`: chirp and moving bar, and their loaders.
- `synthetic`: small data sets in the same layout, with known receptive fields.
"""

from retina_data.hoefling_2024.constants import Resolution, StimulusName
from retina_data.hoefling_2024.dataloaders import natmov_dataloaders_v2, natmov_sessions
from retina_data.hoefling_2024.filters import Filters, filter_responses
from retina_data.hoefling_2024.fingerprint import (
    chirp,
    fingerprint_dataloaders,
    fingerprint_sessions,
    moving_bar,
)
from retina_data.hoefling_2024.responses import (
    get_all_responses,
    make_final_responses,
    repeated_responses,
)
from retina_data.hoefling_2024.stimuli import get_all_movies
from retina_data.hoefling_2024.synthetic import write_synthetic
from retina_data.hoefling_2024.traces import read_traces

__all__ = [
    "Filters",
    "Resolution",
    "StimulusName",
    "chirp",
    "filter_responses",
    "fingerprint_dataloaders",
    "fingerprint_sessions",
    "get_all_movies",
    "get_all_responses",
    "make_final_responses",
    "moving_bar",
    "natmov_dataloaders_v2",
    "natmov_sessions",
    "read_traces",
    "repeated_responses",
    "write_synthetic",
]
