"""retina-data."""

from retina_data.__about__ import __version__

__all__ = ["__version__"]
