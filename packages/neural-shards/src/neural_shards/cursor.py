"""Where in which epoch a run is, as a state that another run goes on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from neuroai_core.errors import DataError, InputError
from neuroai_core.stripes import Progress


@dataclass
class Cursor:
    """A position in the epochs of a data set.

    Parameters
    ----------
    fingerprint, n
        Of the data set: what identifies it, its samples.
    seed, shuffle, buffer_size
        What the order of an epoch is a function of.
    epoch, delivered
        The epoch under way, and its positions that were delivered.
    loaded
        A state was loaded: the next iteration goes on instead of beginning.
    """

    fingerprint: str
    n: int
    seed: int
    shuffle: bool
    buffer_size: int
    epoch: int = 0
    delivered: int = 0
    loaded: bool = False

    def begin(self) -> Cursor:
        """Give the cursor of a new iteration.

        It goes on from a state that was loaded. Otherwise an epoch of which
        something was delivered is over, finished or not.
        """
        if self.loaded or self.delivered == 0:
            return replace(self, loaded=False)
        return replace(self, epoch=self.epoch + 1, delivered=0)

    def end_epoch(self) -> None:
        """Stand at the beginning of the next epoch."""
        self.epoch, self.delivered = self.epoch + 1, 0

    def go_to(self, epoch: int, delivered: int) -> None:
        """Make the next iteration go on at a position."""
        if epoch < 0 or not 0 <= delivered <= self.n:
            raise InputError(
                "a state is out of range",
                expected=f"epoch >= 0, 0 to {self.n} samples",
                found=f"epoch {epoch}, {delivered} samples",
            )
        self.epoch, self.delivered, self.loaded = epoch, delivered, True

    def state_dict(self) -> dict[str, Any]:
        """Give the state as plain values, ready for JSON."""
        progress = Progress(self.fingerprint, self.n, self.seed, self.epoch, self.delivered)
        order = {"shuffle": self.shuffle, "buffer_size": self.buffer_size}
        return {"progress": progress.state_dict(), "order": order}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state.

        Raises
        ------
        DataError
            If it is none, or was taken on another data set or in another order.
        """
        if set(state) != {"progress", "order"}:
            raise DataError(
                "this is not a state of a loader",
                expected="what state_dict() gave",
                found=repr(state)[:80],
            )
        progress = Progress.from_state(state["progress"])
        progress.check(fingerprint=self.fingerprint, n=self.n)
        saved = {"seed": progress.seed, **state["order"]}
        here = {"seed": self.seed, "shuffle": self.shuffle, "buffer_size": self.buffer_size}
        if saved != here:
            raise DataError(
                "the state was saved with another order", expected=saved, found=f"{here} here"
            )
        self.go_to(progress.epoch, progress.delivered)
