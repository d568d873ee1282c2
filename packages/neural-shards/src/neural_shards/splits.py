"""Splits of a set that do not leak: by session, or by time with a margin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from neural_shards.names import METADATA
from neural_shards.samples import Samples, Subset
from neuroai_core.errors import DataError, InputError
from neuroai_core.rng import generator


def metadata_of(samples: Samples) -> Iterator[Mapping[str, Any]]:
    """Give the metadata of every sample, in order; reads nothing else."""
    for index in range(len(samples)):
        yield samples.sample(index, (METADATA,)).get(METADATA, {})


def select(samples: Samples, **wanted: Any) -> Subset:
    """Choose the samples whose metadata has certain values.

    Parameters
    ----------
    samples
        What to choose from.
    **wanted
        By key of the metadata: the value, or a list, tuple or set of values that are good.

    Raises
    ------
    DataError
        If no sample has such a key: it may be misspelt.

    Examples
    --------
    >>> from neural_shards import ShardSet, create_shards_from_arrays
    >>> about = [{"session": "a"}, {"session": "b"}, {"session": "b"}]
    >>> _ = create_shards_from_arrays("days", {"x": np.arange(3)}, sample_metadata=about)
    >>> len(select(ShardSet("days"), session="b"))
    2
    """
    choices = {k: v if isinstance(v, list | tuple | set) else [v] for k, v in wanted.items()}
    indices, keys = list[int](), set[str]()
    for index, metadata in enumerate(metadata_of(samples)):
        keys |= metadata.keys()
        if all(key in metadata and metadata[key] in good for key, good in choices.items()):
            indices.append(index)
    for key in choices.keys() - keys:
        raise DataError("no sample has this in its metadata", key=key, expected=sorted(keys))
    return Subset(samples, np.array(indices, dtype=np.int64))


def split_by_session(
    samples: Samples, fractions: Mapping[str, float], *, session: str = "source", seed: int = 0
) -> dict[str, Subset]:
    """Divide a set so that each session is in one part only.

    Parameters
    ----------
    samples
        What to divide.
    fractions
        By name of a part, its fraction of the samples; they add up to 1. The
        sessions, shuffled, go one by one to the part that lacks most.
    session
        The key of the metadata that names the session.
    seed
        Of the shuffle.

    Raises
    ------
    InputError
        If there are fewer sessions than parts.

    Examples
    --------
    >>> from neural_shards import ShardSet, create_shards_from_arrays
    >>> about = [{"source": f"day{i // 10}.nwb"} for i in range(100)]
    >>> _ = create_shards_from_arrays("shards", {"x": np.arange(100)}, sample_metadata=about)
    >>> parts = split_by_session(ShardSet("shards"), {"train": 0.8, "test": 0.2})
    >>> {name: len(part) for name, part in parts.items()}
    {'train': 80, 'test': 20}
    """
    _check(fractions)
    members: dict[Any, list[int]] = {}
    for index, metadata in enumerate(metadata_of(samples)):
        members.setdefault(_value(metadata, session, index), []).append(index)
    if len(members) < len(fractions):
        raise InputError(
            "there are fewer sessions than parts",
            key="fractions",
            expected=f"{len(members)} parts at most",
            found=len(fractions),
            hint="split_by_time divides each session",
        )
    names = sorted(members, key=str)
    order = [names[i] for i in generator(seed, "split").permutation(len(names))]
    chosen: dict[str, list[int]] = {name: [] for name in fractions}
    for position, name in enumerate(order):
        empty = [part for part in chosen if not chosen[part]]
        # The last sessions go to parts that would be left with nothing.
        open_to = empty if len(order) - position <= len(empty) else list(chosen)
        part = max(open_to, key=lambda p: fractions[p] * len(samples) - len(chosen[p]))
        chosen[part] += members[name]
    return {name: Subset(samples, np.array(found)) for name, found in chosen.items()}


def split_by_time(
    samples: Samples,
    fractions: Mapping[str, float],
    *,
    window_s: float,
    margin_s: float = 0.0,
    time: str = "t_start",
    session: str = "source",
) -> dict[str, Subset]:
    """Divide each session in time, leaving out what lies across a border.

    Windows that overlap share data, so a sample is only in a part if its whole
    window is, and `margin_s` away from the next part.

    Parameters
    ----------
    samples
        What to divide.
    fractions
        By name of a part, in order of time, its fraction of each session's duration.
    window_s
        Duration of a sample in seconds.
    margin_s
        Seconds left out between two parts.
    time, session
        The keys of the metadata with a sample's first time in seconds, and its session.

    Examples
    --------
    >>> from neural_shards import ShardSet, create_shards_from_arrays
    >>> about = [{"source": "a.nwb", "t_start": i * 0.5} for i in range(100)]
    >>> _ = create_shards_from_arrays("long", {"x": np.arange(100)}, sample_metadata=about)
    >>> parts = split_by_time(ShardSet("long"), {"train": 0.8, "test": 0.2}, window_s=1.0)
    >>> {name: (part.indices[0], part.indices[-1]) for name, part in parts.items()} == {
    ...     "train": (0, 78), "test": (81, 99)}
    True
    """
    _check(fractions)
    times: dict[Any, list[tuple[float, int]]] = {}
    for index, metadata in enumerate(metadata_of(samples)):
        start = float(_value(metadata, time, index))
        times.setdefault(_value(metadata, session, index), []).append((start, index))
    edges = np.concatenate([[0.0], np.cumsum(list(fractions.values()))])
    chosen: dict[str, list[int]] = {name: [] for name in fractions}
    for found in times.values():
        starts = np.array([start for start, _ in found])
        first, last = starts.min(), starts.max() + window_s
        borders = first + edges * (last - first)
        borders[0], borders[-1] = -np.inf, np.inf
        for part, low, high in zip(chosen, borders, borders[1:], strict=False):
            inside = (starts >= low) & (starts + window_s <= high - margin_s)
            chosen[part] += [found[i][1] for i in np.flatnonzero(inside)]
    return {name: Subset(samples, np.array(i, dtype=int)) for name, i in chosen.items()}


def _check(fractions: Mapping[str, float]) -> None:
    values = np.array(list(fractions.values()), dtype=float)
    if not len(values) or not (values > 0).all() or abs(values.sum() - 1) > 1e-9:
        raise InputError(
            "the fractions do not divide a set",
            key="fractions",
            expected="positive numbers that add up to 1",
            found=dict(fractions),
        )


def _value(metadata: Mapping[str, Any], key: str, index: int) -> Any:
    if key not in metadata:
        raise DataError(
            "a sample's metadata lacks a key", key=key, index=index, found=sorted(metadata)
        )
    return metadata[key]
