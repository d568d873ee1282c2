"""The version of neural-shards; one place, read by the build."""

__version__ = "0.1.0"
