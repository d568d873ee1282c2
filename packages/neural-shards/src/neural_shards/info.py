"""What a set of shards holds, at a glance."""

from __future__ import annotations

import os
from typing import Any

from rich.console import Console

from neural_shards.shard_set import ShardSet


class ShardedDatasetInfo:
    """Look at a folder of shards without reading its samples.

    Parameters
    ----------
    shard_dir
        The folder.

    Examples
    --------
    >>> import numpy as np
    >>> from neural_shards import create_shards_from_arrays
    >>> _ = create_shards_from_arrays("shards", {"spikes": np.zeros((4, 3))}, shard_size=2)
    >>> info = ShardedDatasetInfo("shards")
    >>> info.get_summary()["total_samples"], info.get_summary()["modalities"]
    (4, ['spikes'])
    """

    def __init__(self, shard_dir: str | os.PathLike[str]) -> None:
        self.shards = ShardSet(shard_dir)

    def get_summary(self) -> dict[str, Any]:
        """Give what the manifest says, as a dict.

        It has ``total_samples``, ``total_shards``, ``shard_size``,
        ``compression``, ``modalities`` (their names), ``total_bytes``,
        ``layout`` (kind, type and shape by modality), ``metadata`` of the
        whole set and its ``fingerprint``.
        """
        shards, manifest = self.shards, self.shards.manifest
        return {
            "total_samples": len(shards),
            "total_shards": len(shards.shards),
            "shard_size": manifest.shard_size if manifest else int(shards.blocks.max(initial=0)),
            "compression": manifest.compression if manifest else "unknown",
            "modalities": list(shards.modalities),
            "total_bytes": sum(shard.bytes for shard in shards.shards),
            "layout": shards.modalities,
            "metadata": dict(manifest.metadata) if manifest else {},
            "fingerprint": shards.fingerprint,
        }

    def print_summary(self) -> None:
        """Print it, a line each."""
        summary = self.get_summary()
        out = Console(soft_wrap=True, highlight=False, markup=False)
        out.print(f"Directory: {self.shards.path}")
        out.print(f"Total samples: {summary['total_samples']}")
        out.print(f"Total shards: {summary['total_shards']}")
        out.print(f"Shard size: {summary['shard_size']}")
        out.print(f"Compression: {summary['compression']}")
        out.print(f"Size: {summary['total_bytes'] / 1e6:.1f} MB")
        for name, entry in summary["layout"].items():
            out.print(f"Modality: {name}: {_describe(entry)}")


def _describe(entry: dict[str, Any]) -> str:
    what = str(entry.get("kind"))
    if entry.get("shape") is not None:
        sizes = ", ".join("?" if n is None else str(n) for n in entry["shape"])
        what = f"{entry['dtype']} ({sizes})"
    return what + (", not in every sample" if entry.get("optional") else "")
