"""The order of an epoch: a pure function of (seed, epoch, position)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import InputError, whole_number
from neuroai_core.permutation import LARGEST, Permutation, checked_positions
from neuroai_core.rng import Key, digest


class EpochOrder:
    """Which sample stands at which position of an epoch.

    There is no buffer and no state: any position of any epoch can be asked
    for at any time, so a run resumes by going on at the next position.

    Parameters
    ----------
    n
        Number of samples.
    seed
        The seed of all epochs.
    shuffle
        False gives the samples in their own order in every epoch.
    blocks
        For locality: samples that lie together (a shard, a page). One size for
        all blocks (the last may be shorter), or the size of each. Blocks are
        permuted whole. None: there are no blocks, every order is possible.
    window
        How many consecutive positions are mixed after the blocks were
        permuted (what a shuffle buffer of that size mixes). The default mixes
        inside single blocks for one block size, and not at all for a list of
        sizes; 1 never mixes. Needs `blocks`.

    Examples
    --------
    >>> order = EpochOrder(10, seed=1)
    >>> whole = order.indices(epoch=0, positions=range(10))
    >>> sorted(int(i) for i in whole) == list(range(10))
    True
    >>> bool((order.indices(0, [7, 8]) == whole[7:9]).all())
    True
    >>> order = EpochOrder(10**10, seed=1, blocks=1000)  # costs nothing to open
    >>> len({int(i) // 1000 for i in order.indices(0, range(5000))})
    5
    """

    def __init__(
        self,
        n: int,
        *,
        seed: int,
        shuffle: bool = True,
        blocks: int | Sequence[int] | npt.NDArray[np.integer] | None = None,
        window: int | None = None,
    ) -> None:
        if window is not None and blocks is None:
            raise InputError("window needs blocks", key="window", found=window)
        self.n = whole_number("n", n, least=0, most=LARGEST)
        self.seed = seed
        digest(seed)  # an error about its type comes here, not in a worker
        self.shuffle = shuffle
        self._size: int | None = None
        self._sizes: npt.NDArray[np.int64] | None = None
        if blocks is not None and np.ndim(blocks) == 0:
            self._size = whole_number("blocks", blocks, least=1)
        elif blocks is not None:
            self._sizes = _block_sizes(blocks, self.n)
            self._starts = np.cumsum(self._sizes) - self._sizes
        self._window = self._size or 1
        if window is not None:
            self._window = whole_number("window", window, least=1)
        self._latest: tuple[int, npt.NDArray[np.int64]] | None = None

    def __len__(self) -> int:
        return self.n

    def indices(self, epoch: int, positions: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Give the samples at some positions of an epoch.

        Parameters
        ----------
        epoch
            0 or more; each has its own order.
        positions
            Integers from 0 to ``n - 1``, of any shape.

        Returns
        -------
        int64 array of the same shape.
        """
        epoch = whole_number("epoch", epoch, least=0)
        at = checked_positions(positions, self.n)
        if not self.shuffle or at.size == 0:
            return at
        if self._size is None and self._sizes is None:
            return _permutation(self.n, self.seed, epoch, "order")(at)
        return self._unblock(epoch, self._mix(epoch, at.reshape(-1))).reshape(at.shape)

    def _mix(self, epoch: int, at: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        if self._window == 1:
            return at
        windows = at // self._window
        together = np.argsort(windows, kind="stable")
        borders = np.flatnonzero(np.diff(windows[together])) + 1
        mixed = np.empty_like(at)
        for inside in np.split(together, borders):
            w = int(windows[inside[0]])
            start = w * self._window
            size = min(self._window, self.n - start)
            permutation = _permutation(size, self.seed, epoch, "window", w)
            mixed[inside] = start + permutation(at[inside] - start)
        return mixed

    def _unblock(self, epoch: int, at: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Find the sample at each position of the permuted, concatenated blocks."""
        if self._sizes is not None:
            return self._unblock_listed(epoch, self._sizes, at)
        size = self._size or 1
        count, last = -(-self.n // size), self.n % size
        permutation = _permutation(count, self.seed, epoch, "order")
        if last:
            # The short block moves all that stands behind it forward.
            cut = int(permutation.inverse([count - 1])[0])
            at = np.where(at >= cut * size + last, at + (size - last), at)
        return permutation(at // size) * size + at % size

    def _unblock_listed(
        self, epoch: int, sizes: npt.NDArray[np.int64], at: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        permutation = _permutation(len(sizes), self.seed, epoch, "order")
        latest = self._latest  # read once: another thread may be at another epoch
        if latest is None or latest[0] != epoch:
            latest = epoch, np.cumsum(sizes[permutation(np.arange(len(sizes)))])
            self._latest = latest
        ends = latest[1]
        place = np.searchsorted(ends, at, side="right")
        block = permutation(place)
        inside = at - (ends[place] - sizes[block])
        return np.asarray(self._starts[block] + inside, dtype=np.int64)


@lru_cache(maxsize=64)
def _permutation(n: int, seed: int, epoch: int, *keys: Key) -> Permutation:
    """Keep the permutations in use; each is a pure function of its arguments."""
    return Permutation(n, seed, epoch, *keys)


def _block_sizes(blocks: npt.ArrayLike, n: int) -> npt.NDArray[np.int64]:
    sizes = np.asarray(blocks)
    if sizes.shape == (0,):
        sizes = sizes.astype(np.int64)  # an empty list has no type of its own
    if sizes.ndim != 1 or sizes.dtype.kind not in "iu" or (sizes < 0).any() or sizes.sum() != n:
        total = f" that add up to {sizes.sum()}" if sizes.dtype.kind in "iuf" else ""
        raise InputError(
            "the block sizes do not fit the samples",
            key="blocks",
            expected=f"a list of whole numbers of 0 or more that add up to {n}",
            found=f"{sizes.dtype} of shape {sizes.shape}{total}",
        )
    return sizes.astype(np.int64)
