"""The modalities of an open recording, all asked in one way."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.events import open_events
from neural_shards.nwb.grid import Grid
from neural_shards.nwb.labels import LabelChannel, open_labels
from neural_shards.nwb.recording import Recording
from neural_shards.nwb.runs import Runs
from neural_shards.nwb.signals import open_signals
from neural_shards.nwb.spec import ConversionSpec, Events, Labels, Spikes
from neural_shards.nwb.units import open_spikes


class Channel(Protocol):
    """One modality of one recording."""

    @property
    def masked(self) -> bool:
        """Whether a mask goes with its values."""

    @property
    def bin_bytes(self) -> int:
        """Bytes of its values in one bin."""

    def extent(self) -> tuple[float, float] | None:
        """Give its first and last time in seconds, None if it has none of its own."""

    def runs(self, grid: Grid) -> Runs:
        """Give the bins in which it has values."""

    def take(self, grid: Grid, first: int, stop: int) -> npt.NDArray[Any]:
        """Give its values in bins ``first .. stop - 1``, ``(bins, ...)``."""

    def mask(self, grid: Grid, first: int, stop: int) -> npt.NDArray[np.bool_]:
        """Say where these are values, ``(bins,)`` or ``(bins, columns)``."""

    def session(self) -> dict[str, Any]:
        """Say what its columns are, once for the recording."""

    def report(self) -> dict[str, Any]:
        """Say what was found."""


def open_channels(recording: Recording, spec: ConversionSpec) -> dict[str, Channel]:
    """Open all modalities and go through them once."""
    made: dict[str, Channel] = {}
    for name, wanted in spec.modalities.items():
        if isinstance(wanted, Spikes):
            made[name] = open_spikes(recording, wanted, spec.bin_ms)
        elif isinstance(wanted, Labels):
            made[name] = open_labels(recording, wanted)
        elif isinstance(wanted, Events):
            made[name] = open_events(recording, wanted, spec.bin_ms)
        else:
            masked = "gaps" in spec.windows.cross
            made[name] = open_signals(recording, name, wanted, spec.bin_ms, masked=masked)
    return made


__all__ = ["Channel", "LabelChannel", "open_channels"]
