"""Many sessions as one stream of ``(session_key, batch)``.

In neuralpredictors, whose cyclers openretina adapted, "short" means to stop
with the shortest loader. Here, as in openretina, `ShortCycler` goes through
every batch of every session once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neuroai_core.errors import strict_arguments
from neuroai_core.order import EpochOrder
from neuroai_core.stripes import Tail
from retina_data.stepping import Cycler


class LongCycler(Cycler):
    """Sessions in turn, a batch each, until the longest is through; short ones start again.

    Parameters
    ----------
    loaders
        Loaders by session; any that has a length.
    shuffle
        Whether each epoch takes the sessions in another order. The order
        inside a session is its loader's.
    seed
        With the epoch it decides the order.
    rank, world_size
        This process and how many there are; by default as
        `torch.distributed` says. All ranks make the same number of steps.
    tail
        What is done with steps that do not fill all ranks: ``"pad"`` repeats
        the first ones, ``"drop"`` leaves them out.

    Raises
    ------
    InputError
        If a loader is empty.

    Examples
    --------
    >>> from torch.utils.data import DataLoader
    >>> loaders = {"a": DataLoader(range(3)), "b": DataLoader(range(10, 11))}
    >>> [(key, int(batch[0])) for key, batch in LongCycler(loaders, shuffle=False)]
    [('a', 0), ('b', 10), ('a', 1), ('b', 10), ('a', 2), ('b', 10)]
    """

    @strict_arguments
    def __init__(
        self,
        loaders: Mapping[str, Any],
        shuffle: bool = True,
        *,
        seed: int = 0,
        rank: int | None = None,
        world_size: int | None = None,
        tail: Tail = "pad",
    ) -> None:
        super().__init__(loaders, seed=seed, rank=rank, world_size=world_size, tail=tail)
        self.shuffle = shuffle
        self._order = EpochOrder(len(self.keys), seed=seed, shuffle=shuffle)
        self._latest: tuple[int, list[int]] | None = None

    @property
    def steps(self) -> int:
        """Steps of an epoch, of all ranks together."""
        return int(len(self.keys) * self.lengths.max())

    def step(self, epoch: int, step: int) -> tuple[str, int, int]:
        """Say which batch a step is: the session, the pass through it, the batch in that."""
        turn, place = divmod(step, len(self.keys))
        if self._latest is None or self._latest[0] != epoch:
            self._latest = epoch, self._order.indices(epoch, range(len(self.keys))).tolist()
        session = self._latest[1][place]
        length = int(self.lengths[session])
        passes = -(-int(self.lengths.max()) // length)
        return self.keys[session], epoch * passes + turn // length, turn % length


class ShortCycler(Cycler):
    """Every batch of every session once, session after session.

    Parameters
    ----------
    loaders
        Loaders by session; any that has a length.
    seed, rank, world_size, tail
        As in `LongCycler`.

    Examples
    --------
    >>> from torch.utils.data import DataLoader
    >>> loaders = {"a": DataLoader(range(2)), "b": DataLoader(range(10, 11))}
    >>> [(key, int(batch[0])) for key, batch in ShortCycler(loaders)]
    [('a', 0), ('a', 1), ('b', 10)]
    """

    @strict_arguments
    def __init__(
        self,
        loaders: Mapping[str, Any],
        *,
        seed: int = 0,
        rank: int | None = None,
        world_size: int | None = None,
        tail: Tail = "pad",
    ) -> None:
        super().__init__(loaders, seed=seed, rank=rank, world_size=world_size, tail=tail)
        self._ends = np.cumsum(self.lengths)

    @property
    def steps(self) -> int:
        """Steps of an epoch, of all ranks together."""
        return int(self._ends[-1])

    def step(self, epoch: int, step: int) -> tuple[str, int, int]:
        """Say which batch a step is: the session, the pass through it, the batch in that."""
        session = int(np.searchsorted(self._ends, step, side="right"))
        return self.keys[session], epoch, int(step - (self._ends - self.lengths)[session])
