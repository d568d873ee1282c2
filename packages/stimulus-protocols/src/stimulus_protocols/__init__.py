"""stimulus-protocols."""

from stimulus_protocols.__about__ import __version__

__all__ = ["__version__"]
