"""An epoch over many sessions as numbered steps, dealt to ranks and workers and taken up again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.distributed
from torch.utils.data import IterableDataset, get_worker_info

from neuroai_core import rng
from neuroai_core.errors import InputError
from neuroai_core.stripes import Progress, Stripes, Tail
from retina_data.sources import source

if TYPE_CHECKING:
    from retina_data.cycler_loader import CyclerLoader

SessionBatch = tuple[str, Any]
#: Worker processes that one data loader may have over a cycler.
MAX_WORKERS = 256


class Cycler(IterableDataset[SessionBatch]):
    """What both cyclers share: an epoch as numbered steps, each a batch of a session.

    `step` says which batch of which session a step is; the rest follows from
    it: steps are dealt to ranks and workers, counted, and taken up again.

    Loaders whose order is their own (an iterable data set, a sampler of one's
    own, worker processes in the loader) can only be gone through. They are
    cycled in one process or shared by workers, a session each; but which
    batches a part of an epoch held is not known, so a state in the middle of
    one, and several ranks, are errors.
    """

    def __init__(
        self,
        loaders: Mapping[str, Any],
        *,
        seed: int = 0,
        rank: int | None = None,
        world_size: int | None = None,
        tail: Tail = "pad",
    ) -> None:
        if (rank is None) != (world_size is None):
            raise InputError("rank and world_size belong together", found=f"{rank}, {world_size}")
        if not loaders:
            raise InputError("there are no loaders", key="loaders")
        self.loaders = dict(loaders)
        self.keys = sorted(self.loaders)
        self.sources = {key: source(key, self.loaders[key], seed) for key in self.keys}
        self.lengths = np.array([len(self.sources[key]) for key in self.keys])
        empty = [key for key, length in zip(self.keys, self.lengths, strict=True) if length == 0]
        if empty:
            raise InputError(
                "there are loaders without a batch",
                key="loaders",
                found=", ".join(map(repr, empty)),
                hint="the session is shorter than a batch: use a smaller one, or drop_last=False",
            )
        #: Sessions whose loader can only be gone through, in an order of its own.
        self.foreign = [key for key in self.keys if not self.sources[key].direct]
        self.seed = seed
        self.tail: Tail = tail
        #: Rank and number of ranks where they were given; None: as `ranks` says.
        self.given_ranks = None if rank is None or world_size is None else (rank, world_size)
        if world_size is not None:
            self._check_ranks(world_size)
        self._progress = 0, 0
        self._resumed = False
        # What worker processes must see of the main one: who counts epochs, which comes
        # next, from where. Where nobody counts, each counts those it has finished, and says
        # that it has begun.
        self._shared = torch.zeros(4 + MAX_WORKERS, dtype=torch.int64)
        self._shared.share_memory_()  # type: ignore[no-untyped-call]

    @property
    def steps(self) -> int:
        """Steps of an epoch, of all ranks together."""
        raise NotImplementedError

    def step(self, epoch: int, step: int) -> tuple[str, int, int]:
        """Say which batch a step is: the session, the pass through it, the batch in that."""
        raise NotImplementedError

    @property
    def epoch(self) -> int:
        """The epoch that is under way, or comes next."""
        return self._progress[0] + int(self._shared[4:].max())

    @property
    def delivered(self) -> int:
        """Steps of the epoch that all ranks together have had."""
        return self._progress[1]

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes next; otherwise each is the one after the last."""
        self._set(epoch, 0, resumed=False)

    def _set(self, epoch: int, delivered: int, *, resumed: bool, counted: bool = False) -> None:
        self._progress = epoch, delivered
        self._resumed = resumed
        self._shared.zero_()
        self._shared[:3] = torch.tensor([counted, epoch, delivered])

    def begin(self) -> tuple[int, Stripes]:
        """Start an iteration: anew, or where a state that was loaded left off."""
        epoch, delivered = self.epoch, self.delivered
        if delivered and not self._resumed:
            epoch, delivered = epoch + 1, 0  # the last one was broken off
        self._set(epoch, delivered, resumed=False, counted=True)
        return epoch, self._stripes(delivered)

    def advance(self, epoch: int, stripes: Stripes, steps: int) -> None:
        """Note that so many steps were had; a whole epoch is followed by the next."""
        done = steps == stripes.steps
        self._progress = (epoch + 1, 0) if done else (epoch, stripes.delivered(steps))

    def _stripes(self, start: int = 0) -> Stripes:
        rank, world_size = self.given_ranks or ranks()
        self._check_ranks(world_size)
        return Stripes(
            self.steps,
            batch_size=1,
            rank=rank,
            world_size=world_size,
            tail=self.tail,
            start=start,
        )

    def __len__(self) -> int:
        return self._stripes().steps

    def __iter__(self) -> Iterator[SessionBatch]:
        worker = get_worker_info()
        if worker is not None:
            return self.as_worker(worker.id, worker.num_workers)
        return self._in_main()

    def _in_main(self) -> Iterator[SessionBatch]:
        epoch, stripes = self.begin()
        for step in range(stripes.steps):
            pair = self._batch(epoch, stripes, step)
            self.advance(epoch, stripes, step + 1)
            yield pair

    def as_worker(self, worker: int, workers: int) -> Iterator[SessionBatch]:
        """Go through the steps of one of several worker processes."""
        if worker >= MAX_WORKERS:
            raise InputError("there are too many workers", expected=MAX_WORKERS, found=workers)
        counted, epoch, start = self._shared[:3].tolist()
        finished = int(self._shared[4 + worker])
        epoch, stripes = epoch + finished, self._stripes(0 if finished else start)
        if not counted:
            self._shared[3] = 1
        for step in self._steps_of(worker, workers, epoch, stripes):
            yield self._batch(epoch, stripes, step)
        if not counted:
            self._shared[4 + worker] += 1

    def _steps_of(self, worker: int, workers: int, epoch: int, stripes: Stripes) -> Iterator[int]:
        if not self.foreign:
            yield from stripes.worker_steps(worker, workers)
            return
        # A loader that can only be gone through belongs to one worker.
        own = set(self.keys[worker::workers])
        for step in range(stripes.steps):
            if self.step(epoch, int(stripes.positions(step)[0]))[0] in own:
                yield step

    def _batch(self, epoch: int, stripes: Stripes, step: int) -> SessionBatch:
        key, turn, number = self.step(epoch, int(stripes.positions(step)[0]))
        return key, self.sources[key].batch(turn, number)

    @property
    def fingerprint(self) -> str:
        """What the sessions and their lengths hash to."""
        lengths = ",".join(map(str, self.lengths))
        return rng.digest(type(self).__name__, lengths, *self.keys, size=8).hex()

    def state_dict(self) -> dict[str, Any]:
        """Give how far the run has come, ready for JSON; for any number of ranks and workers.

        Raises
        ------
        InputError
            In the middle of an epoch over loaders whose order is their own.
        """
        if self.delivered or (self._shared[3] and not self._shared[0]):
            self._check_owned("no state can be given in the middle of an epoch")
        progress = Progress(
            self.fingerprint, self.steps, seed=self.seed, epoch=self.epoch, delivered=self.delivered
        )
        return progress.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken.

        Raises
        ------
        DataError
            If the sessions or their lengths are not the same.
        InputError
            If the seed is another, or the state is from the middle of an epoch
            and there are loaders whose order is their own.
        """
        progress = Progress.from_state(state)
        progress.check(fingerprint=self.fingerprint, n=self.steps)
        if progress.seed != self.seed:
            raise InputError(
                "the state belongs to another seed", expected=progress.seed, found=self.seed
            )
        if progress.delivered:
            self._check_owned("a state from the middle of an epoch cannot be taken up")
        self._set(progress.epoch, progress.delivered, resumed=True)

    def _check_ranks(self, world_size: int) -> None:
        if world_size > 1:
            self._check_owned("several ranks cannot share an epoch")

    def _check_owned(self, problem: str) -> None:
        """Raise where the order of batches belongs to a loader, not to seed and epoch."""
        if self.foreign:
            raise InputError(
                f"{problem}: the order of some loaders is their own",
                key="loaders",
                expected="loaders of this package, or DataLoader(data, batch_size, shuffle) over "
                "a data set with an index, with no sampler of its own and num_workers=0",
                found=", ".join(map(repr, self.foreign)),
                hint="worker processes are had from cycler.loader(num_workers=...)",
            )

    def loader(self, num_workers: int = 0, **kwargs: Any) -> CyclerLoader:
        """Make a loader with worker processes that knows how far it has come."""
        from retina_data.cycler_loader import CyclerLoader  # it is a loader over this class

        return CyclerLoader(self, num_workers=num_workers, **kwargs)


def ranks() -> tuple[int, int]:
    """Give this process's rank and the number of ranks, as `torch.distributed` says."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    if get_worker_info() is not None and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise InputError(
            "a worker process cannot know its rank",
            hint="give the cycler rank and world_size, or use cycler.loader(num_workers=...)",
        )
    return 0, 1
