"""Published retina recordings, their splits, samplers and cyclers, ready for models.

- `hoefling_2024`, `karamanlis_2024`, `maheswaranathan_2023`, `goldin_2022`, `sridhar_2025`:
  the published recordings; `lab`: a lab's own.
- `base_dataloader`: the base class for a lab's own data.
- `cyclers`: many sessions as one stream of batches.
- `loaders`: sessions to training, validation and test loaders.
- `sessions`, `movies`: what a session is; every unique frame held once.
- `splits`, `orders`, `chunks`: which frames a model may train on, in which order; batches of
  them.
- `train_test_splits`: the containers under openretina's names.
"""

from retina_data.__about__ import __version__
from retina_data.base_dataloader import BaseDataLoader
from retina_data.chunks import DataPoint
from retina_data.cyclers import LongCycler, ShortCycler
from retina_data.loaders import SessionLoader, session_loaders
from retina_data.movies import Movie, Stimulus
from retina_data.sessions import Recording, Session, Test
from retina_data.train_test_splits import MoviesTrainTestSplit, ResponsesTrainTestSplit

__all__ = [
    "BaseDataLoader",
    "DataPoint",
    "LongCycler",
    "Movie",
    "MoviesTrainTestSplit",
    "Recording",
    "ResponsesTrainTestSplit",
    "Session",
    "SessionLoader",
    "ShortCycler",
    "Stimulus",
    "Test",
    "__version__",
    "session_loaders",
]
