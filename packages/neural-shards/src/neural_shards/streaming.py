"""The same shards through webdataset itself, for those who use its pipelines."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import webdataset
from webdataset.compat import FluidWrapper
from webdataset.tariterators import group_by_keys, tar_file_expander

from neural_shards.formats import decode, modality
from neural_shards.shard_set import ShardSet
from neuroai_core.errors import strict_arguments

#: The most that a compressed member may unpack to here, where no index says its size.
LARGEST = 1 << 32


@strict_arguments
def as_webdataset(
    shard_dir: str | os.PathLike[str],
    *,
    shuffle: int = 0,
    seed: int = 0,
    resampled: bool = False,
) -> Any:
    """Give a webdataset pipeline over a set, decoded, with modalities as keys.

    For pipelines that are built of webdataset's stages; for everything else
    the loaders of this package are faster, and go on exactly.

    Parameters
    ----------
    shard_dir
        Folder of the shards, or the URL of one: shards are fetched when it is their turn.
    shuffle
        Size of webdataset's shuffle buffer; 0 does not shuffle.
    seed
        Of webdataset's shuffles.
    resampled
        Draw shards with replacement, without end.

    Returns
    -------
    A pipeline of webdataset's of samples: ``__key__``, and by modality what
    `WebDatasetLoader` gives.

    Examples
    --------
    >>> import numpy as np
    >>> from neural_shards import create_shards_from_arrays
    >>> _ = create_shards_from_arrays("shards", {"x": np.arange(5)})
    >>> [int(sample["x"]) for sample in as_webdataset("shards")]
    [0, 1, 2, 3, 4]
    """
    shards = ShardSet(shard_dir)
    urls = [str(shards.path.resolve() / shard.name) for shard in shards.shards]
    resample = webdataset.ResampledShards
    pipeline = FluidWrapper(
        resample(urls, seed=seed) if resampled else webdataset.SimpleShardList(urls)
    )
    pipeline.append(webdataset.split_by_node)
    pipeline.append(webdataset.split_by_worker)
    if shuffle and not resampled:
        pipeline = pipeline.shuffle(len(urls), seed=seed)
    pipeline.append(partial(_members, shards))
    pipeline.append(group_by_keys)
    if shuffle:
        pipeline = pipeline.shuffle(shuffle, seed=seed)
    return pipeline.map(decode_sample)


def _members(shards: ShardSet, sources: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give the members of shards; webdataset's own opener leaves the files open."""
    known = {shard.name: shard for shard in shards.shards}
    for source in sources:
        with open(shards.file(known[Path(source["url"]).name]), "rb") as stream:
            yield from tar_file_expander([{**source, "stream": stream}])


def decode_sample(sample: dict[str, Any]) -> dict[str, Any]:
    """Decode a sample of webdataset: names become modalities, bytes what they hold."""
    decoded = dict[str, Any]()
    for suffix, content in sample.items():
        if suffix.startswith("__"):
            decoded[suffix] = content
        else:
            where = {"path": sample.get("__url__"), "key": f"{sample.get('__key__')}.{suffix}"}
            decoded[modality(suffix)] = decode(suffix, content, where, largest=LARGEST)
    return decoded
