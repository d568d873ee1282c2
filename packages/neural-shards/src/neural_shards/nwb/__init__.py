"""NWB recordings as training windows."""

from neural_shards.nwb.convert import convert_nwb_files, preview_nwb_files
from neural_shards.nwb.converter import NWBToWebDatasetConverter
from neural_shards.nwb.report import preview_lines, without_windows
from neural_shards.nwb.settings import spec_for
from neural_shards.nwb.spec import ConversionSpec, Events, Labels, Signals, Spikes, Windows
from neural_shards.nwb.specfile import read_spec

__all__ = [
    "ConversionSpec",
    "Events",
    "Labels",
    "NWBToWebDatasetConverter",
    "Signals",
    "Spikes",
    "Windows",
    "convert_nwb_files",
    "preview_lines",
    "preview_nwb_files",
    "read_spec",
    "spec_for",
    "without_windows",
]
