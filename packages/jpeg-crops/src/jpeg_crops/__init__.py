"""jpeg-crops."""

from jpeg_crops.__about__ import __version__

__all__ = ["__version__"]
