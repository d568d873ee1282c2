"""The version of retina-data; one place, read by the build."""

__version__ = "0.1.0"
