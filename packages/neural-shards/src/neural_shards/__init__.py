"""neural-shards."""

from neural_shards.__about__ import __version__

__all__ = ["__version__"]
