"""Several sets read as one, in stated proportions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.manifest import combine
from neural_shards.samples import Ints, Order, Samples, order_of
from neural_shards.shard import OpenShard
from neuroai_core.errors import InputError
from neuroai_core.rng import digest, generator

#: The proportions hold exactly over so many consecutive samples.
STRETCH = 1024


class Mixture:
    """Several sets as one, drawn from in proportion to their weights.

    Every 1024 consecutive samples hold each set's share, rounded, evenly
    spread with some chance in it. A set that runs out goes on with its next
    epoch, in a new order, so nothing of it comes a second time before all of
    it came once.

    Parameters
    ----------
    sets
        What is mixed.
    weights
        Of each, positive; None weighs by size.
    length
        Samples in an epoch of the mixture; None takes the sum of the sizes.

    Examples
    --------
    >>> from neural_shards import ShardSet, WebDatasetLoader, create_shards_from_arrays
    >>> _ = create_shards_from_arrays("small", {"x": np.zeros(10)})
    >>> _ = create_shards_from_arrays("large", {"x": np.ones(90)})
    >>> mixture = Mixture([ShardSet("small"), ShardSet("large")], weights=[1, 1])
    >>> sum(int(sample["x"]) for sample in WebDatasetLoader(mixture))
    50
    """

    def __init__(
        self,
        sets: Sequence[Samples],
        weights: Sequence[float] | None = None,
        *,
        length: int | None = None,
    ) -> None:
        sizes = np.array([len(samples) for samples in sets], dtype=np.int64)
        share = np.array(sizes if weights is None else weights, dtype=float)
        if not len(sets) or len(share) != len(sets) or not (np.isfinite(share) & (share > 0)).all():
            raise InputError(
                "these cannot be mixed",
                key="weights",
                expected="a positive weight for each of one set or more",
                found=f"{len(sets)} sets, weights {share.tolist()}",
            )
        if not sizes.all():
            raise InputError("a set to be mixed is empty", key="sets", index=int(sizes.argmin()))
        self.sets = list(sets)
        self.quotas = _quotas(share / share.sum())
        self.length = int(sizes.sum()) if length is None else length
        self.blocks: Ints = np.concatenate([samples.blocks for samples in sets])
        self._sizes = sizes
        self._first = np.cumsum(sizes) - sizes
        prints = [part for s in sets for part in (s.fingerprint, len(s))]
        self.fingerprint = digest(*prints, self.quotas.tobytes(), self.length, size=8).hex()

    def __len__(self) -> int:
        return self.length

    @property
    def modalities(self) -> Mapping[str, Mapping[str, Any]]:
        """What the modalities of the sets have in common."""
        found: Mapping[str, Mapping[str, Any]] | None = None
        for samples in self.sets:
            found = combine(found, samples.modalities)
        return found or {}

    def order(self, *, seed: int, shuffle: bool, buffer_size: int) -> Order:
        """Make the order of the epochs of the mixture."""
        orders = [
            order_of(s, seed=seed + number, shuffle=shuffle, buffer_size=buffer_size)
            for number, s in enumerate(self.sets)
        ]
        return _MixedOrder(orders, self._sizes, self._first, self.quotas, self.length, seed)

    def locate(self, indices: npt.ArrayLike) -> tuple[Ints, Ints]:
        """Give the shard, and the row in it, of samples by number: those of all sets in a row."""
        at = np.asarray(indices, dtype=np.int64)
        which = np.searchsorted(self._first, at, side="right") - 1
        number, row = np.empty_like(at), np.empty_like(at)
        for s, samples in enumerate(self.sets):
            mine = which == s
            shard, row[mine] = samples.locate(at[mine] - self._first[s])
            number[mine] = shard * len(self.sets) + s
        return number, row

    def open(self, number: int) -> OpenShard:
        """Open a shard by number."""
        return self.sets[number % len(self.sets)].open(number // len(self.sets))

    def sample(self, index: int, modalities: Sequence[str] | None = None) -> dict[str, Any]:
        """Read one sample."""
        which = int(np.searchsorted(self._first, index, side="right")) - 1
        return self.sets[which].sample(index - int(self._first[which]), modalities)


class _MixedOrder:
    """The order of a mixture: whose turn it is at each position, and how often it was before."""

    def __init__(
        self, orders: Sequence[Order], sizes: Ints, first: Ints, quotas: Ints, n: int, seed: int
    ) -> None:
        self._orders = orders
        self._sizes = sizes
        self._first = first
        self._quotas = quotas
        self._n = n
        self._seed = seed

    def indices(self, epoch: int, positions: npt.ArrayLike) -> Ints:
        at = epoch * self._n + np.asarray(positions, dtype=np.int64)
        which, turn = np.empty_like(at), np.empty_like(at)
        for stretch in np.unique(at // STRETCH):
            mine = at // STRETCH == stretch
            whose, before = self._deal(int(stretch))
            which[mine] = whose[at[mine] % STRETCH]
            turn[mine] = before[at[mine] % STRETCH] + stretch * self._quotas[which[mine]]
        found = np.empty_like(at)
        for s, order in enumerate(self._orders):
            mine = which == s
            epochs, places = np.divmod(turn, self._sizes[s])
            for e in np.unique(epochs[mine]):
                here = mine & (epochs == e)
                found[here] = self._first[s] + order.indices(int(e), places[here])
        return found

    def _deal(self, stretch: int) -> tuple[Ints, Ints]:
        """Say whose each position of a stretch is, and how many of its own came before."""
        # The k-th turn of a set falls into the k-th of equal spans of the stretch,
        # so every part of it has its share, too.
        draw = generator(self._seed, "mixture", stretch)
        spans = [(np.arange(quota) + draw.random(quota)) / quota for quota in self._quotas]
        owners = np.repeat(np.arange(len(self._quotas)), self._quotas)
        whose = owners[np.argsort(np.concatenate(spans), kind="stable")]
        before = np.empty(STRETCH, dtype=np.int64)
        for s, quota in enumerate(self._quotas):
            before[whose == s] = np.arange(quota)
        return whose, before


def _quotas(share: npt.NDArray[np.float64]) -> Ints:
    """Divide a stretch by largest remainders; every set gets one at least."""
    quotas = np.maximum(np.floor(share * STRETCH).astype(np.int64), 1)
    by_remainder = np.argsort(quotas - share * STRETCH, kind="stable")
    left = STRETCH - int(quotas.sum())
    for s in by_remainder[: max(left, 0)]:
        quotas[s] += 1
    quotas[quotas.argmax()] += min(left, 0)
    return quotas
