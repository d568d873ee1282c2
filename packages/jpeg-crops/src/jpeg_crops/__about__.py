"""The version of jpeg-crops; one place, read by the build."""

__version__ = "0.1.0"
