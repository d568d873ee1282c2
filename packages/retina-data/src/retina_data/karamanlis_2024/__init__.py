"""Karamanlis et al. 2024: natural and artificial stimuli to mouse and marmoset retina.

Multielectrode array. Doi:10.1038/s41586-024-08212-3, data
doi:10.12751/g-node.ejk8kx.

- `dataloaders`: sessions and loaders.
- `fixation_movie`, `grating_flicker`, `checker_flicker`, `flashes`: the published files.
- `screen`, `fixations`: what was on the screen.
- `synthetic`: small data sets in the same layout, with known receptive fields.
"""

from retina_data.karamanlis_2024.constants import FOLDER
from retina_data.karamanlis_2024.dataloaders import get_karamanlis_dataloaders, read_sessions
from retina_data.karamanlis_2024.synthetic import write_synthetic

__all__ = ["FOLDER", "get_karamanlis_dataloaders", "read_sessions", "write_synthetic"]
