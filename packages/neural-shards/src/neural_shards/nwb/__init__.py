"""NWB recordings as training windows."""

from neural_shards.nwb.convert import NWBToWebDatasetConverter, convert_nwb_files

__all__ = ["NWBToWebDatasetConverter", "convert_nwb_files"]
