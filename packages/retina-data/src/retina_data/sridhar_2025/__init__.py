"""Sridhar et al. 2025: a natural movie with eye movements, and white noise, to marmoset retina.

Multielectrode array, 85 Hz. Doi:10.1101/2024.03.05.583449, data
doi:10.12751/g-node.3dfiti.

- `dataloaders`: sessions and loaders.
- `files`, `natural_movie`, `white_noise`: the published files.
- `synthetic`: small data sets in the same layout, with known receptive fields.
"""

from retina_data.sridhar_2025.constants import FOLDER
from retina_data.sridhar_2025.dataloaders import get_sridhar_dataloaders, read_sessions
from retina_data.sridhar_2025.synthetic import write_synthetic

__all__ = ["FOLDER", "get_sridhar_dataloaders", "read_sessions", "write_synthetic"]
