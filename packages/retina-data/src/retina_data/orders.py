"""Where the chunks of a session start in an epoch, and which make a batch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from torch.utils.data import Sampler

from neuroai_core import rng
from neuroai_core.errors import InputError, whole_number
from neuroai_core.order import EpochOrder

Starts = npt.NDArray[np.int64]


class ChunkOrder:
    """Where the chunks of an epoch begin, and in which order they come.

    Each stretch of `n` frames gives ``n // chunk_size`` chunks. The possible
    starts in it are divided evenly among them, and every epoch each chunk
    begins somewhere in its share, so every frame a chunk could show comes up,
    and the number of chunks stays.

    Parameters
    ----------
    stretches
        ``(stretches, 2)``: first frame and the one after the last.
    chunk_size
        Frames of a chunk.
    seed
        With `name` and the epoch it decides everything.
    name
        The session's name.
    shuffle
        False gives the chunks end to end from each stretch's first frame, in
        their order, in every epoch.
    """

    def __init__(
        self,
        stretches: npt.NDArray[np.int64],
        *,
        chunk_size: int,
        seed: int = 0,
        name: str = "",
        shuffle: bool = True,
    ) -> None:
        lengths = stretches[:, 1] - stretches[:, 0]
        counts = lengths // chunk_size
        chunk = np.repeat(np.arange(len(stretches)), counts)
        place = np.arange(len(chunk)) - np.repeat(np.cumsum(counts) - counts, counts)
        possible, count = (lengths - chunk_size + 1)[chunk], counts[chunk]
        first = stretches[chunk, 0]
        self.chunk_size = chunk_size
        self.seed = seed
        self.name = name
        self.shuffle = shuffle
        self.plain = first + place * chunk_size
        self._low = first + place * possible // np.maximum(count, 1)
        self._width = first + (place + 1) * possible // np.maximum(count, 1) - self._low
        key = int.from_bytes(rng.digest(seed, name, size=7), "little")
        self._order = EpochOrder(len(chunk), seed=key, shuffle=shuffle)

    def __len__(self) -> int:
        return len(self.plain)

    def starts(self, epoch: int) -> Starts:
        """Give the first frame of each chunk of an epoch, in the order they come."""
        if not self.shuffle or not len(self):
            return np.asarray(self.plain, dtype=np.int64)
        order = self._order.indices(epoch, np.arange(len(self)))
        draws = rng.generator(self.seed, self.name, epoch, "offset").random(len(self))
        starts = self._low + (draws * self._width).astype(np.int64)
        return np.asarray(starts[order], dtype=np.int64)


class BatchOrder(Sampler[Starts]):
    """The batches of an epoch, each an array of the first frames of its chunks.

    Going through it once moves on to the next epoch, so a plain loop over
    epochs sees new offsets and a new order each time.

    Parameters
    ----------
    order
        The chunks.
    batch_size
        Chunks in a batch.
    drop_last
        Whether a last batch that is not full is left out.
    """

    def __init__(self, order: ChunkOrder, batch_size: int, *, drop_last: bool) -> None:
        self.order = order
        self.size = whole_number("batch_size", batch_size, least=1)
        self.drop_last = drop_last
        self.epoch = 0
        self._latest: tuple[int, Starts] | None = None

    def __len__(self) -> int:
        full, rest = divmod(len(self.order), self.size)
        return full + bool(rest and not self.drop_last)

    def __iter__(self) -> Iterator[Starts]:
        epoch, self.epoch = self.epoch, self.epoch + 1
        for step in range(len(self)):
            yield self.batch(epoch, step)

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes next."""
        self.epoch = epoch

    def batch(self, epoch: int, step: int) -> Starts:
        """Give one batch of any epoch."""
        if not 0 <= step < len(self):
            raise InputError("a batch is not there", expected=f"0 to {len(self) - 1}", found=step)
        if self._latest is None or self._latest[0] != epoch:
            self._latest = epoch, self.order.starts(epoch)
        return self._latest[1][step * self.size : (step + 1) * self.size]
