"""The one place that decides which distribution of Lightning is used.

``lightning`` where it is installed, else ``pytorch_lightning``: they are the
same code under two names, and a data module of one is none for the other.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING or find_spec("lightning") is not None:
    from lightning.pytorch import LightningDataModule
else:
    from pytorch_lightning import LightningDataModule

__all__ = ["LightningDataModule"]
