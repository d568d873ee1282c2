"""A data loader over a cycler: worker processes prepare, and what was delivered is counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from retina_data.stepping import Cycler, SessionBatch


class _Prepared(IterableDataset[SessionBatch]):
    """The steps of a cycler as workers prepare them; who asked for them counts."""

    def __init__(self, cycler: Cycler) -> None:
        self.cycler = cycler

    def __iter__(self) -> Iterator[SessionBatch]:
        worker = get_worker_info()
        if worker is None:
            return self.cycler.as_worker(0, 1)
        return self.cycler.as_worker(worker.id, worker.num_workers)


class CyclerLoader(DataLoader[SessionBatch]):
    """A data loader over a cycler whose state is what the user got, not what workers prepared.

    Parameters
    ----------
    cycler
        The cycler.
    num_workers
        Processes that gather batches.
    **kwargs
        For `torch.utils.data.DataLoader`: ``pin_memory``, ``prefetch_factor``,
        ``multiprocessing_context``, ``persistent_workers``.
    """

    def __init__(self, cycler: Cycler, *, num_workers: int = 0, **kwargs: Any) -> None:
        super().__init__(_Prepared(cycler), batch_size=None, num_workers=num_workers, **kwargs)
        self.cycler = cycler

    def __len__(self) -> int:
        return len(self.cycler)

    def __iter__(self) -> Iterator[SessionBatch]:  # type: ignore[override]
        cycler = self.cycler
        epoch, stripes = cycler.begin()
        # Worker processes cannot ask torch.distributed: what they are started with tells them.
        given, cycler.given_ranks = cycler.given_ranks, (stripes.rank, stripes.world_size)
        iterator = super().__iter__()
        cycler.given_ranks = given
        for step, pair in enumerate(iterator, start=1):
            cycler.advance(epoch, stripes, step)
            yield pair

    def state_dict(self) -> dict[str, Any]:
        """Give how far the run has come, as `Cycler.state_dict` does."""
        return self.cycler.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken."""
        self.cycler.load_state_dict(state)
