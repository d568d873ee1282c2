"""Neural recordings as WebDataset shards, and loaders that resume exactly."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from neural_shards.__about__ import __version__
from neural_shards.arrays import create_shards_from_arrays
from neural_shards.checkpoint import ResumableWebDatasetLoader
from neural_shards.collate import collate_webdataset
from neural_shards.info import ShardedDatasetInfo
from neural_shards.loader import WebDatasetLoader
from neural_shards.mixture import Mixture
from neural_shards.parallel import write_shards
from neural_shards.rewrite import index_shards, merge
from neural_shards.samples import Subset
from neural_shards.shard_set import ShardSet
from neural_shards.spike_trains import bin_spikes, flatten_spike_trains
from neural_shards.splits import select, split_by_session, split_by_time
from neural_shards.stack import Policy
from neural_shards.verify import verify
from neural_shards.writer import WebDatasetWriter
from neuroai_core.extras import require

if TYPE_CHECKING:
    from neural_shards.dataloader import create_webdataset_dataloader
    from neural_shards.streaming import as_webdataset

__all__ = [
    "Mixture",
    "NWBToWebDatasetConverter",
    "Policy",
    "ResumableWebDatasetLoader",
    "ShardSet",
    "ShardedDatasetInfo",
    "Subset",
    "WebDatasetLoader",
    "WebDatasetWriter",
    "__version__",
    "as_webdataset",
    "bin_spikes",
    "collate_webdataset",
    "create_shards_from_arrays",
    "create_webdataset_dataloader",
    "flatten_spike_trains",
    "index_shards",
    "merge",
    "select",
    "split_by_session",
    "split_by_time",
    "verify",
    "write_shards",
]

#: What is heavy or needs an extra comes when it is asked for: module, what it needs, the extra.
_LATER = {
    "as_webdataset": ("neural_shards.streaming", "webdataset", ""),
    "NWBToWebDatasetConverter": ("neural_shards.nwb", "pynwb", "nwb"),
    "create_webdataset_dataloader": ("neural_shards.dataloader", "torch", "torch"),
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, needed, extra = _LATER[name]
    require(needed, package="neural-shards", extra=extra)
    return getattr(importlib.import_module(module), name)
