"""NWB recordings as training windows."""

from neural_shards.nwb.convert import (
    NWBToWebDatasetConverter,
    convert_nwb_files,
    preview_nwb_files,
)
from neural_shards.nwb.spec import ConversionSpec, Labels, Signals, Spikes, Windows
from neural_shards.nwb.specfile import read_spec

__all__ = [
    "ConversionSpec",
    "Labels",
    "NWBToWebDatasetConverter",
    "Signals",
    "Spikes",
    "Windows",
    "convert_nwb_files",
    "preview_nwb_files",
    "read_spec",
]
