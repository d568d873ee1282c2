"""Neural recordings as WebDataset shards, and loaders that resume exactly."""

from neural_shards.__about__ import __version__
from neural_shards.writer import WebDatasetWriter

__all__ = ["WebDatasetWriter", "__version__"]
