"""The version of imagenet-dm; one place, read by the build."""

__version__ = "0.1.0"
