"""What the neuroai data packages share.

- `errors`: errors that say what was expected, what was found, and where.
- `extras`: optional dependencies, and the message when one is missing.
- `files`: atomic writes, checksums, safe archives, downloads, the cache folder.
- `order`: the order of an epoch as a pure function of (seed, epoch, position).
- `permutation`: random access into a permutation of any size.
- `rng`: random numbers for a tuple of keys.
- `stripes`: an epoch dealt to ranks and workers, and how far it has come.
- `timebase`: milliseconds and seconds to frames and back.
"""

from neuroai_core.__about__ import __version__
from neuroai_core.errors import (
    DataError,
    InputError,
    MissingExtraError,
    NeuroAIError,
    NotFoundError,
    ProblemsError,
    UnknownArgumentError,
    UnknownNameError,
)
from neuroai_core.order import EpochOrder
from neuroai_core.permutation import Permutation
from neuroai_core.rng import generator
from neuroai_core.stripes import Progress, Stripes
from neuroai_core.timebase import Timebase

__all__ = [
    "DataError",
    "EpochOrder",
    "InputError",
    "MissingExtraError",
    "NeuroAIError",
    "NotFoundError",
    "Permutation",
    "ProblemsError",
    "Progress",
    "Stripes",
    "Timebase",
    "UnknownArgumentError",
    "UnknownNameError",
    "__version__",
    "generator",
]
