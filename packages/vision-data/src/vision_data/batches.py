"""Which samples make up which batch, over epochs, ranks and interruptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import distributed

from neuroai_core import EpochOrder, Progress, Stripes
from neuroai_core.errors import InputError
from neuroai_core.rng import digest

#: Batches whose samples are looked up together.
TOGETHER = 64


@dataclass(frozen=True)
class EpochPlan:
    """The batches of one rank from one point of an epoch to its end."""

    epoch: int
    order: EpochOrder
    stripes: Stripes
    samples: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return self.stripes.steps

    def __iter__(self) -> Iterator[npt.NDArray[np.int64]]:
        """Give the samples of each batch, int64 of shape ``(batch,)``."""
        for first in range(0, len(self), TOGETHER):
            # Asking for many positions at once costs little more than for one.
            steps = range(first, min(first + TOGETHER, len(self)))
            positions = [self.stripes.positions(step) for step in steps]
            places = self.order.indices(self.epoch, np.concatenate(positions))
            samples = places if self.samples is None else self.samples[places]
            yield from np.split(samples, np.cumsum([len(p) for p in positions])[:-1])


class Batches:
    """The batches of one rank, epoch after epoch, resumable to the sample.

    Parameters
    ----------
    order
        The order of an epoch over ``0 ... len(order) - 1``.
    samples
        What stands at these places; None: the numbers themselves.
    batch_size
        Samples in a batch of one rank.
    drop_last
        Leave out the last samples when they do not fill a batch of every
        rank; otherwise each is dealt exactly once, in smaller batches.
    rank, world_size
        This rank and how many there are; by default what ``torch.distributed``
        says, if it is initialised.
    fingerprint
        What identifies the data set and the kind of order, for resuming; the
        samples are added here.
    """

    def __init__(
        self,
        order: EpochOrder,
        batch_size: int,
        *,
        samples: npt.NDArray[np.int64] | None = None,
        drop_last: bool = False,
        rank: int | None = None,
        world_size: int | None = None,
        fingerprint: str = "",
    ) -> None:
        self.order = order
        self.samples = samples
        self.rank, self.world_size = rank_and_world(rank, world_size)
        self.batch_size = batch_size
        self.drop_last = drop_last
        chosen = b"" if samples is None else samples.tobytes()
        identity = digest(fingerprint, chosen).hex()
        self.progress = Progress(identity, n=len(order), seed=order.seed)
        self._fresh = True
        self._stripes(0)

    def __len__(self) -> int:
        """Batches of a whole epoch."""
        return self._stripes(0).steps

    @property
    def epoch(self) -> int:
        """The epoch that is under way, or comes next."""
        return self.progress.epoch

    def set_epoch(self, epoch: int) -> None:
        """Let the next iteration be this epoch, from its start."""
        self._move(epoch, 0)
        self._fresh = True

    def begin(self) -> EpochPlan:
        """Begin an epoch, or go on in the one whose state was loaded.

        Begun again before its end, an epoch is taken for finished.
        """
        if not self._fresh:
            self._move(self.epoch + 1, 0)
        self._fresh = False
        return EpochPlan(
            self.epoch, self.order, self._stripes(self.progress.delivered), self.samples
        )

    def delivered(self, plan: EpochPlan, steps: int) -> None:
        """Note that so many batches of a plan reached the user."""
        if plan.epoch == self.epoch and not self._fresh:
            self._move(self.epoch, plan.stripes.delivered(steps))

    def finished(self, plan: EpochPlan) -> None:
        """Note that a plan reached its end."""
        if plan.epoch == self.epoch and not self._fresh:
            self.set_epoch(plan.epoch + 1)

    def state_dict(self) -> dict[str, Any]:
        """Give where the iteration stands, as plain values."""
        return self.progress.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Let the next iteration go on where a state was taken, with any number of ranks."""
        progress = Progress.from_state(state)
        progress.check(fingerprint=self.progress.fingerprint, n=self.progress.n)
        if progress.seed != self.order.seed:
            raise InputError(
                "the state is that of another seed",
                key="seed",
                expected=progress.seed,
                found=self.order.seed,
            )
        self.progress, self._fresh = progress, True

    def _move(self, epoch: int, delivered: int) -> None:
        p = self.progress
        self.progress = Progress(p.fingerprint, p.n, p.seed, epoch, delivered)

    def _stripes(self, start: int) -> Stripes:
        return Stripes(
            len(self.order),
            self.batch_size,
            rank=self.rank,
            world_size=self.world_size,
            tail="drop" if self.drop_last else "spread",
            start=start,
        )


def rank_and_world(rank: int | None, world_size: int | None) -> tuple[int, int]:
    """Give rank and world size: as given, else as ``torch.distributed`` says, else 0 of 1."""
    if (rank is None) != (world_size is None):
        raise InputError(
            "rank and world_size go together", found=f"rank={rank}, world_size={world_size}"
        )
    if rank is not None and world_size is not None:
        return rank, world_size
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1
